#include "record/track.hpp"

#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace {

using record::EndReason;
using record::Track;

TEST(Track, GivesBackWhatWasPushedAndThenTheEnd) {
  Track track(8000, 1, 1);
  const std::vector<std::int16_t> block(160, 7);
  EXPECT_TRUE(track.push_audio(block));
  track.push_end(EndReason::max_duration, {.samples = 160});
  std::vector<std::int16_t> out(Track::kMaxBlock);
  EXPECT_EQ(track.take(out), 160U);
  EXPECT_EQ(out[159], 7);
  EXPECT_FALSE(track.ended());
  EXPECT_EQ(track.take(out), 0U);
  EXPECT_TRUE(track.ended());
  EXPECT_EQ(track.reason(), EndReason::max_duration);
  EXPECT_EQ(track.stats().samples, 160U);
}

TEST(Track, HasRoomForTheEndWhenItIsFullOfAudio) {
  Track track(8000, 1, 0.01);
  const std::vector<std::int16_t> block(160, 1);
  std::size_t pushed = 0;
  while (track.push_audio(block)) pushed += block.size();
  EXPECT_GT(pushed, 0U);
  track.push_end(EndReason::error, {});
  std::vector<std::int16_t> out(Track::kMaxBlock);
  std::size_t taken = 0;
  while (!track.ended()) taken += track.take(out);
  EXPECT_EQ(taken, pushed);
}

TEST(Track, CarriesAllAudioBetweenTwoThreads) {
  Track track(8000, 2, 0.1);
  constexpr int kBlocks = 5000;
  std::thread producer([&] {
    std::vector<std::int16_t> block(320);
    for (int i = 0; i < kBlocks; ++i) {
      block.assign(block.size(), static_cast<std::int16_t>(i));
      while (!track.push_audio(block)) std::this_thread::yield();
    }
    track.push_end(EndReason::stop, {});
  });
  std::vector<std::int16_t> out(Track::kMaxBlock);
  int blocks = 0;
  while (!track.ended()) {
    const std::size_t count = track.take(out);
    if (count == 0) {
      std::this_thread::yield();
      continue;
    }
    ASSERT_EQ(count, 320U);
    ASSERT_EQ(out[0], static_cast<std::int16_t>(blocks));
    ASSERT_EQ(out[319], static_cast<std::int16_t>(blocks));
    ++blocks;
  }
  producer.join();
  EXPECT_EQ(blocks, kBlocks);
}

}  // namespace
