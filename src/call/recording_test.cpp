#include "call/recording.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(RecordingHeaders, AreFoundByTheirNameInLowerCaseWithAllOfTheirValues) {
  EXPECT_THAT(call::by_name({{"X-Tenant", "red"}, {"Subject", "Tea"}, {"x-tenant", "blue"}, {"X-TENANT", ""}}),
              ElementsAre(Pair("subject", "Tea"), Pair("x-tenant", "red, blue, ")));
  EXPECT_THAT(call::by_name({}), IsEmpty());
}

}  // namespace
