#pragma once
// A tap that a test feeds frame by frame, and what came out of its track. For the tests of Tap.

#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <optional>
#include <vector>

#include "media/tap.hpp"

namespace media::test {

using base::milliseconds;
using media::Position;
using record::EndReason;
using record::Kind;

inline constexpr std::size_t kFrame = 160;

inline std::vector<std::int16_t> take_all(record::Track& track) {
  std::vector<std::int16_t> all, block(record::Track::kMaxBlock);
  while (const std::size_t count = track.take(block)) {
    all.insert(all.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return all;
}

// What came out of a track, neighbours of the same kind and rate in one.
struct Chapter {
  Kind kind = Kind::received;
  std::uint32_t rate = 0;
  std::vector<std::int16_t> audio;
  std::uint64_t skipped = 0, relabelled = 0;
};
inline std::vector<Chapter> take_story(record::Track& track) {
  std::vector<Chapter> story;
  std::vector<std::int16_t> out(record::Track::kMaxBlock);
  while (const auto block = track.next(out)) {
    const bool goes_on = !story.empty() && story.back().kind == block->kind && story.back().rate == block->rate &&
                         (block->samples > 0) == !story.back().audio.empty();
    if (!goes_on) story.push_back({.kind = block->kind, .rate = block->rate, .audio = {}});
    story.back().audio.insert(story.back().audio.end(), out.begin(),
                              out.begin() + static_cast<std::ptrdiff_t>(block->samples));
    story.back().skipped += block->skipped;
    story.back().relabelled += block->relabelled;
  }
  return story;
}

// Feeds a tap from position 0 on. What the party sends says its own position (send_at), or silence, or a loud tone.
class TapTest : public testing::Test {
 protected:
  static std::int16_t send_at(Position p) { return static_cast<std::int16_t>(1000 + p % 10000); }
  static std::int16_t recv_at(Position p) { return static_cast<std::int16_t>(-1 - p % 10000); }
  static std::int16_t tone_at(Position p) {
    return static_cast<std::int16_t>(8000 * std::sin(2 * M_PI * 440 * static_cast<double>(p) / 8000));
  }

  media::Tap& open(record::Settings settings, Position start = 0, double seconds = 60) {
    track_.emplace(8000, settings.channels(), seconds);
    tap_.emplace(1, media::TapOptions{settings, &*track_}, start);
    return *tap_;
  }

  template <class Sample>
  void feed_until(Position until, Sample sample, media::PacketCounts packets = {.received = 1}) {
    while (now_ < until) {
      std::array<std::int16_t, kFrame> send, recv;
      for (std::size_t i = 0; i < kFrame; ++i) {
        send[i] = sample(now_ + static_cast<Position>(i));
        recv[i] = recv_at(now_ + static_cast<Position>(i));
      }
      media::Origins origins;
      origins.add(media::Kind::received, kFrame);
      tap_->feed({.position = now_, .send = send, .recv = recv, .origins = &origins, .packets = packets});
      now_ += kFrame;
    }
  }
  void feed_until(Position until) { feed_until(until, send_at); }
  void feed_silence_until(Position until) {
    feed_until(until, [](Position) { return std::int16_t{0}; });
  }
  void feed_tone_until(Position until) { feed_until(until, tone_at); }

  std::vector<std::int16_t> audio() { return take_all(*track_); }
  void expect_end(EndReason reason, std::uint64_t samples) {
    ASSERT_TRUE(tap_->ended());
    EXPECT_EQ(*tap_->ended(), reason);
    const auto channels = static_cast<std::uint64_t>(track_->channels());
    EXPECT_EQ(audio().size(), samples * channels);
    ASSERT_TRUE(track_->ended());
    EXPECT_EQ(track_->reason(), reason);
    EXPECT_EQ(track_->stats().samples, samples);
  }

  std::optional<record::Track> track_;
  std::optional<media::Tap> tap_;
  Position now_ = 0;
};

inline record::Settings send_only() {
  record::Settings settings;
  settings.direction = record::Direction::send;
  return settings;
}

}  // namespace media::test
