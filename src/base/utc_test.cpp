#include "base/utc.hpp"

#include <gtest/gtest.h>

namespace {

TEST(Utc, WritesMillisecondsAndLeapDays) {
  using std::chrono::milliseconds;
  EXPECT_EQ(base::utc_text(std::chrono::system_clock::time_point(milliseconds(0))), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(base::utc_text(std::chrono::system_clock::time_point(milliseconds(1709164799999))),
            "2024-02-28T23:59:59.999Z");
  EXPECT_EQ(base::utc_text(std::chrono::system_clock::time_point(milliseconds(1709164800000))),
            "2024-02-29T00:00:00.000Z");
}

}  // namespace
