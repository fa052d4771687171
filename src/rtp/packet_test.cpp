#include "rtp/packet.hpp"

#include <array>
#include <gtest/gtest.h>
#include <vector>

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes packet(std::initializer_list<int> after_header, int first = 0x80) {
  Bytes bytes = {static_cast<std::uint8_t>(first), 0x88, 0x12, 0x34, 0, 0, 1, 2, 0xde, 0xad, 0xbe, 0xef};
  for (const int byte : after_header) bytes.push_back(static_cast<std::uint8_t>(byte));
  return bytes;
}

TEST(RtpPacket, ReadsTheFieldsOfTheHeader) {
  const Bytes bytes = packet({1, 2, 3});
  const auto view = rtp::Packet::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->payload_type, 8);
  EXPECT_TRUE(view->marker);
  EXPECT_EQ(view->sequence, 0x1234);
  EXPECT_EQ(view->timestamp, 0x0102U);
  EXPECT_EQ(view->ssrc, 0xdeadbeefU);
  EXPECT_EQ(Bytes(view->payload.begin(), view->payload.end()), (Bytes{1, 2, 3}));
}

TEST(RtpPacket, SkipsSourcesExtensionAndPadding) {
  const Bytes bytes =
      packet({9, 9, 9, 9, 8, 8, 8, 8, 0xbe, 0xde, 0, 1, 7, 7, 7, 7, 42, 0, 0, 3}, 0x80 | 0x20 | 0x10 | 2);
  const auto view = rtp::Packet::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(Bytes(view->payload.begin(), view->payload.end()), Bytes{42});
}

TEST(RtpPacket, RefusesWhatDoesNotFitItsLength) {
  EXPECT_FALSE(rtp::Packet::parse({}));
  EXPECT_FALSE(rtp::Packet::parse(packet({1}, 0x40))) << "version 1";
  Bytes shorter = packet({});
  shorter.pop_back();
  EXPECT_FALSE(rtp::Packet::parse(shorter));
  EXPECT_FALSE(rtp::Packet::parse(packet({1, 2, 3}, 0x81))) << "half a CSRC";
  EXPECT_FALSE(rtp::Packet::parse(packet({1, 2, 0}, 0x90))) << "half an extension header";
  EXPECT_FALSE(rtp::Packet::parse(packet({0, 0, 0, 2, 1, 1, 1, 1}, 0x90))) << "extension longer than the packet";
  EXPECT_FALSE(rtp::Packet::parse(packet({1, 2, 0}, 0xa0))) << "no padding though said";
  EXPECT_FALSE(rtp::Packet::parse(packet({1, 2, 4}, 0xa0))) << "more padding than packet";
  EXPECT_TRUE(rtp::Packet::parse(packet({1, 2, 3}, 0xa0))->payload.empty());
}

TEST(RtpPacket, WritesAHeaderThatItReadsBack) {
  std::array<std::uint8_t, 13> bytes{};
  rtp::Packet{.payload_type = 101, .marker = true, .sequence = 65535, .timestamp = 0xfffffffe, .ssrc = 5, .payload = {}}
      .write_header(bytes);
  const auto view = rtp::Packet::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->payload_type, 101);
  EXPECT_TRUE(view->marker);
  EXPECT_EQ(view->sequence, 65535);
  EXPECT_EQ(view->timestamp, 0xfffffffeU);
  EXPECT_EQ(view->ssrc, 5U);
  EXPECT_EQ(view->payload.size(), 1U);
}

TEST(RtpPacket, TellsRtcpFromRtpOnOnePort) {
  EXPECT_TRUE(rtp::is_rtcp(Bytes{0x80, 200}));
  EXPECT_TRUE(rtp::is_rtcp(Bytes{0x80, 223}));
  EXPECT_FALSE(rtp::is_rtcp(Bytes{0x80, 0}));
  EXPECT_FALSE(rtp::is_rtcp(Bytes{0x80, 0x80 | 101}));
  EXPECT_FALSE(rtp::is_rtcp(Bytes{0x80}));
}

}  // namespace
