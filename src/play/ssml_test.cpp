#include "play/ssml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace play;
using ::testing::HasSubstr;
using ::testing::Not;

// XEP-0327 §6.5.3, example, with what its own escaping leaves at the end.
constexpr const char* kExample = R"(
 <?xml version="1.0"?>
 <!DOCTYPE speak PUBLIC "-//W3C//DTD SYNTHESIS 1.0//EN"
 "http://www.w3.org/TR/speech-synthesis/synthesis.dtd">
 <speak version="1.0"
 xmlns="http://www.w3.org/2001/10/synthesis"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="http://www.w3.org/2001/10/synthesis
 http://www.w3.org/TR/speech-synthesis/synthesis.xsd"
 xml:lang="en-US">
 <s>You have 4 new messages.</s>
 <s>The first is from Stephanie Williams and arrived at <break/> 3:45pm.</s>
 <s>
 The subject is <prosody rate="-20%">ski trip</prosody>
 </s>
 </speak>
 ]]>
)";

TEST(SsmlTest, TakesTheExampleOfTheXepAndWritesItWithoutItsProlog) {
  const auto ssml = read_ssml(kExample);
  ASSERT_TRUE(ssml) << ssml.error().text;
  EXPECT_EQ(ssml->language, "en-US");
  ASSERT_EQ(ssml->parts.size(), 1U);
  const std::string& spoken = ssml->parts[0].ssml;
  EXPECT_THAT(spoken, HasSubstr("<speak xmlns='http://www.w3.org/2001/10/synthesis' version='1.0' xml:lang='en-US'>"));
  EXPECT_THAT(spoken, HasSubstr("<s>You have 4 new messages.</s>"));
  EXPECT_THAT(spoken, HasSubstr("arrived at <break/> 3:45pm."));
  EXPECT_THAT(spoken, HasSubstr("<prosody rate='-20%'>ski trip</prosody>"));
  EXPECT_THAT(spoken, Not(HasSubstr("DOCTYPE")));
  EXPECT_THAT(spoken, Not(HasSubstr("schemaLocation")));
}

TEST(SsmlTest, CutsAtAudioAndKeepsTheElementsAroundItOpen) {
  const auto ssml = read_ssml(
      "<speak xml:lang='de'><p><s>Eins <audio src='file:///a.wav'/> zwei</s></p><audio src='http://b/c'/></speak>");
  ASSERT_TRUE(ssml) << ssml.error().text;
  ASSERT_EQ(ssml->parts.size(), 4U);
  EXPECT_THAT(ssml->parts[0].ssml, HasSubstr("xml:lang='de'><p><s>Eins </s></p></speak>"));
  EXPECT_EQ(ssml->parts[1].audio, "file:///a.wav");
  EXPECT_THAT(ssml->parts[2].ssml, HasSubstr("xml:lang='de'><p><s> zwei</s></p></speak>"));
  EXPECT_EQ(ssml->parts[3].audio, "http://b/c");
}

TEST(SsmlTest, KeepsWhatIsToBeSaidWhereAudioCannotBeHad) {
  const auto ssml = read_ssml(
      "<speak><audio src='http://a/b'><desc>a beep</desc>Please <audio src='http://c/d'>do</audio> "
      "speak</audio></speak>");
  ASSERT_TRUE(ssml) << ssml.error().text;
  ASSERT_EQ(ssml->parts.size(), 1U);
  const auto& instead = ssml->parts[0].instead;
  ASSERT_EQ(instead.size(), 3U);
  EXPECT_THAT(instead[0].ssml, HasSubstr(">Please </speak>"));
  EXPECT_EQ(instead[1].audio, "http://c/d");
  ASSERT_EQ(instead[1].instead.size(), 1U);
  EXPECT_THAT(instead[1].instead[0].ssml, HasSubstr(">do</speak>"));
  EXPECT_THAT(instead[2].ssml, HasSubstr("> speak</speak>"));
}

TEST(SsmlTest, RefusesWhatIsNotSsml) {
  for (const char* text :
       {"", "hello", "<speak>", "<say>hello</say>", "<speak/>", "<speak> </speak>", "<speak><script>x</script></speak>",
        "<speak xmlns='urn:x'>hello</speak>", "<speak><x:s xmlns:x='urn:x'>hello</x:s></speak>",
        "<speak><audio/></speak>", "<speak><audio src='beep.wav'/></speak>", "<speak>&nbsp;</speak>",
        "<!DOCTYPE speak [<!ENTITY a 'b'>]><speak>&a;</speak>", "<!ENTITY a 'b'><speak>a</speak>",
        "<!DOCTYPE speak SYSTEM \"x", "<!-- <speak>a</speak>", "<?xml version='1.0'"}) {
    const auto ssml = read_ssml(text);
    ASSERT_FALSE(ssml) << text;
    EXPECT_EQ(ssml.error().kind, base::Kind::bad_request) << text;
  }
  const auto lexicon = read_ssml("<speak><lexicon uri='http://x/y'/>hello</speak>");
  ASSERT_FALSE(lexicon);
  EXPECT_EQ(lexicon.error().kind, base::Kind::not_supported);
}

TEST(SsmlTest, NeverResolvesADoctype) {
  const auto ssml = read_ssml("<!DOCTYPE speak SYSTEM 'file:///etc/passwd'><!-- > --><speak>hello</speak>");
  ASSERT_TRUE(ssml);
  EXPECT_THAT(ssml->parts[0].ssml, HasSubstr(">hello</speak>"));
}

TEST(SsmlTest, PlainTextIsNeverMarkup) {
  const std::string text = "5 < 6 & <audio src='file:///etc/passwd'/>";
  const auto ssml = read_ssml(ssml_of(text));
  ASSERT_TRUE(ssml);
  ASSERT_EQ(ssml->parts.size(), 1U);
  EXPECT_THAT(ssml->parts[0].ssml, HasSubstr("5 &lt; 6 &amp; &lt;audio"));
}

}  // namespace
