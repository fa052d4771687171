#include "record/hints.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace record;
using ::testing::HasSubstr;

Settings with(std::vector<Hint> hints, Direction direction = Direction::duplex) {
  Settings settings;
  settings.direction = direction;
  settings.hints = std::move(hints);
  return settings;
}

Settings applied(std::vector<Hint> hints) {
  Settings settings = with(std::move(hints));
  EXPECT_TRUE(apply_hints(settings));
  return settings;
}

std::string refusal(std::vector<Hint> hints, Direction direction = Direction::duplex) {
  Settings settings = with(std::move(hints), direction);
  const auto result = apply_hints(settings);
  EXPECT_TRUE(result || result.error().kind == base::Kind::bad_request);
  return result ? std::string("(accepted)") : result.error().text;
}

TEST(Hints, SayWhatEveryFormatUnderstands) {
  EXPECT_EQ(applied({{"sample-rate", "16000"}}).sample_rate, 16000U);
  EXPECT_FALSE(applied({}).sample_rate);
  EXPECT_TRUE(applied({{"double-pass", "true"}}).double_pass);
  EXPECT_TRUE(applied({{"double-pass", "1"}}).double_pass);
  EXPECT_FALSE(applied({{"double-pass", "true"}, {"double-pass", "0"}}).double_pass) << "the last counts";
  EXPECT_EQ(applied({{"pause", "skip"}}).pause, PauseMode::skip);
  EXPECT_EQ(applied({{"pause", "silence"}}).pause, PauseMode::silence);
  EXPECT_EQ(applied({{"pause", "tone"}}).pause, PauseMode::tone);
  EXPECT_TRUE(applied({{"encoding", "mulaw"}}).exact_mulaw);
  EXPECT_TRUE(applied({{"encoding", "ulaw"}}).exact_mulaw);
  EXPECT_FALSE(applied({{"encoding", "alaw"}}).exact_mulaw);
  EXPECT_FALSE(applied({{"encoding", "mulaw"}, {"double-pass", "1"}}).exact_mulaw);
}

TEST(Hints, ChannelsDecideWhetherBothPartiesAreMixed) {
  EXPECT_EQ(applied({{"channels", "2"}}).channels(), 2);
  EXPECT_EQ(applied({{"channels", "1"}}).channels(), 1);
  EXPECT_THAT(refusal({{"channels", "2"}}, Direction::send), HasSubstr("'channels'"));
  EXPECT_THAT(refusal({{"channels", "2"}}, Direction::recv), HasSubstr("'channels'"));
  EXPECT_EQ(refusal({{"channels", "1"}}, Direction::recv), "(accepted)");
}

TEST(Hints, RefuseImpossibleValuesByName) {
  const Hint wrong[] = {{"sample-rate", "8001"},   {"sample-rate", "0"}, {"sample-rate", ""},
                        {"sample-rate", "8000Hz"}, {"channels", "3"},    {"channels", "-1"},
                        {"double-pass", "yes"},    {"pause", "loud"},    {"pause", ""}};
  for (const Hint& hint : wrong) EXPECT_THAT(refusal({hint}), HasSubstr("'" + hint.name + "'")) << hint.value;
}

TEST(Hints, IgnoreWhatTheyDoNotKnow) { EXPECT_EQ(refusal({{"colour", "red"}, {"quality", "11"}}), "(accepted)"); }

Settings on_mixer(bool mix, std::vector<Hint> hints = {}) {
  Settings settings = with(std::move(hints));
  settings.on_mixer = true;
  settings.mix = mix;
  EXPECT_TRUE(apply_hints(settings));
  EXPECT_TRUE(apply_hints(settings)) << "twice is as once";
  return settings;
}

TEST(HintsOfAMixer, SayWhetherParticipantsAreKeptApart) {
  EXPECT_EQ(on_mixer(true).tracks, Tracks::mix);
  EXPECT_EQ(on_mixer(false).tracks, Tracks::participant_channels);
  EXPECT_EQ(on_mixer(false).channels(), 1) << "of the track of everyone";
  EXPECT_EQ(on_mixer(true, {{"tracks", "participant"}}).tracks, Tracks::participant_files);
  EXPECT_EQ(on_mixer(false, {{"tracks", "participant"}}).tracks, Tracks::participant_files);
  EXPECT_EQ(on_mixer(false, {{"tracks", "mix"}}).tracks, Tracks::mix);
  EXPECT_EQ(on_mixer(false, {{"channels", "1"}}).tracks, Tracks::mix);
}

TEST(HintsOfAMixer, AreRefusedWhereTheyAreImpossibleOrOfACall) {
  Settings settings = with({{"tracks", "participants"}});
  settings.on_mixer = true;
  auto refused = apply_hints(settings);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text, "hint 'tracks': expected mix or participant");
  settings.hints = {{"channels", "2"}};
  refused = apply_hints(settings);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("hint 'channels'"));
  Settings of_call = with({{"tracks", "participant"}});
  refused = apply_hints(of_call);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::Kind::not_supported);
}

TEST(SettingsOfAParticipant, AreOfWhatItSendsAloneWithoutLimitsOrBeeps) {
  Settings recording = on_mixer(false, {{"pause", "tone"}});
  recording.start_beep = recording.stop_beep = true;
  recording.max_duration = std::chrono::milliseconds(5);
  const Settings settings = participant_settings(recording, true);
  EXPECT_EQ(settings.direction, Direction::send);
  EXPECT_EQ(settings.channels(), 1);
  EXPECT_EQ(settings.pause, PauseMode::tone);
  EXPECT_TRUE(settings.start_paused);
  EXPECT_FALSE(settings.start_beep || settings.stop_beep || settings.max_duration);
}

}  // namespace
