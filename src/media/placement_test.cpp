#include "media/placement.hpp"

#include <gmock/gmock.h>

namespace {

using media::Placement;
using testing::UnorderedElementsAre;

TEST(PlacementTest, NewOnesGoWhereTheFewestAre) {
  Placement placement(2);
  EXPECT_EQ(placement.add(1), 0U);
  EXPECT_EQ(placement.add(2), 1U);
  EXPECT_EQ(placement.add(3), 0U);
  placement.remove(1);
  placement.remove(3);
  EXPECT_EQ(placement.add(4), 0U);
  EXPECT_EQ(placement.worker_of(3), std::nullopt);
}

TEST(PlacementTest, TheSmallerSideMovesWithAllThatIsJoinedToIt) {
  Placement placement(2);
  for (std::uint32_t id = 1; id <= 8; ++id) placement.add(id);  // odd ones at 0, even ones at 1
  EXPECT_FALSE(placement.join(1, 3));
  EXPECT_FALSE(placement.join(3, 5));
  EXPECT_FALSE(placement.join(2, 4));
  const auto move = placement.join(4, 1);
  ASSERT_TRUE(move);
  EXPECT_EQ(move->from, 1U);
  EXPECT_EQ(move->to, 0U);
  EXPECT_THAT(move->endpoints, UnorderedElementsAre(2, 4));
  EXPECT_EQ(placement.worker_of(2), 0U);
  EXPECT_EQ(placement.add(9), 1U);
}

TEST(PlacementTest, WhatIsNoLongerJoinedDoesNotMoveAlong) {
  Placement placement(2);
  for (std::uint32_t id = 1; id <= 4; ++id) placement.add(id);
  placement.join(1, 3);
  placement.unjoin(3, 1);
  const auto move = placement.join(2, 1);
  ASSERT_TRUE(move);
  EXPECT_THAT(move->endpoints, UnorderedElementsAre(1));
  placement.join(1, 3);
  placement.remove(1);
  const auto other = placement.join(3, 4);
  ASSERT_FALSE(other.has_value() && other->endpoints.size() > 1);
}

}  // namespace
