#include "rtp/telephone_event.hpp"

#include <array>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace {

using base::milliseconds;

class DigitsTest : public testing::Test {
 protected:
  void send(int event, std::uint32_t timestamp, std::uint16_t duration, bool end = false) {
    const auto [first, second] = detector_.receive(
        {.event = static_cast<std::uint8_t>(event), .end = end, .volume = 10, .duration = duration}, timestamp, now_);
    for (const auto& digit : {first, second}) {
      if (!digit) continue;
      keys_ += digit->key;
      durations_.push_back(digit->duration);
    }
  }
  void tick(milliseconds step) {
    now_ += step;
    if (const auto digit = detector_.tick(now_)) {
      keys_ += digit->key;
      durations_.push_back(digit->duration);
    }
  }
  rtp::DigitDetector detector_;
  base::Time now_{};
  std::string keys_;
  std::vector<std::uint32_t> durations_;
};

TEST(TelephoneEvent, IsWrittenAsItIsRead) {
  for (const bool end : {false, true}) {
    const rtp::TelephoneEvent event{.event = 11, .end = end, .volume = 10, .duration = 0x1234};
    std::array<std::uint8_t, rtp::kTelephoneEventSize> bytes{};
    event.write(bytes);
    const auto read = rtp::TelephoneEvent::parse(bytes);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->digit(), '#');
    EXPECT_EQ(read->end, end);
    EXPECT_EQ(read->volume, 10);
    EXPECT_EQ(read->duration, 0x1234);
  }
}

TEST(TelephoneEvent, ReadsThePayload) {
  const auto event = rtp::TelephoneEvent::parse(std::vector<std::uint8_t>{11, 0x8a, 0x03, 0x20});
  ASSERT_TRUE(event);
  EXPECT_EQ(event->digit(), '#');
  EXPECT_TRUE(event->end);
  EXPECT_EQ(event->volume, 10);
  EXPECT_EQ(event->duration, 800);
  EXPECT_FALSE(rtp::TelephoneEvent::parse(std::vector<std::uint8_t>{11, 0x8a, 0x03}));
  EXPECT_FALSE(rtp::TelephoneEvent{.event = 16}.digit());
}

TEST_F(DigitsTest, ToldOnceThoughTheEndComesThreeTimes) {
  for (std::uint16_t n = 1; n <= 5; ++n) send(5, 1000, static_cast<std::uint16_t>(160 * n));
  EXPECT_EQ(keys_, "");
  for (int n = 0; n < 3; ++n) send(5, 1000, 800, true);
  EXPECT_EQ(keys_, "5");
  send(5, 1000, 640);
  tick(milliseconds(1000));
  EXPECT_EQ(keys_, "5");
  EXPECT_EQ(durations_, std::vector<std::uint32_t>{800});
}

TEST_F(DigitsTest, ToldTwiceWhenTheKeyIsPressedTwice) {
  send(5, 1000, 800, true);
  send(5, 3000, 800, true);
  EXPECT_EQ(keys_, "55");
}

TEST_F(DigitsTest, AnEventWithoutItsEndIsToldAfterAWhile) {
  send(0, 1000, 160);
  send(0, 1000, 320);
  tick(milliseconds(100));
  EXPECT_EQ(keys_, "");
  tick(milliseconds(150));
  EXPECT_EQ(keys_, "0");
  EXPECT_EQ(durations_, std::vector<std::uint32_t>{320});
  send(0, 1000, 480, true);
  EXPECT_EQ(keys_, "0") << "its late end is not a second one";
}

TEST_F(DigitsTest, AnEventWithoutItsEndIsToldWhenTheNextBegins) {
  send(1, 1000, 160);
  send(2, 2000, 160);
  EXPECT_EQ(keys_, "1");
  send(2, 2000, 320, true);
  EXPECT_EQ(keys_, "12");
}

// §2.5.1.3: 16 bits of duration last 1.4 s at 48 kHz.
TEST_F(DigitsTest, AKeyHeldForSeveralSegmentsIsOneDigit) {
  send(7, 1000, 0x8000);
  send(7, 1000, 0xffff);
  send(7, 1000 + 0xffff, 0x8000);
  send(7, 1000, 0xffff);  // late
  send(7, 1000 + 0xffff, 0xffff);
  send(7, 1000 + 2 * 0xffff, 960);
  EXPECT_EQ(keys_, "");
  send(7, 1000 + 2 * 0xffff, 1920, true);
  send(7, 1000 + 2 * 0xffff, 1920, true);
  EXPECT_EQ(keys_, "7");
  EXPECT_EQ(durations_, std::vector<std::uint32_t>{2 * 0xffff + 1920});
  // Another key there is another digit.
  send(8, 500000, 0xffff);
  send(9, 500000 + 0xffff, 960, true);
  EXPECT_EQ(keys_, "789");
}

TEST_F(DigitsTest, TimestampsMayWrap) {
  send(1, 0xffffff00, 800, true);
  send(2, 0x00000400, 800, true);
  EXPECT_EQ(keys_, "12");
}

TEST_F(DigitsTest, OtherEventsAreNoDigits) {
  send(36, 1000, 800, true);
  EXPECT_EQ(keys_, "");
}

}  // namespace
