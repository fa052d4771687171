#include "rayo/components/record/record_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "xml/parser.hpp"

namespace {

using rayo::Dialect;
using record::Direction;
using ::testing::HasSubstr;

base::Result<record::Settings> read(const std::string& inside, Dialect dialect = Dialect::rayo_2011) {
  const auto element = xml::parse("<record xmlns='urn:xmpp:rayo:record:1' " + inside);
  EXPECT_TRUE(element) << inside;
  return rayo::read_record(*element, dialect, "mp3");
}

TEST(RecordSettings, EmptyMeansWhatTheDialectSays) {
  const auto of_2011 = read("/>");
  ASSERT_TRUE(of_2011);
  EXPECT_EQ(of_2011->format, "mp3");
  EXPECT_TRUE(of_2011->start_beep);
  EXPECT_EQ(of_2011->direction, Direction::duplex);
  EXPECT_EQ(of_2011->channels(), 1);
  EXPECT_FALSE(of_2011->max_duration);

  const auto xep = read("/>", Dialect::xep_0327);
  EXPECT_EQ(xep->format, "wav");
  EXPECT_FALSE(xep->start_beep);
  EXPECT_EQ(xep->channels(), 2);

  const auto of_2013 = read("/>", Dialect::rayo_server_2013);
  EXPECT_EQ(of_2013->format, "wav");
  EXPECT_EQ(of_2013->direction, Direction::send);
}

TEST(RecordSettings, TakesEveryAttribute) {
  const auto settings = read(
      "format='WAV' start-beep='0' stop-beep='1' start-paused='true' max-duration='500000' initial-timeout='none' "
      "final-timeout='30000' direction='recv' mix='false'><hint name='quality' value='4'/></record>");
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->format, "wav");
  EXPECT_FALSE(settings->start_beep);
  EXPECT_TRUE(settings->stop_beep);
  EXPECT_TRUE(settings->start_paused);
  EXPECT_EQ(settings->max_duration, std::chrono::milliseconds(500000));
  EXPECT_FALSE(settings->initial_timeout);
  EXPECT_EQ(settings->final_timeout, std::chrono::milliseconds(30000));
  EXPECT_EQ(settings->direction, Direction::recv);
  ASSERT_EQ(settings->hints.size(), 1U);
  EXPECT_EQ(settings->hints[0].value, "4");
}

TEST(RecordSettings, OldDuplexAttributeDecidesTheDirection) {
  EXPECT_EQ(read("duplex='true'/>", Dialect::rayo_server_2013)->direction, Direction::duplex);
  EXPECT_EQ(read("duplex='false'/>")->direction, Direction::send);
  EXPECT_EQ(read("duplex='false' direction='recv'/>")->direction, Direction::recv);
  EXPECT_FALSE(read("duplex='true' direction='recv'/>"));
}

TEST(RecordSettings, RefusesBadValuesAndNamesTheAttribute) {
  const std::pair<const char*, const char*> cases[] = {
      {"max-duration='abc'/>", "'max-duration'"},
      {"max-duration='-5'/>", "'max-duration'"},
      {"max-duration='0'/>", "'max-duration'"},
      {"max-duration=''/>", "'max-duration'"},
      {"max-duration='99999999999999999999'/>", "'max-duration'"},
      {"initial-timeout='1.5'/>", "'initial-timeout'"},
      {"final-timeout='10000|none'/>", "'final-timeout'"},
      {"start-beep='maybe'/>", "'start-beep'"},
      {"stop-beep='TRUE'/>", "'stop-beep'"},
      {"start-paused='2'/>", "'start-paused'"},
      {"direction='up'/>", "'direction'"},
      {"duplex='both'/>", "'duplex'"},
      {"mix='no'/>", "'mix'"},
      {"format=''/>", "'format'"},
      {"colour='red'/>", "'colour'"},
      {"xmlns:o='urn:other' o:format='mp3'/>", "'format'"},
      {"><hint value='1'/></record>", "'name'"},
      {"><hint name='quality'/></record>", "'value'"},
      {"><hint name='' value='1'/></record>", "'name'"},
      {"><hint name='a' value='b' c='d'/></record>", "'c'"},
      {"><tip/></record>", "<tip/>"},
  };
  for (const auto& [inside, named] : cases) {
    const auto settings = read(inside);
    ASSERT_FALSE(settings) << inside;
    EXPECT_EQ(settings.error().kind, base::Kind::bad_request) << inside;
    EXPECT_THAT(settings.error().text, HasSubstr(named)) << inside;
  }
}

}  // namespace
