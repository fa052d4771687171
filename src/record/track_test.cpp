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

TEST_F(TrackTest, TakesMemoryForWhatItsRingDoesNotHoldAndGivesItBack) {
  record::AudioMemory memory(4'000'000);
  Track track(8000, 1, 1, &memory);
  constexpr int kBlocks = 60 * 50;  // a minute
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < kBlocks; ++i) {
      ASSERT_TRUE(track.has_room(160));
      ASSERT_TRUE(track.push_audio(Samples(160, static_cast<std::int16_t>(i))));
      if (i % 100 != 0) continue;
      ASSERT_TRUE(track.push_mark(Kind::paused, static_cast<std::uint64_t>(i) + 1));
    }
    EXPECT_GT(memory.counts().used, 500'000U);
    for (int i = 0; i < kBlocks; ++i) {
      const auto block = next(track);
      ASSERT_TRUE(block);
      ASSERT_EQ(block->samples, 160U);
      ASSERT_EQ(out_[0], static_cast<std::int16_t>(i));
      ASSERT_EQ(out_[159], static_cast<std::int16_t>(i));
      if (i % 100 != 0) continue;
      ASSERT_EQ(next(track)->skipped, static_cast<std::uint64_t>(i) + 1);
    }
    EXPECT_FALSE(next(track));
    EXPECT_FALSE(track.ended());
  }
  // Its own ring takes the place of the last piece again.
  ASSERT_TRUE(track.push_audio(Samples(160, 1)));
  ASSERT_TRUE(next(track));
  EXPECT_FALSE(next(track));
  EXPECT_EQ(memory.counts().used, 0U);
  EXPECT_EQ(memory.counts().refused, 0U);
}

TEST_F(TrackTest, IsFullOnceTheMemoryOfAllIsUsed) {
  record::AudioMemory memory(2 * (record::AudioMemory::kHeader + record::AudioMemory::kAudio));
  Track greedy(8000, 1, 1, &memory), other(8000, 1, 1, &memory);
  while (greedy.push_audio(Samples(160, 1))) continue;
  EXPECT_EQ(memory.counts().refused, 1U);
  int blocks = 0;
  while (other.push_audio(Samples(160, 2))) ++blocks;
  EXPECT_GE(blocks, 50) << "what is its own nobody takes away";
  while (next(greedy)) continue;
  EXPECT_TRUE(other.push_audio(Samples(160, 2))) << "what one gives back another may have";
}

TEST_F(TrackTest, ChangesItsRateWhileTheMemoryIsInUse) {
  record::AudioMemory memory(4'000'000);
  Track track(8000, 1, 0.1, &memory);
  const auto fill = [&](std::size_t size, int blocks) {
    for (int i = 0; i < blocks; ++i) ASSERT_TRUE(track.push_audio(Samples(size, static_cast<std::int16_t>(i))));
  };
  const auto empty = [&](std::uint32_t rate, int blocks) {
    for (int i = 0; i < blocks; ++i) {
      const auto block = next(track);
      ASSERT_TRUE(block);
      ASSERT_EQ(block->rate, rate);
      ASSERT_EQ(out_[0], static_cast<std::int16_t>(i));
    }
  };
  fill(160, 1000);
  track.change_rate(16000);  // its ring is in the chain
  fill(320, 1000);
  empty(8000, 1000);
  empty(16000, 1000);
  fill(320, 100);
  track.change_rate(48000);  // its ring is kept for it, or in use again
  fill(960, 1000);
  empty(16000, 100);
  empty(48000, 1000);
  EXPECT_FALSE(next(track));
  fill(960, 1000);
}  // what is left is given back: the address sanitizer sees it

TEST_F(TrackTest, CarriesAudioBetweenTwoThreadsOfWhichOneStalls) {
  record::AudioMemory memory(1'000'000);
  Track track(8000, 1, 0.05, &memory);
  constexpr int kBlocks = 20000;
  std::thread producer([&] {
    for (int i = 0; i < kBlocks; ++i) {
      if (i == kBlocks / 2) track.change_rate(16000);
      while (!track.push_audio(Samples(160, static_cast<std::int16_t>(i)))) std::this_thread::yield();
    }
    track.push_end(EndReason::stop, {});
  });
  int taken = 0;
  while (!track.ended()) {
    if (taken % 1000 == 0) std::this_thread::yield();
    const auto block = next(track);
    if (!block) continue;
    ASSERT_EQ(block->rate, taken < kBlocks / 2 ? 8000U : 16000U);
    ASSERT_EQ(out_[0], static_cast<std::int16_t>(taken));
    ASSERT_EQ(out_[159], static_cast<std::int16_t>(taken));
    ++taken;
  }
  producer.join();
  EXPECT_EQ(taken, kBlocks);
}

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
