#include "net/port_range.hpp"

#include <gtest/gtest.h>
#include <set>
#include <vector>

namespace {

const net::Address kHost = *net::Address::parse("127.0.0.1", 0);

TEST(PortRange, GivesEvenPortsWithTheOddOneAboveUntilAllAreTaken) {
  net::PortRange range(kHost, 44001, 44010);
  EXPECT_EQ(range.pairs(), 4U) << "44002 to 44009";
  std::vector<net::PortPair> pairs;
  std::set<std::uint16_t> ports;
  for (int i = 0; i < 4; ++i) {
    auto pair = range.bind();
    ASSERT_TRUE(pair);
    EXPECT_EQ(pair->rtp_port % 2, 0);
    EXPECT_EQ(pair->rtp.local().port(), pair->rtp_port);
    EXPECT_EQ(pair->rtcp.local().port(), pair->rtp_port + 1);
    ports.insert(pair->rtp_port);
    pairs.push_back(std::move(*pair));
  }
  EXPECT_EQ(ports.size(), 4U);
  const auto none = range.bind();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, base::Kind::no_resources);
  pairs.erase(pairs.begin() + 2);
  EXPECT_TRUE(range.bind());
}

TEST(PortRange, DoesNotUseAPortAgainBeforeAllOthers) {
  net::PortRange range(kHost, 44100, 44119);
  std::set<std::uint16_t> ports;
  for (int i = 0; i < 10; ++i) ports.insert(range.bind()->rtp_port);
  EXPECT_EQ(ports.size(), 10U);
}

TEST(PortRange, SkipsAPairWhoseRtcpPortIsTaken) {
  const auto taken = net::UdpSocket::bind(*net::Address::parse("127.0.0.1", 44201));
  ASSERT_TRUE(taken);
  net::PortRange range(kHost, 44200, 44203);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(range.bind()->rtp_port, 44202);
}

TEST(PortRange, HasNoPairInARangeTooSmall) {
  EXPECT_EQ(net::PortRange(kHost, 44001, 44002).pairs(), 0U);
  EXPECT_FALSE(net::PortRange(kHost, 44001, 44002).bind());
  EXPECT_EQ(net::PortRange(kHost, 65534, 65535).pairs(), 1U);
}

}  // namespace
