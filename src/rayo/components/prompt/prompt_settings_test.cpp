#include "rayo/components/prompt/prompt_settings.hpp"

#include <gmock/gmock.h>

#include "xml/parser.hpp"

namespace rayo {
namespace {

using base::Kind;
using testing::HasSubstr;

constexpr const char* kOutput =
    "<output xmlns='urn:xmpp:rayo:output:1'><document content-type='text/plain'>Hello</document></output>";
constexpr const char* kInput =
    "<input xmlns='urn:xmpp:rayo:input:1' initial-timeout='5000'><grammar url='builtin:dtmf/digits'/></input>";

base::Result<call::PromptSettings> read(const std::string& attributes, const std::string& inside) {
  const auto element = xml::parse("<prompt xmlns='urn:xmpp:rayo:prompt:1' " + attributes + ">" + inside + "</prompt>");
  EXPECT_TRUE(element) << attributes << inside;
  return read_prompt(*element);
}

TEST(PromptSettings, AreThoseOfTheOutputAndTheInput) {
  const auto settings = read("", std::string(kOutput) + kInput);
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_TRUE(settings->barge_in) << "the default";
  EXPECT_EQ(settings->output.documents.size(), 1U);
  EXPECT_EQ(settings->input.grammars.size(), 1U);
  EXPECT_EQ(settings->input.timeouts.initial, std::chrono::seconds(5));
  EXPECT_FALSE(read("barge-in='false'", std::string(kInput) + kOutput)->barge_in);
  EXPECT_TRUE(read("barge-in='1'", std::string(kInput) + kOutput)->barge_in);
}

TEST(PromptSettings, WhatIsWrongIsNamed) {
  const std::string both = std::string(kOutput) + kInput;
  EXPECT_THAT(read("barge-in='maybe'", both).error().text, HasSubstr("barge-in"));
  EXPECT_THAT(read("voice='x'", both).error().text, HasSubstr("voice"));
  for (const std::string& inside :
       {std::string(), std::string(kOutput), std::string(kInput), both + kInput,
        both + "<record xmlns='urn:xmpp:rayo:record:1'/>", "<output>Hello</output>" + std::string(kInput)}) {
    const auto settings = read("", inside);
    ASSERT_FALSE(settings) << inside;
    EXPECT_EQ(settings.error().kind, Kind::bad_request) << inside;
  }
  const auto voice = read("", std::string(kOutput) + "<input xmlns='urn:xmpp:rayo:input:1' mode='voice'/>");
  ASSERT_FALSE(voice);
  EXPECT_EQ(voice.error().kind, Kind::not_supported);
  EXPECT_THAT(voice.error().text, HasSubstr("<input/>"));
  const auto interrupted = read("",
                                "<output xmlns='urn:xmpp:rayo:output:1' interrupt-on='dtmf'><document "
                                "content-type='text/plain'>Hello</document></output>" +
                                    std::string(kInput));
  ASSERT_FALSE(interrupted);
  EXPECT_THAT(interrupted.error().text, HasSubstr("barge-in"));
}

}  // namespace
}  // namespace rayo
