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

TEST(Address, OfACallIsReadHoweverItIsWritten) {
  for (const char* uri : {"xmpp:call1@a.example", "call1@call.a.example", "call1", "xmpp:CALL1@calls.a.example"}) {
    EXPECT_EQ(rayo::call_id_of(uri, "a.example"), "call1") << uri;
  }
  for (const char* uri : {"", "xmpp:", "call1@b.example", "xmpp:a.example", "call1@a.example/x", "a b", "@a.example"}) {
    EXPECT_EQ(rayo::call_id_of(uri, "a.example"), std::nullopt) << uri;
  }
}

TEST(Address, OfAMixerIsItsNameInLowerCaseIfThatCanBeOne) {
  EXPECT_EQ(rayo::mixer_local_part("myMixer"), "mymixer");
  for (const char* name : {"", "a b", "a@b", "a/b", "a:b"}) {
    EXPECT_EQ(rayo::mixer_local_part(name), std::nullopt) << name;
  }
}

}  // namespace
