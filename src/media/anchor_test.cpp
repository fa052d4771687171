#include "media/anchor.hpp"

#include <gtest/gtest.h>

namespace {

using media::Anchor;
using media::Position;

// 20 ms packets at 8 kHz; the n-th is sent at n * 160.
class AnchorTest : public testing::Test {
 protected:
  Position place(int n, Position lateness, bool marker = false, std::uint32_t shift = 0) {
    const Position arrival = (n + 1) * 160 + lateness;
    return anchor_.place({.timestamp = 5000 + static_cast<std::uint32_t>(n * 160) + shift,
                          .duration = 160,
                          .marker = marker,
                          .newest = true,
                          .arrival = arrival},
                         std::max<Position>(0, arrival - 1600));
  }
  Anchor anchor_{{.depth = 1600, .max_early = 2400}};
};

TEST_F(AnchorTest, APacketEndsWhereTheFirstOneArrived) {
  EXPECT_EQ(place(10, 0), 1600);
  for (int n = 11; n < 1000; ++n) ASSERT_EQ(place(n, n * 37 % 800), n * 160) << "jitter moves nothing";
  EXPECT_EQ(anchor_.resyncs(), 0U);
}

TEST_F(AnchorTest, FollowsASourceWhoseClockStoodStillWithoutAMarker) {
  for (int n = 0; n < 20; ++n) place(n, 0);
  int first_right = -1;
  for (int n = 20; n < 40; ++n) {
    if (place(n, 16000) == n * 160 + 16000 && first_right < 0) first_right = n;
  }
  EXPECT_EQ(first_right, 24) << "the fifth packet in a row that came too late by the same amount";
  EXPECT_EQ(anchor_.resyncs(), 1U);
}

TEST_F(AnchorTest, ABurstAfterAStallOfTheNetworkIsNoReason) {
  for (int n = 0; n < 20; ++n) place(n, 0);
  // One second of packets all at once, then as before.
  for (int n = 20; n < 70; ++n) EXPECT_EQ(place(n, (70 - n) * 160), n * 160);
  for (int n = 70; n < 100; ++n) EXPECT_EQ(place(n, 0), n * 160);
  EXPECT_EQ(anchor_.resyncs(), 0U);
}

TEST_F(AnchorTest, LeavesDriftToOthersButTellsHowLatePacketsAre) {
  for (int n = 0; n < 20; ++n) place(n, 0);
  for (int n = 20; n < 600; ++n) {
    ASSERT_EQ(place(n, 1000), n * 160);
    ASSERT_EQ(anchor_.lateness(), 1000);
  }
  EXPECT_EQ(anchor_.resyncs(), 0U);
}

TEST_F(AnchorTest, AFirstPacketThatWasHeldUpIsPutRightBeforeItIsPlayed) {
  place(10, 240);  // 30 ms late; nothing tells yet
  for (int n = 11; n < 18; ++n) {
    place(n, n == 14 ? 0 : 80);
    ASSERT_EQ(anchor_.take_shift().by, 0);
  }
  EXPECT_EQ(place(18, 80), 18 * 160) << "as the least late of them says";
  const auto [from, by] = anchor_.take_shift();
  EXPECT_EQ(from, 10 * 160 + 240);
  EXPECT_EQ(by, -240);
  EXPECT_EQ(anchor_.resyncs(), 0U);
}

TEST_F(AnchorTest, GoesOnWithoutABreakWhenTheClockOfTheTimestampsChanges) {
  for (int n = 0; n < 20; ++n) place(n, 0);
  // Opus from here on: 48 kHz, other numbers, and one packet that was held up a little.
  const auto opus = [&](int n, Position lateness) {
    return anchor_.place({.timestamp = 777 + static_cast<std::uint32_t>(n) * 960,
                          .clock = 48000,
                          .duration = 160,
                          .newest = true,
                          .arrival = (20 + n + 1) * 160 + lateness},
                         (20 + n) * 160 - 1600);
  };
  EXPECT_EQ(opus(0, 70), 20 * 160);
  for (int n = 1; n < 1000; ++n) ASSERT_EQ(opus(n, 10), (20 + n) * 160);
  EXPECT_EQ(anchor_.resyncs(), 0U);
}

TEST_F(AnchorTest, PositionsScaleWithTheRate) {
  for (int n = 0; n < 20; ++n) place(n, 0);
  anchor_.change_rate({.depth = 9600, .max_early = 14400, .rate = 48000});
  EXPECT_EQ(anchor_.newest_end(), 20 * 960);
  EXPECT_EQ(anchor_.place({.timestamp = 5000 + 20 * 160, .duration = 960, .newest = true, .arrival = 21 * 960}, 0),
            20 * 960);
}

TEST_F(AnchorTest, PlacesReorderedPacketsByTheSameOffset) {
  place(0, 0);
  place(2, 0);
  EXPECT_EQ(anchor_.place({.timestamp = 5160, .duration = 160, .newest = false, .arrival = 480}, 0), 160);
}

}  // namespace
