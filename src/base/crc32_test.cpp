#include "base/crc32.hpp"

#include <gtest/gtest.h>

namespace {

TEST(Crc32, IsWhatEverybodyElseComputes) {
  EXPECT_EQ(base::crc32(""), 0U);
  EXPECT_EQ(base::crc32("123456789"), 0xCBF43926U);
}

}  // namespace
