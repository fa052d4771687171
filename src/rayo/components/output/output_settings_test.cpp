#include "rayo/components/output/output_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "xml/parser.hpp"

namespace {

using base::Kind;
using play::Document;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

base::Result<call::OutputSettings> read(const std::string& inside) {
  const auto element = xml::parse("<output xmlns='urn:xmpp:rayo:output:1' " + inside);
  EXPECT_TRUE(element) << inside;
  return rayo::read_output(*element);
}

Document document(const std::string& inside) {
  const auto settings = read(inside);
  EXPECT_TRUE(settings) << inside << ": " << settings.error().text;
  EXPECT_EQ(settings->documents.size(), 1U) << inside;
  return settings ? settings->documents.front() : Document{};
}

const std::string kText = "><document content-type='text/plain'>hello</document></output>";

TEST(OutputSettings, TakesEveryAttribute) {
  const auto settings = read(
      "start-offset='1500' start-paused='true' repeat-interval='2000' repeat-times='0' max-time='30000' "
      "renderer='native' voice='de' interrupt-on='dtmf'" +
      kText);
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->manner.start_offset, milliseconds(1500));
  EXPECT_TRUE(settings->manner.start_paused);
  EXPECT_EQ(settings->manner.repeat_interval, milliseconds(2000));
  EXPECT_EQ(settings->manner.repeat_times, 0U);
  EXPECT_EQ(settings->max_time, milliseconds(30000));
  EXPECT_EQ(settings->voice, "de");
  EXPECT_TRUE(settings->interrupt_on.digit);
  EXPECT_FALSE(settings->interrupt_on.voice);
}

TEST(OutputSettings, WithoutAttributesItIsPlayedOnceFromItsBeginning) {
  const auto settings = read(kText);
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->manner.start_offset, milliseconds(0));
  EXPECT_FALSE(settings->manner.start_paused);
  EXPECT_EQ(settings->manner.repeat_times, 1U);
  EXPECT_FALSE(settings->max_time);
  EXPECT_FALSE(settings->interrupt_on.digit || settings->interrupt_on.voice);
  EXPECT_FALSE(read("max-time='-1'" + kText)->max_time);
}

TEST(OutputSettings, TakesEachKindOfDocumentInOrder) {
  const auto settings = read(
      "><document url='http://a/b.wav'/>\n"
      "<document content-type='Text/URI-List; charset=utf-8'># x\r\nfile:///a.wav\r\n</document>"
      "<document content-type='text/plain'> Thanks for calling </document>"
      "<document content-type='application/ssml+xml'>&lt;speak&gt;hello&lt;/speak&gt;</document></output>");
  ASSERT_TRUE(settings) << settings.error().text;
  ASSERT_EQ(settings->documents.size(), 4U);
  EXPECT_EQ(settings->documents[0].type, Document::Type::uri);
  EXPECT_EQ(settings->documents[0].content, "http://a/b.wav");
  EXPECT_EQ(settings->documents[1].type, Document::Type::uri_list);
  EXPECT_EQ(settings->documents[2].type, Document::Type::text);
  EXPECT_EQ(settings->documents[2].content, " Thanks for calling ");
  EXPECT_EQ(settings->documents[3].type, Document::Type::ssml);
}

TEST(OutputSettings, TakesSsmlEscapedInCdataOrAsElements) {
  for (const char* inside : {
           "&lt;speak&gt;hello&lt;/speak&gt;",
           "<![CDATA[<?xml version='1.0'?><!DOCTYPE speak SYSTEM 'x'><speak>hello</speak>]]>",
           "<speak xmlns='http://www.w3.org/2001/10/synthesis'>hello</speak>",
           "<speak xmlns=''>hello</speak>",
           " <speak>hello</speak> ",
       }) {
    const Document found =
        document("><document content-type='application/ssml+xml'>" + std::string(inside) + "</document></output>");
    EXPECT_EQ(found.type, Document::Type::ssml) << inside;
    EXPECT_TRUE(play::read_ssml(found.content)) << inside;
  }
}

TEST(OutputSettings, TakesTheInlineFormsOf2011) {
  const Document text = document(">Hello there</output>");
  EXPECT_EQ(text.type, Document::Type::text);
  EXPECT_EQ(text.content, "Hello there");
  const Document speak = document("><speak><s>Hello</s></speak></output>");
  EXPECT_EQ(speak.type, Document::Type::ssml);
  EXPECT_THAT(speak.content, HasSubstr("<speak xmlns='http://www.w3.org/2001/10/synthesis'><s>Hello</s></speak>"));
  const Document audio = document("><audio src='http://a/b.wav'/></output>");
  EXPECT_EQ(audio.type, Document::Type::ssml);
  EXPECT_THAT(audio.content, HasSubstr("<audio src='http://a/b.wav'/>"));
  const Document mixed = document(">Hello <audio xmlns='' src='http://a/b.wav'/> bye</output>");
  EXPECT_THAT(mixed.content, HasSubstr(">Hello <audio src='http://a/b.wav'/> bye</speak>"));
  const Document escaped = document(">&lt;speak&gt;Hello&lt;/speak&gt;</output>");
  EXPECT_EQ(escaped.type, Document::Type::ssml);
  const Document url = document("url='http://a/b.wav'/>");
  EXPECT_EQ(url.type, Document::Type::uri);
  EXPECT_EQ(url.content, "http://a/b.wav");
}

TEST(OutputSettings, RefusesBadValuesAndSaysWhichItWas) {
  const std::pair<std::string, const char*> cases[] = {
      {"/>", "no document"},
      {"> </output>", "no document"},
      {"repeat-times='4'/>", "no document"},
      {"repeat-times='foo'" + kText, "'repeat-times'"},
      {"repeat-times='-1'" + kText, "'repeat-times'"},
      {"start-offset='-5'" + kText, "'start-offset'"},
      {"start-offset='1.5'" + kText, "'start-offset'"},
      {"start-offset='99999999999999999999'" + kText, "'start-offset'"},
      {"repeat-interval=''" + kText, "'repeat-interval'"},
      {"max-time='0'" + kText, "'max-time'"},
      {"max-time='-2'" + kText, "'max-time'"},
      {"start-paused='maybe'" + kText, "'start-paused'"},
      {"voice=''" + kText, "'voice'"},
      {"interrupt-on='sometimes'" + kText, "'interrupt-on'"},
      {"colour='red'" + kText, "'colour'"},
      {"url='http://a'" + kText, "'url'"},
      {"url='http://a'>text</output>", "'url'"},
      {"url='b.wav'/>", "not a URI"},
      {"><document/></output>", "neither"},
      {"><document content-type=''>x</document></output>", "'content-type'"},
      {"><document url='http://a' content-type='text/plain'/></output>", "'url'"},
      {"><document url='http://a'>x</document></output>", "'url'"},
      {"><document url='a.wav'/></output>", "not a URI"},
      {"><document url='http://a' x='y'/></output>", "'x'"},
      {"><document content-type='text/plain'> </document></output>", "no text"},
      {"><document content-type='text/plain'><b>x</b></document></output>", "<b/>"},
      {"><document content-type='text/uri-list'># none</document></output>", "no URI"},
      {"><document content-type='text/uri-list'>a.wav</document></output>", "not a URI"},
      {"><document content-type='application/ssml+xml'>hello</document></output>", "SSML"},
      {"><document content-type='application/ssml+xml'>&lt;speak&gt;</document></output>", "SSML"},
      {"><document content-type='application/ssml+xml'><say>x</say></document></output>", "SSML"},
      {"><document url='http://a'/><audio src='http://b'/></output>", "<audio/>"},
      {"><document url='http://a'/>text</output>", "text beside"},
      {"><document xmlns='urn:x' url='http://a'/></output>", "<document/>"},
      {"><play/></output>", "<play/>"},
      {"><audio/></output>", "'src'"},
  };
  for (const auto& [inside, named] : cases) {
    const auto settings = read(inside);
    ASSERT_FALSE(settings) << inside;
    EXPECT_EQ(settings.error().kind, Kind::bad_request) << inside;
    EXPECT_THAT(settings.error().text, HasSubstr(named)) << inside;
  }
}

TEST(OutputSettings, SaysWhatThisServerDoesNotDo) {
  for (const std::string& inside :
       {"renderer='unimrcp'" + kText, std::string("><document content-type='audio/wav'>UklGRg==</document></output>"),
        std::string("><document content-type='application/vxml+xml'>&lt;vxml/&gt;</document></output>"),
        std::string("><speak>a<lexicon uri='http://x/y'/></speak></output>")}) {
    const auto settings = read(inside);
    ASSERT_FALSE(settings) << inside;
    EXPECT_EQ(settings.error().kind, Kind::not_supported) << inside;
  }
}

TEST(OutputSettings, ASeekHasADirectionAndAnAmount) {
  const auto seek = [](const std::string& attributes) {
    return rayo::read_seek(*xml::parse("<seek xmlns='urn:xmpp:rayo:output:1' " + attributes));
  };
  EXPECT_EQ(*seek("direction='forward' amount='20000'/>"), milliseconds(20000));
  EXPECT_EQ(*seek("direction='back' amount='1'/>"), milliseconds(-1));
  for (const char* wrong :
       {"/>", "direction='forward'/>", "amount='1'/>", "direction='up' amount='1'/>", "direction='back' amount='-1'/>",
        "direction='back' amount='0'/>", "direction='back' amount='1s'/>", "direction='back' amount='1' x='y'/>",
        "direction='back' amount='1'>now</seek>", "direction='back' amount='1'><a/></seek>"}) {
    EXPECT_EQ(seek(wrong).error().kind, Kind::bad_request) << wrong;
  }
}

}  // namespace
