#include "rayo/address.hpp"

#include <gtest/gtest.h>

namespace {

TEST(Address, TheDomainAndItsFourAliasesAreOurs) {
  for (const char* domain : {"a.example", "call.a.example", "calls.a.example", "mixer.a.example", "mixers.a.example"}) {
    EXPECT_TRUE(rayo::is_ours({"x", domain, ""}, "a.example")) << domain;
  }
  for (const char* domain : {"example", "b.example", "other.a.example", "call.call.a.example", "calla.example"}) {
    EXPECT_FALSE(rayo::is_ours({"x", domain, ""}, "a.example")) << domain;
  }
}

TEST(Address, OfAComponentIsTheCallsWithTheComponentBehindIt) {
  EXPECT_EQ(rayo::component_jid("a.example", "call1", "rec1").str(), "call1@a.example/rec1");
  EXPECT_EQ(rayo::call_jid("a.example", "call1").str(), "call1@a.example");
}

}  // namespace
