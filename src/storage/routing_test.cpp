#include "storage/routing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace storage;
using ::testing::ElementsAre;

TEST(Routing, TakesTheFirstRuleOfWhichAllFits) {
  const Routing routing({{"acme", "flac", "", "", {"vault", "local"}},
                         {"", "", "X-Keep", "legal*", {"vault"}},
                         {"a*", "", "", "", {"cloud"}}},
                        {"local"});
  EXPECT_THAT(routing.stores_for({"acme", "flac", {}}), ElementsAre("vault", "local"));
  EXPECT_THAT(routing.stores_for({"acme", "mp3", {}}), ElementsAre("cloud"));
  EXPECT_THAT(routing.stores_for({"acme", "mp3", {{"x-keep", "legal-7"}}}), ElementsAre("vault"));
  EXPECT_THAT(routing.stores_for({"zoo", "mp3", {{"x-keep", "no"}}}), ElementsAre("local"));
}

TEST(Routing, AStarIsAnyNumberOfCharacters) {
  EXPECT_TRUE(fits("a*c*", "abcd"));
  EXPECT_TRUE(fits("*", ""));
  EXPECT_TRUE(fits("*ab", "aab"));
  EXPECT_FALSE(fits("a", "ab"));
  EXPECT_FALSE(fits("a*b", "a"));
  EXPECT_FALSE(fits("", "a"));
  EXPECT_FALSE(fits("*a*a*a*a*a*a*a*a*b", std::string(2000, 'a')));
}

}  // namespace
