#include "rtp/source_statistics.hpp"

#include <gtest/gtest.h>

namespace {

using Verdict = rtp::SourceStatistics::Verdict;

rtp::Packet packet(std::uint32_t sequence, std::uint32_t timestamp = 0, std::uint32_t ssrc = 1) {
  return {.sequence = static_cast<std::uint16_t>(sequence), .timestamp = timestamp, .ssrc = ssrc, .payload = {}};
}

TEST(SourceStatistics, UnwrapsSequenceNumbersInAndOutOfOrder) {
  rtp::SourceStatistics source;
  source.receive(packet(65534), 0);
  const auto first = source.sequence();
  EXPECT_EQ(source.receive(packet(65536 + 1), 0), Verdict::newest);
  EXPECT_EQ(source.sequence(), first + 3);
  EXPECT_EQ(source.receive(packet(65535), 0), Verdict::older);
  EXPECT_EQ(source.sequence(), first + 1);
  EXPECT_EQ(source.receive(packet(65533), 0), Verdict::older) << "before the very first";
  EXPECT_EQ(source.sequence(), first - 1);
  EXPECT_GE(source.sequence(), 0);
}

TEST(SourceStatistics, CountsLossAsTheReceiverReportWantsIt) {
  rtp::SourceStatistics source;
  for (std::uint32_t n = 0; n < 200; ++n) {
    if (n % 4 != 1) source.receive(packet(1000 + n), 0);
  }
  auto report = source.report();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->cumulative_lost, 50);
  EXPECT_EQ(report->fraction_lost, 64);
  EXPECT_EQ(report->highest_sequence, 1199U);
  for (std::uint32_t n = 200; n < 300; ++n) source.receive(packet(1000 + n), 0);
  report = source.report();
  EXPECT_EQ(report->fraction_lost, 0) << "nothing since the last report";
  EXPECT_EQ(report->cumulative_lost, 50);
  source.receive(packet(1299), 0);
  source.receive(packet(1299), 0);
  report = source.report();
  EXPECT_EQ(report->fraction_lost, 0) << "duplicates are no negative loss";
  EXPECT_EQ(report->cumulative_lost, 48);
}

TEST(SourceStatistics, ReportsTheCyclesOfTheSequenceNumber) {
  rtp::SourceStatistics source;
  for (std::uint32_t n = 0; n < 140000; ++n) source.receive(packet(65000 + n), 0);
  EXPECT_EQ(source.report()->highest_sequence, 65000U + 139999U);
  EXPECT_EQ(source.report()->cumulative_lost, 0);
}

TEST(SourceStatistics, ASingleStrayJumpIsSuspectAndASecondPacketBehindItARestart) {
  rtp::SourceStatistics source;
  source.receive(packet(100), 0);
  EXPECT_EQ(source.receive(packet(20000), 0), Verdict::suspect);
  EXPECT_EQ(source.receive(packet(101), 0), Verdict::newest);
  EXPECT_EQ(source.receive(packet(30000), 0), Verdict::suspect);
  EXPECT_EQ(source.receive(packet(30001), 0), Verdict::restart);
  EXPECT_EQ(source.receive(packet(30002), 0), Verdict::newest);
  EXPECT_EQ(source.report()->cumulative_lost, 0);
}

TEST(SourceStatistics, AnotherSsrcIsARestart) {
  rtp::SourceStatistics source;
  source.receive(packet(100), 0);
  EXPECT_EQ(source.receive(packet(5, 0, 2), 0), Verdict::restart);
  EXPECT_EQ(source.report()->ssrc, 2U);
}

TEST(SourceStatistics, EstimatesJitterAsRfc3550Does) {
  rtp::SourceStatistics source;
  double jitter = 0;
  std::int64_t before = 0;
  for (std::uint32_t n = 0; n < 500; ++n) {
    const std::int64_t late = n * 7919 % 97;
    source.receive(packet(n, n * 160), 1000 + n * 160 + late);
    if (n > 0) jitter += (static_cast<double>(std::abs(late - before)) - jitter) / 16;
    before = late;
  }
  EXPECT_NEAR(source.jitter(), jitter, 1.5);
  EXPECT_GT(source.jitter(), 10U);
}

TEST(SourceStatistics, RepeatedTimestampsOfAnEventAreNoJitter) {
  rtp::SourceStatistics source;
  for (std::uint32_t n = 0; n < 20; ++n) source.receive(packet(n, n * 160), n * 160);
  for (std::uint32_t n = 20; n < 40; ++n) source.receive(packet(n, 20 * 160), n * 160, false);
  source.receive(packet(40, 40 * 160), 40 * 160);
  EXPECT_EQ(source.jitter(), 0U);
}

}  // namespace
