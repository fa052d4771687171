#include "net/address.hpp"

#include <gtest/gtest.h>

namespace {

using net::Address;

TEST(Address, ParsesBothFamiliesAndPrintsThemBack) {
  EXPECT_EQ(Address::parse("127.0.0.1:5060")->str(), "127.0.0.1:5060");
  EXPECT_EQ(Address::parse("[::1]:5060")->str(), "[::1]:5060");
  EXPECT_EQ(Address::parse("2001:db8::1", 7)->str(), "[2001:db8::1]:7");
}

TEST(Address, RefusesWhatIsNoNumericAddress) {
  for (const char* text : {"", "localhost:1", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "::1:5060", "[::1]",
                           "1.2.3:5", "1.2.3.4:5x"}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
}

TEST(Address, ComparesHostAndPort) {
  const Address one = *Address::parse("10.0.0.1:1000");
  Address two = one;
  EXPECT_TRUE(one == two);
  two.set_port(1001);
  EXPECT_FALSE(one == two);
  EXPECT_TRUE(one.same_host(two));
  EXPECT_TRUE(Address::parse("0.0.0.0:0")->is_any());
  EXPECT_FALSE(one.is_any());
}

}  // namespace
