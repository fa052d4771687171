#include "record/audio_memory.hpp"

#include <cstring>
#include <gtest/gtest.h>
#include <set>
#include <thread>
#include <vector>

namespace {

using record::AudioMemory;

constexpr std::uint64_t kPiece = AudioMemory::kHeader + AudioMemory::kAudio;

TEST(AudioMemoryTest, GivesNoMoreThanItHasAndCountsWhatItRefused) {
  AudioMemory memory(3 * kPiece + 1);
  std::set<std::byte*> taken;
  for (int i = 0; i < 3; ++i) taken.insert(memory.take());
  EXPECT_EQ(taken.size(), 3U);
  EXPECT_FALSE(taken.contains(nullptr));
  EXPECT_EQ(memory.take(), nullptr);
  EXPECT_EQ(memory.counts().size, 3 * kPiece);
  EXPECT_EQ(memory.counts().used, 3 * kPiece);
  EXPECT_EQ(memory.counts().refused, 1U);
  for (std::byte* piece : taken) memory.give_back(piece);
  EXPECT_EQ(memory.counts().used, 0U);
  EXPECT_EQ(memory.counts().most, 3 * kPiece);
  EXPECT_NE(memory.take(), nullptr);
}

TEST(AudioMemoryTest, HasNothingWhereItIsToHaveNothing) {
  AudioMemory memory(0);
  EXPECT_EQ(memory.take(), nullptr);
  EXPECT_EQ(memory.counts().size, 0U);
}

TEST(AudioMemoryTest, GivesNoPieceToTwoThreadsAtOnce) {
  AudioMemory memory(4 * kPiece);
  std::atomic<int> spoiled{0};
  const auto work = [&](int self) {
    for (int i = 0; i < 20000; ++i) {
      std::byte* const piece = memory.take();
      if (piece == nullptr) continue;
      auto* const mark = reinterpret_cast<std::atomic<int>*>(piece);
      mark->store(self);
      for (int j = 0; j < 8; ++j) spoiled += mark->load() != self;
      memory.give_back(piece);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i <= 4; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(spoiled, 0);
  EXPECT_EQ(memory.counts().used, 0U);
  std::set<std::byte*> all;
  while (std::byte* const piece = memory.take()) all.insert(piece);
  EXPECT_EQ(all.size(), 4U);
}

}  // namespace
