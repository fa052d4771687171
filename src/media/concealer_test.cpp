#include "media/concealer.hpp"

#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

namespace {

std::int16_t tone(double frequency, int n) {
  return static_cast<std::int16_t>(std::lround(10000 * std::sin(2 * M_PI * frequency * n / 8000)));
}

class ConcealerTest : public testing::Test {
 protected:
  void play(double frequency, int count) {
    std::vector<std::int16_t> block;
    for (int i = 0; i < count; ++i) block.push_back(tone(frequency, now_ + i));
    concealer_.receive(block);
    heard_.insert(heard_.end(), block.begin(), block.end());
    now_ += count;
  }
  void lose(int count) {
    std::vector<std::int16_t> block(static_cast<std::size_t>(count), 111);
    concealer_.conceal(block);
    heard_.insert(heard_.end(), block.begin(), block.end());
    now_ += count;
  }
  media::Concealer concealer_{8000};
  std::vector<std::int16_t> heard_;
  int now_ = 0;
};

TEST_F(ConcealerTest, GoesOnWithAPeriodicSound) {
  for (const double frequency : {100.0, 125.0, 160.0, 200.0}) {
    heard_.clear();
    now_ = 0;
    concealer_ = media::Concealer(8000);
    play(frequency, 800);
    lose(80);
    double error = 0;
    for (int i = 830; i < 880; ++i)
      error = std::max<double>(error, std::abs(heard_[static_cast<std::size_t>(i)] - tone(frequency, i)));
    EXPECT_LT(error, 1500) << frequency;
  }
}

TEST_F(ConcealerTest, FadesToSilenceWithinSixtyMilliseconds) {
  play(200, 800);
  lose(640);
  for (std::size_t i = 800 + 480; i < heard_.size(); ++i) ASSERT_EQ(heard_[i], 0);
}

TEST_F(ConcealerTest, MakesNoClickAtEitherEnd) {
  for (const int gap : {1, 7, 80, 160, 333, 600}) {
    heard_.clear();
    now_ = 0;
    concealer_ = media::Concealer(8000);
    play(170, 800);
    lose(gap);
    play(170, 480);
    int steepest = 0;
    for (std::size_t i = 1; i < heard_.size(); ++i) steepest = std::max(steepest, std::abs(heard_[i] - heard_[i - 1]));
    EXPECT_LT(steepest, 3000) << gap << ": the tone itself has 1335";
  }
}

TEST_F(ConcealerTest, LeavesAudioAloneWhereNothingIsLost) {
  play(440, 160);
  play(440, 37);
  play(440, 480);
  for (int i = 0; i < now_; ++i) ASSERT_EQ(heard_[static_cast<std::size_t>(i)], tone(440, i));
}

TEST_F(ConcealerTest, TakesBlocksOfOneSampleAndGapsBeforeAnyAudio) {
  lose(1);
  lose(30);
  for (int i = 0; i < 400; ++i) play(100, 1);
  lose(1);
  play(100, 1);
  EXPECT_EQ(heard_[0], 0);
  EXPECT_EQ(heard_.size(), 433U);
}

}  // namespace
