#include "media/tone_detector.hpp"

#include <gtest/gtest.h>
#include <random>
#include <string>

#include "media/keyed_for_test.hpp"

namespace {

using media::ToneDetector;
using media::test::add_key;
using media::test::add_silence;
using media::test::Audio;

class ToneDetectorTest : public testing::TestWithParam<std::uint32_t> {
 protected:
  std::uint32_t rate() const { return GetParam(); }
  void key(char one, double ms) { add_key(audio_, one, ms, rate()); }
  void silence(double ms) { add_silence(audio_, ms, rate()); }
  // What was found, by frame; `event_at`: ms, when an RFC 4733 event comes.
  std::string keys(double event_at = -1) {
    silence(300);
    const std::size_t size = rate() / 50;
    std::string found;
    for (std::size_t at = 0; at + size <= audio_.size(); at += size) {
      if (event_at >= 0 && static_cast<double>(at) * 1000 / rate() >= event_at) detector_.note_event();
      detector_.feed({&audio_[at], size}, rate());
      while (const auto digit = detector_.take()) {
        found += digit->key;
        durations_.push_back(static_cast<double>(digit->duration.count()));
      }
    }
    audio_.clear();
    return found;
  }

  ToneDetector detector_;
  Audio audio_;
  std::vector<double> durations_;
};
INSTANTIATE_TEST_SUITE_P(Rates, ToneDetectorTest, testing::Values(8000U, 16000U, 44100U, 48000U));

TEST_P(ToneDetectorTest, FindsEveryKeyOnce) {
  silence(100);
  for (const char one : std::string("1234567890*#ABCD")) {
    key(one, 80);
    silence(70);
  }
  EXPECT_EQ(keys(), "1234567890*#ABCD");
}

TEST_P(ToneDetectorTest, FindsTheSameKeyAsOftenAsItIsPressed) {
  for (int i = 0; i < 5; ++i) {
    key('5', 60);
    silence(60);
  }
  EXPECT_EQ(keys(), "55555");
}

TEST_P(ToneDetectorTest, SaysHowLongAKeyWasPressed) {
  for (const double ms : {60.0, 250.0, 1000.0}) {
    key('8', ms);
    silence(200);
  }
  EXPECT_EQ(keys(), "888");
  EXPECT_NEAR(durations_[0], 60, 26);  // the detector goes by blocks of 12.75 ms
  EXPECT_NEAR(durations_[1], 250, 26);
  EXPECT_NEAR(durations_[2], 1000, 26);
}

TEST_P(ToneDetectorTest, AShortInterruptionDoesNotMakeTwoOfOnePress) {
  key('8', 100);
  silence(15);
  key('8', 100);
  EXPECT_EQ(keys(), "8");
  EXPECT_NEAR(durations_.at(0), 215, 26);
}

TEST_P(ToneDetectorTest, OneKeyRightBehindAnotherIsTwo) {
  key('1', 80);
  key('2', 80);
  EXPECT_EQ(keys(), "12");
}

TEST_P(ToneDetectorTest, WhereEventsComeTonesDoNotCount) {
  silence(100);
  key('7', 45);  // what a gateway lets through before the event
  EXPECT_EQ(keys(100 + 45 + 60), "");
  key('8', 100);
  EXPECT_EQ(keys(), "") << "the party says its keys by events";
  detector_.restart();
  key('9', 100);
  EXPECT_EQ(keys(), "9") << "another source";
}

TEST_P(ToneDetectorTest, NoiseAndSingleTonesAreNoKeys) {
  std::mt19937 random(1);
  std::normal_distribution<double> noise(0, 3000);
  for (std::uint32_t i = 0; i < 5 * rate(); ++i) audio_.push_back(static_cast<std::int16_t>(noise(random)));
  for (std::uint32_t i = 0; i < rate(); ++i) {
    audio_.push_back(static_cast<std::int16_t>(8000 * std::sin(2 * std::numbers::pi * 697 * i / rate())));
  }
  EXPECT_EQ(keys(), "");
}

}  // namespace
