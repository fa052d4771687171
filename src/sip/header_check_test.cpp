#include "sip/header_check.hpp"

#include <gtest/gtest.h>
#include <string>

namespace sip {
namespace {

TEST(HeaderCheck, LetsOrdinaryHeadersThrough) {
  EXPECT_TRUE(check_header("X-Custom", "anything; goes=\"here\", <sip:a@b>"));
  EXPECT_TRUE(check_header("Reason", "Q.850;cause=16"));
  EXPECT_TRUE(check_header("Subject", "caf\xC3\xA9"));
  EXPECT_TRUE(check_header("Retry-After", "5"));
  EXPECT_TRUE(check_header("X-Empty", ""));
}

TEST(HeaderCheck, RefusesNamesThatAreNoTokens) {
  for (const char* name : {"", "X Y", "X:", "X\r\nVia", "X\tY", "\xC3\xA9", "(x)", "<x>"}) {
    const auto checked = check_header(name, "value");
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().kind, base::Kind::bad_request);
  }
  EXPECT_FALSE(check_header(std::string(200, 'x'), "value"));
}

TEST(HeaderCheck, RefusesValuesThatWouldBeginALine) {
  for (const std::string& value : {std::string("a\r\nVia: b"), std::string("a\nb"), std::string("a\rb"),
                                   std::string("a\0b", 3), std::string("\x7F"), std::string(5000, 'x')}) {
    EXPECT_FALSE(check_header("X-Custom", value));
  }
}

TEST(HeaderCheck, KeepsTheStacksOwnHeadersInAnyCaseAndShort) {
  for (const char* name :
       {"Via", "v", "V", "to", "FROM", "Call-ID", "call-id", "CSeq", "Contact", "m", "Content-Length", "l",
        "Content-Type", "Route", "Record-Route", "Require", "Session-Expires"}) {
    const auto checked = check_header(name, "value");
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().kind, base::Kind::not_allowed);
  }
}

TEST(UriCheck, TakesUrisAndNothingElse) {
  EXPECT_TRUE(check_uri("sip:carol@192.0.2.4;transport=tcp?X-A=b"));
  EXPECT_TRUE(check_uri("tel:+15551234"));
  EXPECT_TRUE(check_uri("sip:[::1]:5060"));
  for (const char* uri :
       {"", "sip:", ":x", "carol", "sip:a b", "sip:a\r\nVia: x", "sip:a>;evil", "<sip:a@b>", "s ip:a"}) {
    EXPECT_FALSE(check_uri(uri)) << uri;
  }
}

}  // namespace
}  // namespace sip
