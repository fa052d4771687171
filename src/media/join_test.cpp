// Streams joined to each other, and what is played to one.
#include "media/conference_fixture.hpp"

namespace {

using namespace media::test;

using JoinTest = ConferenceTest;

TEST_F(JoinTest, TwoHearEachOtherAndNotThemselves) {
  Party& a = party("PCMU", 8000, 500);
  Party& b = party("PCMA", 8000, 1300);
  join(a, b);
  pass(milliseconds(3000));
  EXPECT_NEAR(a.hears(1300), 8000, 300);
  EXPECT_LT(a.hears(500), 40);
  EXPECT_NEAR(b.hears(500), 8000, 300);
  EXPECT_LT(b.hears(1300), 40);
  EXPECT_EQ(a.breaks + b.breaks, 0) << "sent without a break";
  EXPECT_NEAR(a.packets, 150, 1);
}

TEST_F(JoinTest, AudioGoesOneWayWhereTheFlowSaysSo) {
  Party& a = party("PCMU", 8000, 500);
  Party& b = party("PCMU", 8000, 1300);
  join(a, b, true, false);
  pass(milliseconds(2000));
  EXPECT_NEAR(b.hears(500), 8000, 300);
  EXPECT_EQ(a.packets, 0) << "it hears nobody";
  join(a, b, false, true);
  pass(milliseconds(2000));
  EXPECT_NEAR(a.hears(1300), 8000, 300);
  const int before = b.packets;
  pass(milliseconds(500));
  EXPECT_EQ(b.packets, before);
  join(a, b);
  pass(milliseconds(2000));
  EXPECT_NEAR(a.hears(1300), 8000, 300);
  EXPECT_NEAR(b.hears(500), 8000, 300);
}

TEST_F(JoinTest, PassesBetweenPartiesOfOneRateBitByBit) {
  Party& a = party("L16", 16000, 500);
  Party& b = party("L16", 16000);
  join(a, b, true, false);
  pass(milliseconds(3000));
  // From any zero crossing on, all of the sine is there.
  std::size_t begin = 16000;
  while (!(b.heard[begin - 1] < 0 && b.heard[begin] == 0)) ++begin;
  for (std::size_t i = 0; i < 24000; ++i) {
    const double phase = 2 * std::numbers::pi * 500 * static_cast<double>(i) / 16000;
    ASSERT_EQ(b.heard[begin + i], static_cast<std::int16_t>(std::lround(8000 * std::sin(phase)))) << i;
  }
}

TEST_F(JoinTest, MixesEveryCodecAndRateWithEveryOther) {
  struct Kind {
    const char* name;
    std::uint32_t clock;
  };
  const std::vector<Kind> kinds = {{"PCMU", 8000},  {"G722", 8000}, {"L16", 44100},
                                   {"opus", 48000}, {"L16", 22050}, {"GSM", 8000}};
  for (const Kind& one : kinds) {
    for (const Kind& other : kinds) {
      Party& a = party(one.name, one.clock, 500);
      Party& b = party(other.name, other.clock, 1300);
      join(a, b);
      pass(milliseconds(1300));
      EXPECT_NEAR(a.hears(1300), 8000, 900) << one.name << one.clock << " hears " << other.name << other.clock;
      EXPECT_LT(a.hears(500), 200) << one.name << one.clock << " hears " << other.name << other.clock;
      EXPECT_NEAR(b.hears(500), 8000, 900) << other.name << other.clock << " hears " << one.name << one.clock;
      EXPECT_EQ(a.breaks + b.breaks, 0);
      switchboard_.unjoin(a.stream, b.stream);
      a.talks = b.talks = false;
    }
  }
}

TEST_F(JoinTest, SendsPacketsOfTheLengthThatWasAgreedOn) {
  for (const int ptime : {10, 20, 30, 40, 60}) {
    Party& a = party("PCMU", 8000, 500);
    Party& b = party("PCMU", 8000, 1300, milliseconds(ptime));
    join(a, b);
    pass(milliseconds(3000));
    EXPECT_NEAR(b.packets, 3000 / ptime, 2);
    EXPECT_EQ(b.breaks, 0);
    EXPECT_NEAR(b.hears(500), 8000, 300) << ptime;
    switchboard_.unjoin(a.stream, b.stream);
  }
}

TEST_F(JoinTest, IsHeardSoonAfterItWasSaid) {
  Party& a = party("PCMU", 8000, 0);
  Party& b = party("PCMU", 8000, 1300);
  join(a, b);
  pass(milliseconds(10000));
  const std::size_t before = b.heard.size();
  a.tone = 500;
  pass(milliseconds(400));
  const auto begin = std::find_if(b.heard.begin() + static_cast<std::ptrdiff_t>(before), b.heard.end(),
                                  [](std::int16_t sample) { return std::abs(sample) > 1000; });
  const auto after = (begin - b.heard.begin() - static_cast<std::ptrdiff_t>(before)) / 8;
  EXPECT_LE(after, 50) << "ms: a packet of 20 ms, and as much again";
  EXPECT_LE(a.stream.stats().live_depth, 35U);
}

TEST_F(JoinTest, ARecordingHoldsWhatThePartyHeard) {
  Party& a = party("PCMU", 8000, 500);
  Party& b = party("G722", 8000, 1300);
  join(a, b);
  record::Settings stereo;
  stereo.mix = false;
  auto& track = tap(a.stream, stereo);
  pass(milliseconds(3000));
  a.stream.stop_tap(1, record::EndReason::stop, now_);
  pass(milliseconds(500));
  const Audio both = take(track);
  ASSERT_TRUE(track.ended());
  ASSERT_EQ(both.size(), 2U * 24000);
  Audio left, right;
  for (std::size_t i = 0; i < both.size(); i += 2) left.push_back(both[i]), right.push_back(both[i + 1]);
  EXPECT_NEAR(level(left, 8000, 500, 1, 3), 8000, 300);
  EXPECT_LT(level(left, 8000, 1300, 1, 3), 40);
  EXPECT_NEAR(level(right, 8000, 1300, 1, 3), 8000, 300);
  EXPECT_LT(level(right, 8000, 500, 1, 3), 40);
  // To the sample, at the time at which it was sent: the first packet at 20 ms.
  for (std::size_t i = 0; i < 23000; ++i) ASSERT_NEAR(a.heard[i], right[160 + i], 300) << "µ-law's steps; " << i;
}

}  // namespace
