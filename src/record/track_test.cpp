#include "record/track.hpp"

#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace {

using record::EndReason;
using record::Kind;
using record::Track;

using Samples = std::vector<std::int16_t>;

class TrackTest : public testing::Test {
 protected:
  std::optional<Track::Block> next(Track& track) { return track.next(out_); }

  Samples out_ = Samples(Track::kMaxBlock);
};

TEST_F(TrackTest, GivesBackWhatWasPushedAndThenTheEnd) {
  Track track(8000, 1, 1);
  EXPECT_TRUE(track.push_audio(Samples(160, 7), Kind::repaired));
  track.push_end(EndReason::max_duration, {.samples = 160});
  const auto block = next(track);
  ASSERT_TRUE(block);
  EXPECT_EQ(block->samples, 160U);
  EXPECT_EQ(block->kind, Kind::repaired);
  EXPECT_EQ(block->rate, 8000U);
  EXPECT_EQ(out_[0], 7);
  EXPECT_EQ(out_[159], 7);
  EXPECT_FALSE(track.ended());
  EXPECT_FALSE(next(track));
  EXPECT_TRUE(track.ended());
  EXPECT_EQ(track.reason(), EndReason::max_duration);
  EXPECT_EQ(track.stats().samples, 160U);
}

TEST_F(TrackTest, TellsWhatIsNotAmongTheAudioInItsPlace) {
  Track track(8000, 2, 1);
  const std::uint64_t long_pause = 15'000'000'000'000;  // ten years at 48 kHz
  EXPECT_TRUE(track.push_audio(Samples(320, 1), Kind::silent));
  EXPECT_TRUE(track.push_relabel(Kind::lost, 70'000));
  EXPECT_TRUE(track.push_mark(Kind::paused, long_pause));
  EXPECT_TRUE(track.push_audio(Samples(320, 2)));
  EXPECT_EQ(next(track)->kind, Kind::silent);
  const auto relabel = next(track);
  EXPECT_EQ(relabel->kind, Kind::lost);
  EXPECT_EQ(relabel->relabelled, 70'000U);
  EXPECT_EQ(relabel->samples + relabel->skipped, 0U);
  const auto pause = next(track);
  EXPECT_EQ(pause->kind, Kind::paused);
  EXPECT_EQ(pause->skipped, long_pause);
  EXPECT_EQ(pause->samples + pause->relabelled, 0U);
  EXPECT_EQ(next(track)->kind, Kind::received);
  EXPECT_EQ(out_[0], 2);
}

TEST_F(TrackTest, ChangesItsRateBetweenTwoBlocksWithRoomForAsManySeconds) {
  Track track(8000, 1, 1);
  EXPECT_TRUE(track.push_audio(Samples(160, 1)));
  track.change_rate(16000);
  track.change_rate(48000);  // nothing was said at 16000
  EXPECT_EQ(track.rate(), 48000U);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(track.push_audio(Samples(960, 2)));
  track.push_end(EndReason::stop, {});
  EXPECT_EQ(next(track)->rate, 8000U);
  for (int i = 0; i < 50; ++i) {
    const auto block = next(track);
    ASSERT_TRUE(block);
    ASSERT_EQ(block->rate, 48000U);
    ASSERT_EQ(block->samples, 960U);
    ASSERT_EQ(out_[959], 2);
  }
  EXPECT_FALSE(track.ended());
  EXPECT_FALSE(next(track));
  EXPECT_TRUE(track.ended());
}

TEST_F(TrackTest, HasRoomForMarksAndTheEndWhenItIsFullOfAudio) {
  Track track(8000, 1, 0.01);
  std::size_t pushed = 0;
  while (track.push_audio(Samples(160, 1))) pushed += 160;
  EXPECT_GT(pushed, 0U);
  EXPECT_TRUE(track.push_mark(Kind::overrun, 160));
  EXPECT_TRUE(track.push_mark(Kind::paused, 5));
  track.push_end(EndReason::error, {});
  std::size_t taken = 0;
  std::uint64_t skipped = 0;
  while (const auto block = next(track)) taken += block->samples, skipped += block->skipped;
  EXPECT_TRUE(track.ended());
  EXPECT_EQ(taken, pushed);
  EXPECT_EQ(skipped, 165U);
}

TEST_F(TrackTest, SaysThatItIsFillingBeforeItIsFull) {
  Track track(8000, 1, 1);
  EXPECT_FALSE(track.is_filling());
  int pushed = 0;
  while (!track.is_filling()) {
    ASSERT_TRUE(track.push_audio(Samples(160, 1)));
    ++pushed;
  }
  int more = 0;
  while (track.push_audio(Samples(160, 1))) ++more;
  EXPECT_GT(more, pushed);
  while (next(track)) continue;
  EXPECT_FALSE(track.is_filling());
  track.change_rate(16000);
  EXPECT_TRUE(track.is_filling()) << "the old ring is to be freed";
  EXPECT_FALSE(next(track));
  EXPECT_FALSE(track.is_filling());
}

TEST_F(TrackTest, FreesWhatWasNeverRead) {
  Track track(8000, 1, 1);
  ASSERT_TRUE(track.push_audio(Samples(160, 1)));
  track.change_rate(16000);
  ASSERT_TRUE(track.push_audio(Samples(320, 1)));
}  // the address sanitizer sees what leaks

TEST_F(TrackTest, CarriesAudioMarksAndRatesBetweenTwoThreads) {
  constexpr std::uint32_t kRates[] = {8000, 16000, 24000, 32000, 48000};
  constexpr int kBlocks = 1000;  // at each rate
  Track track(kRates[0], 2, 0.1);
  std::thread producer([&] {
    for (const std::uint32_t rate : kRates) {
      track.change_rate(rate);
      for (int i = 0; i < kBlocks; ++i) {
        const Samples block(std::size_t{2} * rate / 50, static_cast<std::int16_t>(i));
        while (!track.push_audio(block, i % 2 == 0 ? Kind::received : Kind::lost)) std::this_thread::yield();
        if (i % 10 == 0) {
          while (!track.push_mark(Kind::paused, rate + static_cast<std::uint64_t>(i))) std::this_thread::yield();
        }
      }
    }
    track.push_end(EndReason::stop, {});
  });
  const auto wait = [&] {
    for (;;) {
      if (const auto block = next(track); block || track.ended()) return block;
      std::this_thread::yield();
    }
  };
  for (const std::uint32_t rate : kRates) {
    for (int i = 0; i < kBlocks; ++i) {
      const auto block = wait();
      ASSERT_TRUE(block);
      ASSERT_EQ(block->rate, rate);
      ASSERT_EQ(block->samples, std::size_t{2} * rate / 50);
      ASSERT_EQ(block->kind, i % 2 == 0 ? Kind::received : Kind::lost);
      ASSERT_EQ(out_[0], static_cast<std::int16_t>(i));
      ASSERT_EQ(out_[block->samples - 1], static_cast<std::int16_t>(i));
      if (i % 10 == 0) {
        const auto mark = wait();
        ASSERT_TRUE(mark);
        ASSERT_EQ(mark->skipped, rate + static_cast<std::uint64_t>(i));
      }
    }
  }
  EXPECT_FALSE(wait());
  EXPECT_TRUE(track.ended());
  producer.join();
}

}  // namespace
