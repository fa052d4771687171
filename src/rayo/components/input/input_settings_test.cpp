#include "rayo/components/input/input_settings.hpp"

#include <gmock/gmock.h>

#include "xml/parser.hpp"

namespace rayo {
namespace {

using namespace std::chrono_literals;
using base::Kind;
using testing::HasSubstr;

constexpr const char* kGrammar = "<grammar url='builtin:dtmf/digits?length=4'/>";

base::Result<call::InputSettings> read(const std::string& attributes, const std::string& inside = kGrammar) {
  const auto element = xml::parse("<input xmlns='urn:xmpp:rayo:input:1' " + attributes + ">" + inside + "</input>");
  EXPECT_TRUE(element) << attributes << inside;
  return read_input(*element);
}

base::Error refusal(const std::string& attributes, const std::string& inside = kGrammar) {
  auto settings = read(attributes, inside);
  EXPECT_FALSE(settings) << attributes << inside;
  return settings ? base::Error{} : settings.error();
}

TEST(InputSettings, WithoutAttributesWaitForEver) {
  const auto settings = read("");
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->timeouts.initial, std::nullopt);
  EXPECT_EQ(settings->timeouts.inter_digit, std::nullopt);
  EXPECT_EQ(settings->timeouts.recognition, std::nullopt);
  EXPECT_EQ(settings->terminator, std::nullopt);
  EXPECT_EQ(settings->grammars.size(), 1U);
}

TEST(InputSettings, AreWhatTheAttributesSay) {
  const auto settings = read(
      "mode='any' terminator='#' recognizer='x' language='en-US' initial-timeout='5000' inter-digit-timeout='2000' "
      "recognition-timeout='9000' sensitivity='0.7' min-confidence='0.25' max-silence='-1' "
      "match-content-type='application/nlsml+xml'",
      std::string(kGrammar) + kGrammar);
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->timeouts.initial, 5s);
  EXPECT_EQ(settings->timeouts.inter_digit, 2s);
  EXPECT_EQ(settings->timeouts.recognition, 9s);
  EXPECT_EQ(settings->terminator, '#');
  EXPECT_EQ(settings->grammars.size(), 2U);
  EXPECT_EQ(read("recognition-timeout='0'")->timeouts.recognition, 0ms);
  EXPECT_EQ(read("initial-timeout='-1' inter-digit-timeout='none' terminator=''")->timeouts.initial, std::nullopt);
}

TEST(InputSettings, ReadTheExampleOfXep0327) {
  const auto settings = read("mode='dtmf'", R"(
    <grammar content-type='application/srgs+xml'>
      <![CDATA[
        <?xml version="1.0"?>
        <grammar mode="dtmf" version="1.0" xmlns="http://www.w3.org/2001/06/grammar">
          <rule id="digit"><one-of><item> 0 </item><item> 1 </item></one-of></rule>
          <rule id="pin" scope="public"><item repeat="4"><ruleref uri="#digit"/></item> #</rule>
        </grammar>
      ]]>
    </grammar>)");
  ASSERT_TRUE(settings) << settings.error().text;
  input::Matcher matcher(settings->grammars);
  for (const char key : std::string("0110#")) matcher.feed(key);
  EXPECT_TRUE(matcher.matches());
}

TEST(InputSettings, TakeAGrammarWithoutCdata) {
  const auto settings = read("",
                             "<grammar content-type='application/srgs+xml'><grammar mode='dtmf' root='r' "
                             "xmlns='http://www.w3.org/2001/06/grammar'><rule id='r'>12</rule></grammar></grammar>");
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_TRUE(read("",
                   "<grammar content-type='application/srgs+xml'><grammar root='r'><rule "
                   "id='r'>12</rule></grammar></grammar>"))
      << "without a namespace of its own it has that of <input/>";
  EXPECT_TRUE(read("", "<grammar content-type='application/grammar+custom'><![CDATA[ [5 DIGITS] ]]></grammar>"));
}

TEST(InputSettings, WhatIsWrongIsNamed) {
  const auto names = [](const std::string& attributes, const std::string& name) {
    const auto error = refusal(attributes);
    EXPECT_EQ(error.kind, Kind::bad_request) << attributes;
    EXPECT_THAT(error.text, HasSubstr(name)) << attributes;
  };
  names("mode='smell'", "mode");
  names("terminator='##'", "terminator");
  names("terminator='x'", "terminator");
  names("initial-timeout='0'", "initial-timeout");
  names("initial-timeout='soon'", "initial-timeout");
  names("inter-digit-timeout='-2'", "inter-digit-timeout");
  names("recognition-timeout='-5'", "recognition-timeout");
  names("max-silence='x'", "max-silence");
  names("sensitivity='1.1'", "sensitivity");
  names("min-confidence='-0.1'", "min-confidence");
  names("min-confidence='nan'", "min-confidence");
  names("language=''", "language");
  names("max-digits='4'", "max-digits");
}

TEST(InputSettings, GrammarsThatAreWrongAreNamed) {
  for (const char* inside :
       {"", "<grammar/>", "<grammar content-type='application/srgs+xml'/>", "<grammar url=''/>",
        "<grammar>[4 DIGITS]</grammar>", "<document/>", "<grammar url='builtin:dtmf/digits' content-type='x/y'/>",
        "<grammar url='builtin:dtmf/digits'>1</grammar>", "<grammar url='builtin:dtmf/digits' name='x'/>",
        "<grammar content-type='application/srgs+xml'>no XML</grammar>",
        "<grammar content-type='application/srgs+xml'><grammar/><grammar/></grammar>"}) {
    const auto error = refusal("", inside);
    EXPECT_TRUE(error.kind == Kind::bad_request || std::string(inside) == "<grammar url=''/>") << inside;
    EXPECT_FALSE(error.text.empty()) << inside;
  }
  EXPECT_THAT(refusal("", std::string(kGrammar) + "<grammar url='builtin:dtmf/digits?length=x'/>").text,
              HasSubstr("<grammar/> 2"));
}

TEST(InputSettings, WhatIsNotSupportedIsRefusedAsSuch) {
  for (const char* attributes :
       {"mode='voice'", "mode='cpa'", "mode='speech'", "match-content-type='application/emma+xml'"}) {
    EXPECT_EQ(refusal(attributes).kind, Kind::not_supported) << attributes;
  }
  for (const char* inside :
       {"<grammar url='http://example.org/pin.grxml'/>", "<grammar url='builtin:speech/digits'/>",
        "<grammar content-type='application/srgs'>#ABNF 1.0;</grammar>",
        "<grammar content-type='application/srgs+xml'><![CDATA[<grammar mode='voice' root='r'><rule "
        "id='r'>yes</rule></grammar>]]></grammar>"}) {
    EXPECT_EQ(refusal("", inside).kind, Kind::not_supported) << inside;
  }
  std::string many;
  for (int i = 0; i < 33; ++i) many += kGrammar;
  EXPECT_EQ(refusal("", many).kind, Kind::no_resources);
}

}  // namespace
}  // namespace rayo
