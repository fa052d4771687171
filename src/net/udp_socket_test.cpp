#include "net/udp_socket.hpp"

#include <ctime>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace {

net::UdpSocket bound(const char* host) { return std::move(*net::UdpSocket::bind(*net::Address::parse(host, 0))); }

class UdpSocketTest : public testing::TestWithParam<const char*> {};

TEST_P(UdpSocketTest, CarriesDatagramsWithTheirSenderAndTimeOfArrival) {
  const auto one = bound(GetParam()), two = bound(GetParam());
  const std::vector<std::uint8_t> bytes = {1, 2, 3};
  ASSERT_TRUE(one.send(bytes, two.local()));
  net::ReceiveBatch batch;
  ASSERT_EQ(two.receive(batch), 1U);
  const auto datagram = batch[0];
  EXPECT_EQ(std::vector<std::uint8_t>(datagram.bytes.begin(), datagram.bytes.end()), bytes);
  EXPECT_TRUE(datagram.from == one.local());
  EXPECT_FALSE(datagram.truncated);
  EXPECT_NEAR(static_cast<double>(datagram.stamp.count()) / 1e9, static_cast<double>(std::time(nullptr)), 5);
  EXPECT_EQ(two.receive(batch), 0U);
  EXPECT_EQ(batch.size(), 0U);
}

INSTANTIATE_TEST_SUITE_P(BothFamilies, UdpSocketTest, testing::Values("127.0.0.1", "::1"));

TEST(UdpSocket, ReadsManyDatagramsInBatches) {
  const auto one = bound("127.0.0.1"), two = bound("127.0.0.1");
  for (std::uint8_t n = 0; n < 100; ++n) ASSERT_TRUE(one.send({&n, 1}, two.local()));
  net::ReceiveBatch batch;
  ASSERT_EQ(two.receive(batch), net::ReceiveBatch::kDatagrams);
  EXPECT_TRUE(batch.is_full());
  EXPECT_EQ(batch[63].bytes[0], 63);
  ASSERT_EQ(two.receive(batch), 36U);
  EXPECT_EQ(batch[35].bytes[0], 99);
  EXPECT_TRUE(batch[35].from == one.local());
}

TEST(UdpSocket, SaysThatADatagramWasCut) {
  const auto one = bound("127.0.0.1"), two = bound("127.0.0.1");
  ASSERT_TRUE(one.send(std::vector<std::uint8_t>(net::ReceiveBatch::kBytes + 1), two.local()));
  net::ReceiveBatch batch;
  ASSERT_EQ(two.receive(batch), 1U);
  EXPECT_TRUE(batch[0].truncated);
  EXPECT_EQ(batch[0].bytes.size(), net::ReceiveBatch::kBytes);
}

TEST(UdpSocket, TakesAnEmptyDatagram) {
  const auto one = bound("127.0.0.1"), two = bound("127.0.0.1");
  ASSERT_TRUE(one.send({}, two.local()));
  net::ReceiveBatch batch;
  ASSERT_EQ(two.receive(batch), 1U);
  EXPECT_TRUE(batch[0].bytes.empty());
}

TEST(UdpSocket, SaysWhyItCannotBeBound) {
  const auto one = bound("127.0.0.1");
  const auto taken = net::UdpSocket::bind(one.local());
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().kind, base::Kind::no_resources);
  const auto foreign = net::UdpSocket::bind(*net::Address::parse("192.0.2.1:0"));
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().kind, base::Kind::unavailable);
}

}  // namespace
