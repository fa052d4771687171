#include "input/matcher.hpp"

#include "input/srgs_for_test.hpp"

namespace input {
namespace {

constexpr const char* kLiterals = "tag-format='semantics/1.0-literals'";

Matcher of(std::vector<std::string> documents) {
  std::vector<Grammar> grammars;
  for (const std::string& document : documents) grammars.push_back(read(document));
  return Matcher(std::move(grammars));
}

TEST(Matcher, HoldsKeysAgainstSeveralGrammarsAtOnce) {
  Matcher matcher = of({rule("1 2 3"), rule("1 2"), rule("9")});
  matcher.feed('1');
  EXPECT_FALSE(matcher.matches());
  EXPECT_TRUE(matcher.takes('2'));
  EXPECT_FALSE(matcher.takes('9'));
  matcher.feed('2');
  EXPECT_TRUE(matcher.matches());
  EXPECT_TRUE(matcher.can_go_on()) << "the first grammar wants one more";
  matcher.feed('3');
  EXPECT_TRUE(matcher.matches());
  EXPECT_FALSE(matcher.can_go_on());
  matcher.feed('4');
  EXPECT_TRUE(matcher.is_dead());
}

TEST(Matcher, OfTwoGrammarsThatMatchTheFirstCounts) {
  auto first = read_builtin("builtin:dtmf/digits?length=1");
  auto second = read_builtin("builtin:dtmf/digits?maxlength=1");
  Matcher matcher({*first, *second});
  matcher.feed('7');
  EXPECT_EQ(matcher.matched().uri, "builtin:dtmf/digits?length=1");
}

TEST(Matcher, SaysWhatTheTagOnTheWaySays) {
  const std::string menu = grammar_of(
      "<rule "
      "id='r'><one-of><item>1<tag>sales</tag></item><item>2<tag>support</tag></item><item>3</item></one-of></rule>",
      kLiterals);
  for (const auto& [key, tag] : {std::pair{'1', "sales"}, std::pair{'2', "support"}}) {
    Matcher matcher = of({menu});
    matcher.feed(key);
    EXPECT_EQ(matcher.tag(), tag);
  }
  Matcher matcher = of({menu});
  matcher.feed('3');
  EXPECT_TRUE(matcher.matches());
  EXPECT_EQ(matcher.tag(), std::nullopt);
}

TEST(Matcher, PrefersTheAlternativeThatIsWrittenFirst) {
  Matcher matcher =
      of({grammar_of("<rule id='r'><one-of><item>1 2<tag>exactly</tag></item><item><item repeat='1-'><ruleref "
                     "uri='builtin:dtmf/digits?length=1'/></item><tag>anything</tag></item></one-of></rule>",
                     kLiterals)});
  matcher.feed('1');
  EXPECT_EQ(matcher.tag(), "anything");
  matcher.feed('2');
  EXPECT_EQ(matcher.tag(), "exactly");
}

TEST(Matcher, TagsInScriptAreNotRun) {
  Matcher matcher = of({grammar_of("<rule id='r'>1<tag>out.a = 1;</tag></rule>", "tag-format='semantics/1.0'")});
  matcher.feed('1');
  EXPECT_EQ(matcher.tag(), std::nullopt);
}

// What takes a backtracking matcher exponential time.
TEST(Matcher, IsLinearWhateverTheGrammar) {
  std::string optional, needed;
  for (int i = 0; i < 300; ++i) optional += "<item repeat='0-1'>1</item>";
  for (int i = 0; i < 300; ++i) needed += "1";
  Matcher matcher = of({rule(optional + needed)});
  for (int i = 0; i < 299; ++i) matcher.feed('1');
  EXPECT_FALSE(matcher.matches());
  matcher.feed('1');
  EXPECT_TRUE(matcher.matches());
}

}  // namespace
}  // namespace input
