#include "media/drift.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <random>

namespace {

using media::Drift;
using media::Position;

// A sender of 20 ms packets whose clock is off, over a network that delays each by up to so much, into a player that
// heeds the correction. Positions are kept as the stream does: what was played, and what arrived, in samples.
struct Line {
  double off = 0;  // parts of one
  double jitter_ms = 0;
  std::uint32_t rate = 8000;

  Drift drift{rate};
  double time = 0;       // seconds, ours
  double played = 0;     // samples of the media timeline
  double sent = 0;       // likewise
  double delay = 0;      // seconds, of the path
  double premature = 0;  // seconds, negative: packets are sent before their audio is complete
  Position duration = 160;
  double worst_ms = 0;  // the largest offset since it was last reset
  std::mt19937 dice{1};

  void run(double seconds) {
    for (const double end = time + seconds; time < end;) {
      const double step = 0.02 / (1 + off);
      time += step;
      played += step * rate * (1 + drift.correction());
      sent += 0.02 * rate;
      const double jitter = jitter_ms > 0 ? std::uniform_real_distribution<>(0, jitter_ms / 1000)(dice) : 0;
      const double arrival = played + (jitter + delay) * rate * (1 + drift.correction());
      drift.observe(std::llround(arrival - sent + premature * rate), std::llround(time * rate), duration);
      worst_ms = std::max(worst_ms, std::abs(offset_ms()));
    }
  }
  double offset_ms() const { return 1000 * (sent - played) / rate; }
};

TEST(Drift, LeavesAGoodClockAlone) {
  for (const double ppm : {0.0, 1.0}) {
    for (const double jitter : {0.0, 40.0}) {
      Line line{.off = ppm * 1e-6, .jitter_ms = jitter};
      for (int minute = 0; minute < 60; ++minute) {
        line.run(60);
        ASSERT_EQ(line.drift.correction(), 0);
      }
    }
  }
}

TEST(Drift, KeepsBothClocksTogetherForEightHours) {
  for (const double ppm : {-200.0, 200.0, -50.0, 50.0}) {
    for (const double jitter : {0.0, 40.0}) {
      Line line{.off = ppm * 1e-6, .jitter_ms = jitter};
      line.run(8 * 3600);
      EXPECT_LT(line.worst_ms, 12) << ppm << " ppm, jitter of " << jitter << " ms";
      EXPECT_LT(std::abs(line.offset_ms()), 5);
    }
  }
}

TEST(Drift, FollowsABrokenClockOfOnePercent) {
  for (const double off : {0.01, -0.01}) {
    Line line{.off = off, .jitter_ms = 20};
    line.run(10);
    EXPECT_LT(line.worst_ms, 80);
    line.run(60);
    line.worst_ms = 0;
    line.run(3600);
    EXPECT_LT(line.worst_ms, 15);
    EXPECT_NEAR(line.drift.correction(), off, 3e-4);
  }
}

TEST(Drift, AChangeOfThePathIsTakenUpSlowly) {
  Line line{.jitter_ms = 10};
  line.run(60);
  line.delay = 0.04;
  double most = 0;
  for (int i = 0; i < 600; ++i) {
    line.run(1);
    most = std::max(most, std::abs(line.drift.correction()));
  }
  EXPECT_LE(most, 0.0031) << "inaudible";
  EXPECT_NEAR(line.offset_ms(), 40, 3) << "what arrives is played depth behind its arrival again";
  line.run(1200);
  EXPECT_EQ(line.drift.correction(), 0) << "and then left alone again";
}

TEST(Drift, AnotherPacketLengthIsNoDriftEvenIfItSeemsSo) {
  Line line{.off = 100e-6, .jitter_ms = 10};
  line.run(600);
  line.duration = 480;
  line.premature = -0.04;
  line.worst_ms = 0;
  line.run(3600);
  EXPECT_LT(line.worst_ms, 10);
  EXPECT_NEAR(line.drift.correction(), 100e-6, 60e-6);
}

TEST(Drift, LeavesASmallOffsetFromTheBeginningAlone) {
  for (const double offset : {-0.009, 0.009}) {
    Line line{.jitter_ms = 5};
    line.premature = offset;
    line.run(600);
    EXPECT_EQ(line.drift.correction(), 0);
  }
}

TEST(Drift, SaysNothingAboutATalkerWhoHardlySpeaks) {
  Line line{.off = 0};
  for (int i = 0; i < 1000; ++i) line.drift.observe(8000, i * 8000 * 3, 160);
  EXPECT_EQ(line.drift.correction(), 0);
}

}  // namespace
