#include "media/digit_sender.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "media/tone_detector.hpp"

namespace {

using namespace std::chrono_literals;
using media::DigitSender;
using media::Position;

struct Came {
  Position at = 0;
  DigitSender::Packet packet;
};

// All packets of what is queued, asked for every 20 ms from `now` on.
std::vector<Came> packets(DigitSender& sender, std::uint32_t rate, std::uint32_t clock, Position now = 0) {
  std::vector<Came> all;
  for (; sender.advance(now); now += rate / 50) {
    while (const auto packet = sender.event(now, clock)) all.push_back({now, *packet});
  }
  return all;
}

TEST(DigitSender, SendsAnEventAsRfc4733Says) {
  DigitSender sender(8000);
  sender.add("5", 100ms);
  const auto all = packets(sender, 8000, 8000, 1000);
  ASSERT_EQ(all.size(), 7U);  // 20, 40, 60, 80, and three times 100 ms
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& [at, packet] = all[i];
    EXPECT_EQ(packet.event.digit(), '5');
    EXPECT_EQ(packet.event.volume, 10);
    EXPECT_EQ(packet.marker, i == 0) << "the first, and no other";
    EXPECT_EQ(packet.event.end, i >= 4);
    EXPECT_EQ(packet.event.duration, std::min<std::size_t>(i + 1, 5) * 160);
    EXPECT_EQ(packet.begin, 1000) << "one timestamp for all";
    EXPECT_EQ(packet.ticks, 0U);
    EXPECT_EQ(at, static_cast<Position>(1000 + (i + 1) * 160));
  }
}

TEST(DigitSender, LeavesAGapBetweenKeys) {
  DigitSender sender(8000);
  sender.add("1#", 60ms);
  const auto all = packets(sender, 8000, 8000);
  ASSERT_EQ(all.size(), 10U);
  EXPECT_EQ(all[5].packet.event.digit(), '#');
  EXPECT_EQ(all[5].packet.begin, all[0].packet.begin + (60 + 80) * 8);
  EXPECT_TRUE(all[5].packet.marker);
}

TEST(DigitSender, CountsDurationsInTheClockOfTheEvents) {
  DigitSender sender(16000);
  sender.add("5", 100ms);
  EXPECT_EQ(packets(sender, 16000, 8000).back().packet.event.duration, 800);
  sender.add("5", 100ms);
  EXPECT_EQ(packets(sender, 16000, 48000, 16000).back().packet.event.duration, 4800);
}

TEST(DigitSender, ALongEventGoesOnAsAnotherSegment) {
  DigitSender sender(48000);
  sender.add("5", 2000ms);  // 96000 ticks
  const auto all = packets(sender, 48000, 48000);
  std::uint32_t last = 0;
  for (const auto& one : all) {
    const std::uint32_t ticks = one.packet.ticks + one.packet.event.duration;
    EXPECT_GE(ticks, last);
    last = ticks;
    EXPECT_GT(one.packet.event.duration, 0);
    EXPECT_EQ(one.packet.ticks, ticks > 0xffff ? 0xffffU : 0U);
    EXPECT_EQ(one.packet.event.end, ticks == 96000);
  }
  EXPECT_EQ(last, 96000U);
}

TEST(DigitSender, KeysAreCutToWhatCanBeHeardAndEnded) {
  DigitSender sender(8000);
  sender.add("1", 1ms);
  EXPECT_EQ(packets(sender, 8000, 8000).back().packet.event.duration, 40 * 8);
  sender.add("1x2 3", 60ms);
  std::string keys;
  for (const auto& one : packets(sender, 8000, 8000, 8000)) {
    if (one.packet.marker) keys += *one.packet.event.digit();
  }
  EXPECT_EQ(keys, "123");
}

TEST(DigitSender, WhatIsTooMuchIsLeftOut) {
  DigitSender sender(8000);
  sender.add(std::string(10'000, '1'), 40ms);
  std::size_t keys = 0;
  for (const auto& one : packets(sender, 8000, 8000)) keys += one.packet.marker ? 1 : 0;
  EXPECT_EQ(keys, DigitSender::kMostKeys);
}

TEST(DigitSender, TheNextKeysComeBehindTheGapOfTheLast) {
  DigitSender sender(8000);
  sender.add("1", 60ms);
  const auto first = packets(sender, 8000, 8000);
  sender.add("2", 60ms);
  const auto second = packets(sender, 8000, 8000, first.back().at);
  EXPECT_EQ(second.front().packet.begin, first.front().packet.begin + (60 + 80) * 8);
}

class DigitSenderTones : public testing::TestWithParam<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Rates, DigitSenderTones, testing::Values(8000U, 16000U, 48000U));

TEST_P(DigitSenderTones, AreHeardByADetectorAsLongAsTheyShould) {
  const std::uint32_t rate = GetParam();
  DigitSender sender(rate);
  sender.add("159#", 100ms);
  media::ToneDetector detector;
  std::string keys;
  std::vector<std::int16_t> frame(rate / 50);
  Position at = 0;
  for (int i = 0; i < 60; ++i, at += rate / 50) {
    sender.render(at, frame);
    if (i * 20 >= 4 * 180) {
      EXPECT_EQ(std::count(frame.begin(), frame.end(), 0), std::ssize(frame)) << "silent once all is said";
    }
    detector.feed(frame, rate);
    while (const auto digit = detector.take()) {
      keys += digit->key;
      EXPECT_NEAR(static_cast<double>(digit->duration.count()), 100, 26);
    }
  }
  EXPECT_EQ(keys, "159#");
  EXPECT_FALSE(sender.advance(at));
}

}  // namespace
