#include "rtp/rtcp.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace {

std::vector<std::uint8_t> written(const rtp::Report& report) {
  std::array<std::uint8_t, rtp::Report::kMaxSize> bytes;
  const std::size_t size = report.write(bytes);
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
}

const rtp::ReportBlock kBlock{.ssrc = 9,
                              .fraction_lost = 77,
                              .cumulative_lost = -3,
                              .highest_sequence = 0x00020003,
                              .jitter = 44,
                              .last_sr = 0x11223344,
                              .delay_since_sr = 65536};

TEST(Rtcp, ReadsBackTheReportThatItWrites) {
  const auto bytes =
      written({.ssrc = 5,
               .sender = rtp::SenderInfo{.ntp = 0x0102030405060708, .rtp_timestamp = 3, .packets = 4, .bytes = 5},
               .block = kBlock,
               .cname = "name",
               .bye = true});
  EXPECT_EQ(bytes.size() % 4, 0U);
  const auto compound = rtp::Compound::parse(bytes);
  ASSERT_TRUE(compound);
  EXPECT_EQ(compound->ssrc, 5U);
  ASSERT_TRUE(compound->sender);
  EXPECT_EQ(compound->sender->ntp, 0x0102030405060708U);
  EXPECT_EQ(compound->sender->packets, 4U);
  EXPECT_EQ(compound->sender->bytes, 5U);
  ASSERT_EQ(compound->block_count, 1U);
  const auto& block = compound->blocks[0];
  EXPECT_EQ(block.ssrc, 9U);
  EXPECT_EQ(block.fraction_lost, 77);
  EXPECT_EQ(block.cumulative_lost, -3);
  EXPECT_EQ(block.highest_sequence, 0x00020003U);
  EXPECT_EQ(block.jitter, 44U);
  EXPECT_EQ(block.last_sr, 0x11223344U);
  EXPECT_EQ(block.delay_since_sr, 65536U);
  EXPECT_TRUE(compound->bye);
}

TEST(Rtcp, PadsTheNameToAWholeNumberOfWordsForEveryLength) {
  for (std::size_t length = 0; length <= 300; ++length) {
    const std::string name(length, 'x');
    const auto bytes = written({.ssrc = 5, .sender = {}, .block = {}, .cname = name});
    ASSERT_EQ(bytes.size() % 4, 0U) << length;
    ASSERT_EQ(bytes.back(), 0) << "the list of items ends with a zero";
    ASSERT_TRUE(rtp::Compound::parse(bytes)) << length;
  }
}

TEST(Rtcp, RefusesEveryPrefixThatEndsWithinAPacket) {
  const auto bytes = written({.ssrc = 5, .sender = {}, .block = kBlock, .cname = "name", .bye = true});
  int accepted = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    if (rtp::Compound::parse(std::span(bytes).first(size))) ++accepted;
  }
  EXPECT_EQ(accepted, 2) << "after the report, and after the description";
}

TEST(Rtcp, RefusesWhatIsNoCompound) {
  auto bytes = written({.ssrc = 5, .sender = {}, .block = {}, .cname = "name"});
  auto wrong = bytes;
  wrong[0] = 0x41;
  EXPECT_FALSE(rtp::Compound::parse(wrong)) << "version";
  wrong = bytes;
  wrong[0] |= 0x20;
  EXPECT_FALSE(rtp::Compound::parse(wrong)) << "padding in the first";
  wrong = bytes;
  wrong[1] = 202;
  EXPECT_FALSE(rtp::Compound::parse(wrong)) << "no report first";
  wrong = bytes;
  wrong[0] |= 1;
  EXPECT_FALSE(rtp::Compound::parse(wrong)) << "a block that is not there";
}

TEST(Rtcp, ABlockCountsToAsManyAsThereCanBe) {
  std::vector<std::uint8_t> bytes = {0x80 | 31, 201, 0, 1 + 31 * 6, 0, 0, 0, 5};
  bytes.resize(8 + 31 * 24);
  const auto first = bytes;
  bytes.insert(bytes.end(), first.begin(), first.end());
  const auto compound = rtp::Compound::parse(bytes);
  ASSERT_TRUE(compound);
  EXPECT_EQ(compound->block_count, 31U);
}

}  // namespace
