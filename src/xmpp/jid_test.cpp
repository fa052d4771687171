#include "xmpp/jid.hpp"

#include <gtest/gtest.h>

namespace xmpp {
namespace {

TEST(Jid, has_three_parts_of_which_only_the_domain_is_needed) {
  const auto jid = Jid::parse("Alice@Example.ORG/Desk Phone@home/2");
  ASSERT_TRUE(jid);
  EXPECT_EQ(jid->local, "alice");
  EXPECT_EQ(jid->domain, "example.org");
  EXPECT_EQ(jid->resource, "Desk Phone@home/2");
  EXPECT_EQ(jid->str(), "alice@example.org/Desk Phone@home/2");
  EXPECT_EQ(jid->bare().str(), "alice@example.org");
  EXPECT_EQ(Jid::parse("localhost")->str(), "localhost");
  EXPECT_EQ(Jid::parse("localhost/a")->resource, "a");
  EXPECT_EQ(Jid::parse("a@[::1]")->domain, "[::1]");
  EXPECT_EQ(Jid::parse("a@example.org.")->domain, "example.org");
}

TEST(Jid, is_none_with_an_empty_overlong_or_forbidden_part) {
  for (const char* text : {"", "@", "@a", "a@", "a@/b", "/b", "a/", "a@b/", "a b@c", "a<b@c", "a@b@c", "a:b@c", "a@b c",
                           "\"a@b", "a@b/\n", "a\x01@b", "a@b/\xff", "\xc0\xaf@b"}) {
    EXPECT_FALSE(Jid::parse(text)) << text;
  }
  EXPECT_TRUE(Jid::parse(std::string(1023, 'a') + "@b"));
  EXPECT_FALSE(Jid::parse(std::string(1024, 'a') + "@b"));
  EXPECT_FALSE(Jid::parse("a@b/" + std::string(1024, 'r')));
}

}  // namespace
}  // namespace xmpp
