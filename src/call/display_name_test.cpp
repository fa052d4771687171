#include "call/display_name.hpp"

#include <gtest/gtest.h>

namespace {

using call::display_name;

TEST(DisplayName, IsWhatStandsInFrontOfTheUri) {
  EXPECT_EQ(display_name("Alice <sip:alice@example.org>;tag=1"), "Alice");
  EXPECT_EQ(display_name("  Alice Adams\t<sip:alice@example.org>"), "Alice Adams");
  EXPECT_EQ(display_name("\"Alice \\\"A\\\" Adams\" <sip:alice@example.org>"), "Alice \"A\" Adams");
  EXPECT_EQ(display_name("\"<not a uri>\"<sip:alice@example.org>"), "<not a uri>");
}

TEST(DisplayName, IsEmptyWhereThereIsNone) {
  for (const char* header : {"", "  ", "<sip:alice@example.org>", "sip:alice@example.org;tag=1", "\"\" <sip:a@b>"}) {
    EXPECT_EQ(display_name(header), "") << header;
  }
}

TEST(DisplayName, TakesWhatIsCutOffAsItIs) {
  EXPECT_EQ(display_name("\"Ali"), "Ali");
  EXPECT_EQ(display_name("\"Ali\\"), "Ali\\");
  EXPECT_EQ(display_name("\""), "");
}

}  // namespace
