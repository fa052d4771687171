#include "rtp/jitter_buffer.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace {

using Verdict = rtp::JitterBuffer::Verdict;

class JitterBufferTest : public testing::Test {
 protected:
  Verdict insert(std::int64_t sequence) {
    const std::vector<std::uint8_t> payload(10, static_cast<std::uint8_t>(sequence));
    return buffer_.insert({.sequence = sequence, .payload = payload});
  }
  std::vector<std::int64_t> drain() {
    std::vector<std::int64_t> all;
    while (const auto* item = buffer_.front()) {
      EXPECT_EQ(item->payload[0], static_cast<std::uint8_t>(item->sequence));
      all.push_back(item->sequence);
      buffer_.pop();
    }
    return all;
  }
  rtp::JitterBuffer buffer_;
};

TEST_F(JitterBufferTest, GivesPacketsBackInOrder) {
  for (const int n : {103, 100, 102, 101, 99, 104}) EXPECT_EQ(insert(n), Verdict::stored);
  EXPECT_EQ(drain(), (std::vector<std::int64_t>{99, 100, 101, 102, 103, 104}));
  EXPECT_TRUE(buffer_.is_empty());
}

TEST_F(JitterBufferTest, TellsDuplicatesFromLatePackets) {
  insert(100);
  insert(101);
  EXPECT_EQ(insert(101), Verdict::duplicate);
  insert(103);
  drain();
  EXPECT_EQ(insert(100), Verdict::duplicate);
  EXPECT_EQ(insert(103), Verdict::duplicate);
  EXPECT_EQ(insert(102), Verdict::late);
  EXPECT_EQ(insert(20), Verdict::late);
}

TEST_F(JitterBufferTest, LeavesHolesWhereNothingCame) {
  for (const int n : {10, 11, 14}) insert(n);
  buffer_.pop();
  buffer_.pop();
  ASSERT_NE(buffer_.front(), nullptr);
  EXPECT_EQ(buffer_.front()->sequence - buffer_.next(), 2);
}

TEST_F(JitterBufferTest, PushesTheOldestOutWhenItIsFull) {
  for (int n = 0; n < 100; ++n) EXPECT_EQ(insert(n), Verdict::stored);
  EXPECT_EQ(buffer_.size(), 64U);
  EXPECT_EQ(buffer_.pushed_out(), 36U);
  EXPECT_EQ(drain().front(), 36);
}

TEST_F(JitterBufferTest, TakesAnyJumpForward) {
  insert(5);
  EXPECT_EQ(insert(1'000'000), Verdict::stored);
  EXPECT_EQ(insert(999'999), Verdict::stored);
  EXPECT_EQ(drain(), (std::vector<std::int64_t>{999'999, 1'000'000}));
}

TEST_F(JitterBufferTest, RefusesWhatIsLongerThanASlot) {
  const std::vector<std::uint8_t> payload(rtp::JitterBuffer::kBytes + 1);
  EXPECT_EQ(buffer_.insert({.sequence = 1, .payload = payload}), Verdict::too_long);
  EXPECT_TRUE(buffer_.is_empty());
}

TEST(JitterBuffer, HoldsLongerPayloadsOnceItHasGrownAndKeepsWhatItHeld) {
  rtp::JitterBuffer buffer;
  const std::vector<std::uint8_t> small{1, 2, 3};
  buffer.insert({.sequence = 5, .position = 7, .payload = small});
  buffer.grow(4000);
  const std::vector<std::uint8_t> large(4000, 9);
  EXPECT_EQ(buffer.insert({.sequence = 6, .payload = large}), rtp::JitterBuffer::Verdict::stored);
  EXPECT_EQ(std::vector<std::uint8_t>(buffer.front()->payload.begin(), buffer.front()->payload.end()), small);
  buffer.change_each([](rtp::JitterBuffer::Item& item) { item.position += 10; });
  EXPECT_EQ(buffer.front()->position, 17);
  buffer.pop();
  EXPECT_EQ(std::vector<std::uint8_t>(buffer.front()->payload.begin(), buffer.front()->payload.end()), large);
}

}  // namespace
