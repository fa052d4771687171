#include "call/digit_ways.hpp"

#include <gtest/gtest.h>

namespace call {
namespace {

using namespace std::chrono_literals;
using Way = DigitWays::Way;

TEST(DigitWays, OneWayAlwaysCounts) {
  DigitWays ways;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(ways.counts(Way::media, base::Time{} + i * 100ms));
}

TEST(DigitWays, TheSamePressInAnotherWayDoesNot) {
  DigitWays ways;
  base::Time now{};
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(ways.counts(Way::info, now));
    EXPECT_FALSE(ways.counts(Way::media, now + 150ms));
    now += 400ms;
  }
}

TEST(DigitWays, AnotherPhoneMayDoItOtherwise) {
  DigitWays ways;
  EXPECT_TRUE(ways.counts(Way::media, base::Time{}));
  EXPECT_TRUE(ways.counts(Way::info, base::Time{} + 2s));
  EXPECT_TRUE(ways.counts(Way::info, base::Time{} + 2100ms));
}

}  // namespace
}  // namespace call
