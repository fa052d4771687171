#include "play/buffered_feed.hpp"

#include <thread>

#include "play/audio_for_test.hpp"

namespace base::testing {
long allocations();  // allocations_test.cpp
}

namespace {

using namespace play;
using namespace play::testing;

constexpr std::size_t kTick = 160;

struct BufferedFeedTest : ::testing::Test {
  Samples read(std::size_t count = kTick) {
    Samples out(count, 77);
    going = feed.read(out);
    return out;
  }
  // Rising by one from `from` on.
  void push(std::int16_t from, std::size_t count) {
    Samples samples(count);
    for (std::size_t i = 0; i < count; ++i) samples[i] = static_cast<std::int16_t>(from + static_cast<int>(i));
    feed.push(samples);
  }
  static Samples rising(std::int16_t from, std::size_t count = kTick) {
    Samples samples(count);
    for (std::size_t i = 0; i < count; ++i) samples[i] = static_cast<std::int16_t>(from + static_cast<int>(i));
    return samples;
  }

  BufferedFeed feed{8000, false};
  bool going = true;
};

TEST_F(BufferedFeedTest, GivesWhatWasPushedToTheBitAndThenSaysThatItIsOver) {
  push(1, 400);
  feed.end();
  EXPECT_EQ(read(), rising(1));
  EXPECT_EQ(read(), rising(161));
  EXPECT_TRUE(going);
  Samples last = rising(321, 80);
  last.resize(kTick);
  EXPECT_EQ(read(), last);
  EXPECT_FALSE(going);
  EXPECT_EQ(feed.late(), 0U);
}

TEST_F(BufferedFeedTest, WhatIsLateIsSilenceAndCounted) {
  push(1, 100);
  Samples expected = rising(1, 100);
  expected.resize(kTick);
  EXPECT_EQ(read(), expected);
  EXPECT_TRUE(going);
  EXPECT_EQ(feed.late(), 60U);
}

TEST_F(BufferedFeedTest, PauseHoldsWhatFollowsAtOnceAndResumeGoesOnThere) {
  push(1000, 3000);
  read();
  feed.pause();
  const Samples fading = read();  // 5 ms, so that it does not click
  EXPECT_EQ(fading[39], 0);
  EXPECT_GT(fading[0], 1000);
  EXPECT_EQ(read(), Samples(kTick));
  EXPECT_EQ(read(), Samples(kTick));
  EXPECT_EQ(feed.taken(), 200U);
  feed.resume();
  const Samples resumed = read();
  EXPECT_LT(resumed[0], 100);
  EXPECT_EQ(resumed[100], 1000 + 200 + 100);
  EXPECT_EQ(feed.late(), 0U);
}

TEST_F(BufferedFeedTest, BeginsPausedWhereAskedTo) {
  BufferedFeed paused(8000, true);
  paused.push(rising(1000, 400));
  paused.end();
  Samples out(kTick, 77);
  EXPECT_TRUE(paused.read(out));
  EXPECT_EQ(out, Samples(kTick));
  paused.resume();
  EXPECT_TRUE(paused.read(out));
  EXPECT_EQ(out[159], 1159);
}

TEST_F(BufferedFeedTest, APauseOutlastsTheEnd) {
  push(1, 160);
  feed.end();
  feed.pause();
  for (int i = 0; i < 10; ++i) read();
  EXPECT_TRUE(going);
  feed.resume();
  read();
  EXPECT_FALSE(going);
}

TEST_F(BufferedFeedTest, VolumeIsReachedWithoutAStepAndNeverWrapsAround) {
  feed.push(Samples(2000, 20000));
  read();
  feed.set_volume(0.5);
  const Samples falling = read();
  for (std::size_t i = 1; i < kTick; ++i) EXPECT_LE(falling[i - 1] - falling[i], 600) << i;
  EXPECT_EQ(falling[159], 10000);
  feed.set_volume(4);
  read();
  EXPECT_EQ(read()[159], 32767);
}

TEST_F(BufferedFeedTest, NothingStaleIsHeardFromTheCommandOn) {
  push(1, 2000);
  read();
  feed.ask_flush();
  EXPECT_EQ(read(), Samples(kTick));
  EXPECT_EQ(read(), Samples(kTick));
  feed.begin_flush();
  feed.push(Samples(400, 9000));
  EXPECT_EQ(read(), Samples(kTick));
  feed.end_flush();
  const Samples fresh = read();
  for (std::size_t i = 0; i < 40; ++i) EXPECT_GE(fresh[i], 0);  // fades in
  EXPECT_EQ(fresh[100], 9000);
  EXPECT_EQ(feed.late(), 0U);
}

TEST_F(BufferedFeedTest, AFlushTakesTheEndBack) {
  push(1, 100);
  feed.end();
  feed.ask_flush();
  feed.begin_flush();
  push(1, 320);
  feed.end_flush();
  read();
  EXPECT_TRUE(going);
}

TEST_F(BufferedFeedTest, HasRoomForNewAudioWhileTheOldIsStillThere) {
  while (feed.room() > 0) feed.push(Samples(std::min<std::size_t>(feed.room(), 100)));
  EXPECT_EQ(feed.room(), 0U);
  feed.ask_flush();
  feed.begin_flush();
  EXPECT_EQ(feed.room(), 3200U);  // 400 ms
}

TEST_F(BufferedFeedTest, ReadingNeitherAllocatesNorWaitsForTheOtherThread) {
  std::atomic<bool> stop{false};
  std::thread player([&] {
    std::int16_t next = 0;
    while (!stop) {
      while (feed.room() >= 100) {
        push(next, 100);
        next = static_cast<std::int16_t>((next + 100) % 30000);
      }
      std::this_thread::yield();
    }
  });
  Samples out(kTick);
  bool ordered = true;
  while (feed.taken() < 8000) feed.read(out);
  const long before = base::testing::allocations();
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t late = feed.late();
    feed.read(out);
    if (feed.late() != late) continue;
    for (std::size_t k = 1; k < out.size(); ++k) {
      ordered = ordered && (out[k] == out[k - 1] + 1 || out[k] % 100 == 0);
    }
  }
  const long after = base::testing::allocations();
  stop = true;
  player.join();
  EXPECT_TRUE(ordered);
  EXPECT_EQ(after - before, 0);
}

}  // namespace
