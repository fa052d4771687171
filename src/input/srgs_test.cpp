#include <gmock/gmock.h>

#include "input/srgs_for_test.hpp"

namespace input {
namespace {

using base::Kind;
using testing::HasSubstr;

base::Error refusal(const std::string& document) {
  auto grammar = read_srgs(document);
  EXPECT_FALSE(grammar) << document;
  return grammar ? base::Error{} : grammar.error();
}

TEST(Srgs, ReadsTheExampleOfXep0327) {
  const std::string pin(kPinGrammar);
  EXPECT_EQ(judge(pin, ""), "more");
  EXPECT_EQ(judge(pin, "1234"), "more");
  EXPECT_EQ(judge(pin, "1234#"), "yes");
  EXPECT_EQ(judge(pin, "123#"), "no");
  EXPECT_EQ(judge(pin, "12345"), "no");
  EXPECT_EQ(judge(pin, "*"), "more");
  EXPECT_EQ(judge(pin, "*9"), "yes");
  EXPECT_EQ(judge(pin, "*8"), "no");
}

TEST(Srgs, TakesTokensWithAndWithoutSpacesAndInQuotes) {
  for (const char* tokens : {"1 2 #", "12#", " 1 \"2\" # ", "<token>1</token> 2#", "1<token>2#</token>"}) {
    EXPECT_EQ(judge(rule(tokens), "12#"), "yes") << tokens;
    EXPECT_EQ(judge(rule(tokens), "12"), "more") << tokens;
  }
  EXPECT_EQ(judge(rule("A b*"), "AB*"), "yes");
}

TEST(Srgs, RepeatsAsOftenAsItSays) {
  EXPECT_EQ(judge(rule("<item repeat='2'>1</item>"), "1"), "more");
  EXPECT_EQ(judge(rule("<item repeat='2'>1</item>"), "11"), "yes");
  EXPECT_EQ(judge(rule("<item repeat='2'>1</item>"), "111"), "no");
  const std::string some = rule("<item repeat='1-3'>1</item>");
  EXPECT_EQ(judge(some, ""), "more");
  EXPECT_EQ(judge(some, "1"), "yes, more");
  EXPECT_EQ(judge(some, "111"), "yes");
  const std::string many = rule("<item repeat='2-'>1</item>");
  EXPECT_EQ(judge(many, "1"), "more");
  EXPECT_EQ(judge(many, "11"), "yes, more");
  EXPECT_EQ(judge(many, std::string(500, '1')), "yes, more");
  EXPECT_EQ(judge(rule("<item repeat='0-1'>1</item>2"), "2"), "yes");
  EXPECT_EQ(judge(rule("<item repeat='0'>1</item>2"), "2"), "yes");
  EXPECT_EQ(judge(rule("<item repeat='0-'>1</item>"), ""), "yes, more");
}

TEST(Srgs, RepeatsWhatMayBeEmptyWithoutEnd) {
  EXPECT_EQ(judge(rule("<item repeat='0-'><item repeat='0-'>1</item></item>2"), "1112"), "yes");
  EXPECT_EQ(judge(rule("<item repeat='3-'></item>2"), "2"), "yes");
}

TEST(Srgs, BadRepeatsAreNamed) {
  for (const char* repeat : {"", "x", "-1", "3-1", "1-2-3", "1 -2", "99999999999"}) {
    const auto error = refusal(rule("<item repeat='" + std::string(repeat) + "'>1</item>"));
    EXPECT_EQ(error.kind, Kind::bad_request);
    EXPECT_THAT(error.text, HasSubstr("repeat"));
  }
}

TEST(Srgs, BeginsWithTheRootOrElseTheFirstPublicRule) {
  const auto with = [](const std::string& root) {
    return "<grammar mode='dtmf'" + root +
           "><rule id='a'>1</rule><rule id='b' scope='public'>2</rule><rule id='c' scope='public'>3</rule></grammar>";
  };
  EXPECT_EQ(judge(with(" root='c'"), "3"), "yes");
  EXPECT_EQ(judge(with(" root='a'"), "1"), "yes");
  EXPECT_EQ(judge(with(""), "2"), "yes");
  EXPECT_EQ(judge("<grammar mode='dtmf'><rule id='only'>4</rule></grammar>", "4"), "yes");
  EXPECT_THAT(refusal(with(" root='d'")).text, HasSubstr("'d'"));
  EXPECT_THAT(refusal("<grammar mode='dtmf'><rule id='a'>1</rule><rule id='b'>1</rule></grammar>").text,
              HasSubstr("no public rule"));
}

TEST(Srgs, FollowsReferencesToRulesAndToWhatIsBuiltIn) {
  EXPECT_EQ(
      judge(grammar_of("<rule id='r'><ruleref uri='#d'/>*<ruleref uri='#d'/></rule><rule id='d'>12</rule>"), "12*12"),
      "yes");
  EXPECT_EQ(judge(rule("<ruleref uri='builtin:dtmf/digits?length=2'/>#"), "47#"), "yes");
  EXPECT_THAT(refusal(rule("<ruleref uri='#x'/>")).text, HasSubstr("'#x'"));
  EXPECT_EQ(refusal(rule("<ruleref uri='http://example.org/g.grxml#x'/>")).kind, Kind::not_supported);
}

TEST(Srgs, KnowsTheSpecialRules) {
  EXPECT_EQ(judge(rule("<ruleref special='NULL'/>1"), "1"), "yes");
  const std::string cut_off = rule("<one-of><item>1 2 <ruleref special='VOID'/></item><item>1 3</item></one-of>");
  EXPECT_EQ(judge(cut_off, "1"), "more");
  EXPECT_EQ(judge(cut_off, "12"), "no") << "nothing that leads to VOID is waited for";
  EXPECT_EQ(judge(rule("<ruleref special='VOID'/>"), ""), "no");
  EXPECT_EQ(judge(rule("<ruleref special='GARBAGE'/>#"), "12*34"), "more");
  EXPECT_EQ(judge(rule("<ruleref special='GARBAGE'/>#"), "12*34#"), "yes, more");
}

TEST(Srgs, ARuleThatRefersToItselfAtItsEndIsALoop) {
  const std::string digits = grammar_of(
      "<rule id='r'><one-of><item>1</item><item>2</item></one-of><item repeat='0-1'><ruleref uri='#r'/></item></rule>");
  EXPECT_EQ(judge(digits, "1"), "yes, more");
  EXPECT_EQ(judge(digits, "121212"), "yes, more");
  EXPECT_EQ(judge(digits, "123"), "no");
  const std::string by_turns = grammar_of(
      "<rule id='r'>1<ruleref uri='#s'/></rule>"
      "<rule id='s'>2<one-of><item><ruleref uri='#r'/></item><item>#</item></one-of></rule>");
  EXPECT_EQ(judge(by_turns, "121212#"), "yes");
  EXPECT_EQ(
      judge(grammar_of("<rule id='r'><one-of><item><ruleref uri='#r'/></item><item>1</item></one-of></rule>"), "1"),
      "yes");
}

TEST(Srgs, ARuleThatRefersToItselfElsewhereIsRefused) {
  for (const char* body :
       {"1<ruleref uri='#r'/>2", "<ruleref uri='#r'/>1", "<item repeat='0-'><ruleref uri='#r'/></item>"}) {
    EXPECT_THAT(refusal(rule(body)).text, HasSubstr("refers to itself")) << body;
  }
  EXPECT_EQ(judge(rule("<ruleref uri='#r'/>"), ""), "no") << "itself and nothing else: it never ends";
}

TEST(Srgs, GrammarsThatGrowWithoutBoundAreRefused) {
  EXPECT_EQ(refusal(rule("<item repeat='1000000000'>1</item>")).kind, Kind::no_resources);
  EXPECT_EQ(refusal(rule("<item repeat='0-4000000000'></item>")).kind, Kind::no_resources);
  std::string twice = "<rule id='r'><ruleref uri='#a0'/></rule>";
  for (int i = 0; i < 40; ++i) {
    const std::string next = std::string("<ruleref uri='#a").append(std::to_string(i + 1)).append("'/>");
    twice += "<rule id='a" + std::to_string(i) + "'>" + next + next + "</rule>";
  }
  EXPECT_EQ(refusal(grammar_of(twice + "<rule id='a40'>1</rule>")).kind, Kind::no_resources);
  std::string chain;
  for (int i = 0; i < 5000; ++i) {
    chain += "<rule id='" + (i == 0 ? std::string("r") : std::string("a").append(std::to_string(i))) +
             "'><ruleref uri='#a" + std::to_string(i + 1) + "'/></rule>";
  }
  auto deep = read_srgs(xml::parse(grammar_of(chain + "<rule id='a5000'>1</rule>"), {1 << 20, 64}).value());
  ASSERT_FALSE(deep);
  EXPECT_THAT(deep.error().text, HasSubstr("deep"));
}

TEST(Srgs, SpeechIsNotSupported) {
  EXPECT_EQ(refusal("<grammar mode='voice' root='r'><rule id='r'>hello</rule></grammar>").kind, Kind::not_supported);
  EXPECT_EQ(refusal("<grammar root='r'><rule id='r'>hello</rule></grammar>").kind, Kind::not_supported)
      << "voice is what SRGS takes for granted";
  EXPECT_EQ(judge("<grammar root='r'><rule id='r'>1 2</rule></grammar>", "12"), "yes")
      << "clients leave the mode out where there are keys only";
  EXPECT_EQ(refusal(rule("hello")).kind, Kind::bad_request);
}

TEST(Srgs, WhatMeansNothingForMatchingIsPassedOver) {
  EXPECT_EQ(
      judge("<!-- a comment --><!DOCTYPE grammar PUBLIC '-//W3C//DTD GRAMMAR 1.0//EN' 'http://w3.org/grammar.dtd'>" +
                grammar_of("<meta name='a' content='b'/><metadata><x xmlns='urn:y'/></metadata><lexicon "
                           "uri='http://example.org'/><tag>var a</tag>"
                           "<rule id='r'><example>1</example><!-- a key --><item weight='2.5' "
                           "repeat-prob='0.1'>1</item><tag>out = 1;</tag></rule>",
                           "xml:lang='en' tag-format='semantics/1.0'"),
            "1"),
      "yes");
}

TEST(Srgs, WhatIsNoGrammarIsRefused) {
  for (const char* document :
       {"", "hello", "<grammar", "<speak/>", "<grammar/>", "<grammar xmlns='urn:x'><rule id='r'>1</rule></grammar>",
        "<grammar mode='smell'><rule id='r'>1</rule></grammar>",
        "<grammar version='2.0'><rule id='r'>1</rule></grammar>", "<grammar><rule>1</rule></grammar>",
        "<grammar><rule id='r'>1</rule><rule id='r'>1</rule></grammar>", "<grammar><rule id='NULL'>1</rule></grammar>",
        "<grammar><rule id='r' scope='both'>1</rule></grammar>", "<grammar><rule id='r'><one-of/></rule></grammar>",
        "<grammar><rule id='r'><one-of>1</one-of></rule></grammar>", "<grammar><rule id='r'><count/></rule></grammar>",
        "<grammar><rule id='r'><item repat='1'>1</item></rule></grammar>",
        "<grammar><rule id='r'><ruleref/></rule></grammar>",
        "<grammar><rule id='r'><ruleref special='ALL'/></rule></grammar>",
        "<grammar root='r'><rule id='r'>1</rule><rule id='unused'><bad/></rule></grammar>"}) {
    EXPECT_EQ(refusal(document).kind, Kind::bad_request) << document;
  }
}

TEST(Builtin, DigitsAreAsManyAsItSays) {
  const auto of = [](const char* uri, const char* keys) {
    auto grammar = read_builtin(uri);
    EXPECT_TRUE(grammar) << uri;
    return judge(std::move(*grammar), keys);
  };
  EXPECT_EQ(of("builtin:dtmf/digits", "1"), "yes, more");
  EXPECT_EQ(of("builtin:dtmf/digits", "1*"), "no");
  EXPECT_EQ(of("builtin:dtmf/digits?length=3", "12"), "more");
  EXPECT_EQ(of("builtin:dtmf/digits?length=3", "123"), "yes");
  EXPECT_EQ(of("builtin:dtmf/digits?minlength=2;maxlength=3", "1"), "more");
  EXPECT_EQ(of("builtin:dtmf/digits?minlength=2;maxlength=3", "12"), "yes, more");
  EXPECT_EQ(of("builtin:dtmf/digits?minlength=2;maxlength=3", "123"), "yes");
  EXPECT_EQ(of("builtin:dtmf/number", "12*5"), "yes, more");
  EXPECT_EQ(of("builtin:dtmf/number", "*"), "more");
  EXPECT_EQ(of("builtin:dtmf/currency", "12*50"), "yes");
  EXPECT_EQ(of("builtin:dtmf/date", "20261124"), "yes");
  EXPECT_EQ(of("builtin:dtmf/time", "1030"), "yes");
  EXPECT_EQ(of("builtin:dtmf/phone", "5551234*99"), "yes, more");
  EXPECT_EQ(of("builtin:dtmf/boolean", "1"), "yes");
  EXPECT_EQ(of("builtin:dtmf/boolean?y=7;n=9", "9"), "yes");
  EXPECT_EQ(of("builtin:dtmf/boolean?y=7;n=9", "1"), "no");
}

TEST(Builtin, WhatIsNotBuiltInIsRefused) {
  for (const char* uri :
       {"builtin:speech/digits", "builtin:grammar/digits", "http://example.org/g", "builtin:dtmf/colour"}) {
    const auto grammar = read_builtin(uri);
    ASSERT_FALSE(grammar) << uri;
    EXPECT_EQ(grammar.error().kind, Kind::not_supported) << uri;
  }
  for (const char* uri :
       {"builtin:dtmf/digits?length=x", "builtin:dtmf/digits?length=0", "builtin:dtmf/digits?length=2;maxlength=3",
        "builtin:dtmf/digits?minlength=3;maxlength=2", "builtin:dtmf/digits?size=3", "builtin:dtmf/digits?length",
        "builtin:dtmf/digits?length=1;length=2", "builtin:dtmf/boolean?y=5;n=5", "builtin:dtmf/boolean?y=12",
        "builtin:dtmf/digits?length=99999999"}) {
    const auto grammar = read_builtin(uri);
    ASSERT_FALSE(grammar) << uri;
    EXPECT_EQ(grammar.error().kind, Kind::bad_request) << uri;
  }
}

TEST(SimpleGrammar, IsWhatClientsOf2011Send) {
  const auto of = [](const char* text, const char* keys) {
    auto grammar = read_grammar("application/grammar+custom", text);
    EXPECT_TRUE(grammar) << text;
    return judge(std::move(*grammar), keys);
  };
  EXPECT_EQ(of("[4 DIGITS]", "123"), "more");
  EXPECT_EQ(of("[4 DIGITS]", "1234"), "yes");
  EXPECT_EQ(of(" [1-4 DIGITS] ", "1"), "yes, more");
  EXPECT_EQ(of("1, 2,35, *", "35"), "yes");
  EXPECT_EQ(of("1, 2,35, *", "*"), "yes");
  EXPECT_EQ(of("1, 2,35, *", "4"), "no");
  for (const char* text :
       {"yes, no", "[DIGITS]", "[4-2 DIGITS]", "[0 DIGITS]", "[5 LETTERS]", "1,,2", "1,", "[99999 DIGITS]"}) {
    const auto grammar = read_grammar("application/grammar+voxeo", text);
    ASSERT_FALSE(grammar) << text;
    EXPECT_EQ(grammar.error().kind, Kind::not_supported) << text;
  }
}

TEST(Grammar, IsReadByItsContentType) {
  EXPECT_TRUE(read_grammar("application/srgs+xml", rule("1")));
  EXPECT_TRUE(read_grammar("Application/SRGS+XML; charset=utf-8", rule("1")));
  EXPECT_TRUE(read_grammar("application/grammar+grxml", rule("1")));
  const auto abnf = read_grammar("application/srgs", "#ABNF 1.0; mode dtmf; root $a; $a = 1;");
  ASSERT_FALSE(abnf);
  EXPECT_EQ(abnf.error().kind, Kind::not_supported);
}

}  // namespace
}  // namespace input
