#include "call/dial_plan.hpp"

#include <gtest/gtest.h>

namespace {

using base::Kind;

call::DialPlan plan() {
  call::DialPlan plan;
  plan.gateway = "sip:gw.example:5070;transport=tcp";
  plan.host = "192.0.2.1";
  return plan;
}

TEST(DialPlan, SipUrisGoWhereTheySay) {
  const auto invite = call::plan_dial("sip:bob@192.0.2.9:5080", "sip:alice@example.com", plan());
  ASSERT_TRUE(invite) << invite.error().text;
  EXPECT_EQ(invite->to, "sip:bob@192.0.2.9:5080");
  EXPECT_EQ(invite->from, "sip:alice@example.com");
  EXPECT_EQ(invite->proxy, "");
}

TEST(DialPlan, TelephoneNumbersGoByTheGateway) {
  const auto invite = call::plan_dial("tel:+1-305-519-5825;ext=3", "tel:+14152226789", plan());
  ASSERT_TRUE(invite) << invite.error().text;
  EXPECT_EQ(invite->to, "sip:+13055195825@gw.example:5070;user=phone");
  EXPECT_EQ(invite->from, "sip:+14152226789@gw.example:5070;user=phone");
  EXPECT_EQ(invite->proxy, "sip:gw.example:5070;transport=tcp");
}

TEST(DialPlan, WithoutAGatewayTelephoneNumbersAreNotSupported) {
  const auto invite = call::plan_dial("tel:+13055195825", "", {});
  ASSERT_FALSE(invite);
  EXPECT_EQ(invite.error().kind, Kind::not_supported);
}

TEST(DialPlan, ACallerHasANameANumberOrNothing) {
  const auto named = call::plan_dial("sip:b@192.0.2.9", "\"Alice \\\"A\\\" B\" <sip:a@example.com>", plan());
  ASSERT_TRUE(named) << named.error().text;
  EXPECT_EQ(named->from_display, "Alice A B");
  EXPECT_EQ(named->from, "sip:a@example.com");
  const auto number = call::plan_dial("sip:b@192.0.2.9", "14155550100", plan());
  ASSERT_TRUE(number) << number.error().text;
  EXPECT_EQ(number->from, "sip:14155550100@192.0.2.1;user=phone");
  EXPECT_EQ(call::plan_dial("sip:b@192.0.2.9", "", plan())->from, "");
}

TEST(DialPlan, WhatCannotBeCalledIsRefused) {
  for (const char* to : {"", "foo:bar", "sip:", "sip:a b@c", "tel:", "tel:abc", "sip:a@b\r\nX: y", "<sip:a@b", "bob"}) {
    const auto invite = call::plan_dial(to, "", plan());
    ASSERT_FALSE(invite) << to;
    EXPECT_EQ(invite.error().kind, Kind::bad_request) << to;
    EXPECT_NE(invite.error().text.find("'to'"), std::string::npos) << to;
  }
  EXPECT_EQ(call::plan_dial("sips:a@b", "", plan()).error().kind, Kind::not_supported);
  EXPECT_EQ(call::plan_dial("sip:a@b", "http://x", plan()).error().kind, Kind::bad_request);
}

}  // namespace
