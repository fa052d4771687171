#include "record/formats/tag_text.hpp"

#include <gtest/gtest.h>

#include "record/formats/comment_block.hpp"

namespace {

using namespace record;

TEST(TagText, LosesControlCharacters) {
  EXPECT_EQ(tag_text("a\r\nb\tc\x7F\x01"), "abc");
  EXPECT_EQ(tag_text("x\xC2\x85y"), "xy");  // U+0085, a line's end
  EXPECT_EQ(tag_text(std::string_view("a\0b", 3)), "ab");
}

TEST(TagText, IsCutWhereACharacterEnds) {
  EXPECT_EQ(tag_text(std::string(1000, 'x')).size(), kLongestTag);
  EXPECT_EQ(tag_text("ab\xC3\xA9", 3), "ab");
  EXPECT_EQ(tag_text("ab\xC3\xA9", 4), "ab\xC3\xA9");
  std::string many;
  for (int i = 0; i < 200; ++i) many += "\xE2\x82\xAC";
  EXPECT_EQ(tag_text(many).size(), 255U);
}

TEST(TagText, IsUtf8WhateverCame) {
  EXPECT_EQ(tag_text("\xFF\xC3"), "??");
  EXPECT_EQ(tag_text("\xC0\xAF"), "??");            // overlong
  EXPECT_EQ(tag_text("\xED\xA0\x80"), "???");       // a surrogate
  EXPECT_EQ(tag_text("\xF4\x90\x80\x80"), "????");  // past U+10FFFF
  EXPECT_EQ(tag_text("\xF0\x9F\x98\x80"), "\xF0\x9F\x98\x80");
  EXPECT_EQ(tag_text("\xE2\x82x"), "??x");
}

TEST(TagText, IsAsciiWhereAFormatHasNothingElse) {
  EXPECT_EQ(ascii_tag_text("caf\xC3\xA9 \xE2\x82\xAC", 32), "caf? ?");
  EXPECT_EQ(ascii_tag_text("abcdef", 3), "abc");
}

TEST(TagText, LeavesOutWhatIsNotKnown) {
  EXPECT_TRUE(own_fields({}).empty());
  EXPECT_EQ(title_of({}), "");
  EXPECT_EQ(date_of({}), "");
  Tags tags;
  tags.to = "bob";
  EXPECT_EQ(title_of(tags), "bob");
}

TEST(CommentBlock, HoldsTheFieldsThatAreKnown) {
  Tags tags;
  tags.call_id = "ab";
  const auto block = comment_block(tags, "me");
  const std::string expected("\x02\0\0\0me\x01\0\0\0\x0A\0\0\0CALL_ID=ab", 24);
  EXPECT_EQ(std::string(block.begin(), block.end()), expected);
}

}  // namespace
