#include "input/info_digit.hpp"

#include <gtest/gtest.h>

namespace input {
namespace {

using namespace std::chrono_literals;

TEST(InfoDigit, IsReadFromDtmfRelay) {
  const auto digit = parse_info("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n");
  ASSERT_TRUE(digit);
  EXPECT_EQ(digit->key, '5');
  EXPECT_EQ(digit->duration, 160ms);
}

TEST(InfoDigit, IsReadFromPlainDtmf) {
  const auto digit = parse_info("Application/DTMF; charset=utf-8", " *\r\n");
  ASSERT_TRUE(digit);
  EXPECT_EQ(digit->key, '*');
  EXPECT_EQ(digit->duration, 0ms);
}

TEST(InfoDigit, IsReadHoweverItIsWritten) {
  for (const auto& [body, key] : {std::pair{"signal = # \nduration= 100", '#'},
                                  {"Signal=10", '*'},
                                  {"Signal=11", '#'},
                                  {"Signal=15", 'D'},
                                  {"Signal=star", '*'},
                                  {"Signal=Pound", '#'},
                                  {"Duration=9\r\nSignal=d\r\n", 'D'},
                                  {"\r\n\r\nx\r\nSignal=0", '0'}}) {
    const auto digit = parse_info("application/dtmf-relay", body);
    ASSERT_TRUE(digit) << body;
    EXPECT_EQ(digit->key, key) << body;
  }
  EXPECT_EQ(parse_info("application/dtmf", "Signal=7\r\nDuration=80")->duration, 80ms);
}

TEST(InfoDigit, ADurationThatIsNoneIsLeftOut) {
  for (const char* body :
       {"Signal=5\nDuration=", "Signal=5\nDuration=-4", "Signal=5\nDuration=999999999999", "Signal=5\nDuration=1s"}) {
    EXPECT_EQ(parse_info("application/dtmf-relay", body)->duration, 0ms) << body;
  }
  EXPECT_EQ(parse_info("application/dtmf-relay", "Signal=5\nDuration=99999999")->duration, 60s);
}

TEST(InfoDigit, WhatIsNoKeyIsNone) {
  for (const char* body : {"", "Signal=", "Signal=16", "Signal=55", "Signal=x", "Duration=100", "5"}) {
    EXPECT_FALSE(parse_info("application/dtmf-relay", body)) << body;
  }
  EXPECT_FALSE(parse_info("text/plain", "Signal=5"));
  EXPECT_FALSE(parse_info("", ""));
  EXPECT_FALSE(parse_info("application/dtmf", "55"));
  EXPECT_FALSE(parse_info("application/dtmf", "12")) << "two keys, or the number of one: not known";
}

}  // namespace
}  // namespace input
