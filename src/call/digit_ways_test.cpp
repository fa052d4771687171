#include "call/digit_ways.hpp"

#include <gtest/gtest.h>

namespace call {
namespace {

using namespace std::chrono_literals;
using Way = DigitWays::Way;

TEST(DigitWays, OneWayAlwaysCounts) {
  DigitWays ways;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(ways.counts(Way::media, '1', base::Time{} + i * 10ms));
}

TEST(DigitWays, TheSamePressInAnotherWayDoesNot) {
  DigitWays ways;
  base::Time now{};
  for (const char key : {'1', '1', '2', '1', '2', '2'}) {
    EXPECT_TRUE(ways.counts(Way::info, key, now));
    EXPECT_FALSE(ways.counts(Way::media, key, now + 150ms));
    now += 400ms;
  }
}

TEST(DigitWays, KeysMayComeFasterThanTheirOtherWay) {
  DigitWays ways;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(ways.counts(Way::info, '1', base::Time{} + i * 100ms));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(ways.counts(Way::media, '1', base::Time{} + 500ms + i * 100ms));
  EXPECT_TRUE(ways.counts(Way::media, '1', base::Time{} + 900ms)) << "a fourth press";
}

TEST(DigitWays, AnotherPhoneMayDoItOtherwise) {
  DigitWays ways;
  EXPECT_TRUE(ways.counts(Way::media, '1', base::Time{}));
  EXPECT_TRUE(ways.counts(Way::info, '2', base::Time{} + 100ms));
  EXPECT_TRUE(ways.counts(Way::info, '1', base::Time{} + 2s));
}

}  // namespace
}  // namespace call
