// Recordings of a mixer that keep its participants apart: what each one said, at the sample at which it was said.

#include "record/conference.hpp"

#include <gmock/gmock.h>

#include "record/conference_for_test.hpp"

namespace {

using namespace record;
using namespace record::testing;

// ---- a channel each ----

TEST_F(ConferenceTest, PutsEachParticipantOnAChannelOfItsOwnToTheSample) {
  Track& main = open(conference("wav", false));
  Track& alice = join("alice", 0ms);
  Track& bob = join("bob", 250ms);
  Track& carol = join("carol", 1125us);  // nine samples
  push(main, noise(16000));
  push(alice, tone(440, 16000));
  push(bob, tone(1000, 4000));
  leave(bob);
  push(carol, tone(2000, 8000));
  leave(carol);
  leave(alice);
  const Outcome outcome = end(main, EndReason::hangup);
  EXPECT_EQ(outcome.reason, EndReason::hangup);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.duration, 2s);
  const fs::path file = path_of(outcome.uri);
  EXPECT_EQ(outcome.size, fs::file_size(file));
  ASSERT_EQ(channels_of(file), 3);
  EXPECT_EQ(soxi_duration(file), 2);
  const Samples heard = decoded(file);
  ASSERT_EQ(heard.size(), 3U * 16000U);
  EXPECT_EQ(channel_of(heard, 0, 3), tone(440, 16000));
  Samples second(16000), third(16000);
  const Samples of_bob = tone(1000, 4000), of_carol = tone(2000, 8000);
  std::copy(of_bob.begin(), of_bob.end(), second.begin() + 2000);
  std::copy(of_carol.begin(), of_carol.end(), third.begin() + 9);
  EXPECT_EQ(channel_of(heard, 1, 3), second);
  EXPECT_EQ(channel_of(heard, 2, 3), third);
  EXPECT_TRUE(spool().empty());
  EXPECT_EQ(files_below(directory.path()).size(), 2U) << "the recording and its sidecar";
}

TEST_F(ConferenceTest, SaysInTheSidecarWhoIsOnWhichChannelAndWhen) {
  Track& main = open(conference("wav", false));
  Track& alice = join("alice", 0ms);
  Track& bob = join("bob", 250ms);
  push(main, noise(16000));
  push(alice, tone(440, 16000));
  push(bob, tone(1000, 2000));
  push(bob, Samples(2000), Kind::lost);
  leave(bob, {.packets_received = 25, .packets_lost = 13});
  leave(alice, {.packets_received = 100});
  const json about = sidecar_beside(end(main).uri);
  EXPECT_EQ(about["channels"], json({"alice", "bob"}));
  EXPECT_EQ(about["call"], "mixer1");
  EXPECT_EQ(about["samples"], 16000);
  ASSERT_EQ(about["participants"].size(), 2U);
  const json& first = about["participants"][0];
  EXPECT_EQ(first["id"], "alice");
  EXPECT_EQ(first["channel"], 0);
  EXPECT_EQ(first["present"], json::array({{{"at", 0}, {"length", 16000}}}));
  EXPECT_EQ(first["map"], json::array());
  EXPECT_EQ(first["packets"]["received"], 100);
  EXPECT_FALSE(first.contains("file"));
  const json& second = about["participants"][1];
  EXPECT_EQ(second["id"], "bob");
  EXPECT_EQ(second["name"], "The bob");
  EXPECT_EQ(second["uri"], "sip:bob@example.org");
  EXPECT_EQ(second["channel"], 1);
  EXPECT_EQ(second["present"], json::array({{{"at", 2000}, {"length", 4000}}}));
  EXPECT_EQ(second["map"], json({span("absent", 0, 2000), span("lost", 4000, 2000), span("absent", 6000, 10000)}));
  EXPECT_EQ(second["map_complete"], true);
  EXPECT_EQ(second["packets"], json({{"received", 25}, {"lost", 13}, {"late", 0}, {"duplicate", 0}}));
  EXPECT_EQ(second["milliseconds"]["absent"], 1500);
  EXPECT_EQ(second["milliseconds"]["lost"], 250);
  EXPECT_FALSE(second.contains("error"));
}

TEST_F(ConferenceTest, GivesWhoComesBackTheSameChannel) {
  Track& main = open(conference("wav", false));
  Track& alice = join("alice", 100ms);
  push(main, noise(16000));
  push(alice, tone(440, 1600));
  leave(alice);
  Track& bob = join("bob", 500ms);
  push(bob, tone(1000, 800));
  Track& again = join("alice", 1s, 16000);
  push(again, tone(2000, 8000, 16000));
  leave(again);
  Track& once_more = join("alice", 1900ms);
  push(once_more, tone(440, 8000));
  leave(once_more);
  leave(bob);
  const Outcome outcome = end(main);
  const Samples heard = decoded(path_of(outcome.uri));
  ASSERT_EQ(heard.size(), 2U * 16000U);
  const Samples of_alice = channel_of(heard, 0, 2);
  EXPECT_TRUE(is_silent(cut(of_alice, 0, 800)));
  EXPECT_EQ(cut(of_alice, 800, 2400), tone(440, 1600));
  EXPECT_TRUE(is_silent(cut(of_alice, 2400, 8000)));
  EXPECT_NEAR(level(cut(of_alice, 8000, 12000), 2000), 10000, 200);
  EXPECT_TRUE(is_silent(cut(of_alice, 12000, 15200)));
  EXPECT_EQ(cut(of_alice, 15200, 16000), tone(440, 800)) << "up to the end of the recording";
  const json about = sidecar_beside(outcome.uri);
  EXPECT_EQ(about["participants"][0]["present"],
            json::array(
                {{{"at", 800}, {"length", 1600}}, {{"at", 8000}, {"length", 4000}}, {{"at", 15200}, {"length", 800}}}));
}

TEST_F(ConferenceTest, BringsEveryRateToThatOfTheRecordingWithoutMovingASample) {
  Request asked = conference("wav", false);
  asked.rate = 48000;
  Track& main = open(asked);
  // A click a second after the recording began, for each at its own place and rate.
  const auto click = [](std::size_t samples, std::size_t at) {
    Samples all(samples);
    all[at] = 30000;
    return all;
  };
  Track& narrow = join("narrow", 500ms, 8000);
  Track& wide = join("wide", 250ms, 16000);
  Track& full = join("full", 0ms, 48000);
  push(main, noise(96000));
  push(narrow, click(12000, 4000));
  push(wide, click(24000, 12000));
  push(full, click(96000, 48000));
  for (Track* track : {&narrow, &wide, &full}) leave(*track);
  const Samples heard = decoded(path_of(end(main).uri));
  ASSERT_EQ(heard.size(), 3U * 96000U);
  for (std::size_t i = 0; i < 3; ++i) {
    const Samples one = channel_of(heard, i, 3);
    EXPECT_EQ(std::max_element(one.begin(), one.end()) - one.begin(), 48000) << i;
  }
}

TEST_F(ConferenceTest, FollowsAParticipantAndAMixerThatBecomeWider) {
  Track& main = open(conference("wav", false));
  Track& alice = join("alice", 500ms);
  push(main, noise(8000));
  push(alice, tone(440, 4000));
  main.change_rate(16000);
  alice.change_rate(16000);
  push(main, noise(16000));
  push(alice, tone(440, 16000, 16000, 10000, 8000));
  leave(alice);
  const Outcome outcome = end(main);
  EXPECT_EQ(outcome.duration, 2s);
  const Samples heard = decoded(path_of(outcome.uri));
  ASSERT_EQ(heard.size(), 32000U);
  EXPECT_TRUE(is_silent(cut(heard, 0, 8000)));
  EXPECT_EQ(cut(heard, 16000, 32000), tone(440, 16000, 16000, 10000, 8000));
  EXPECT_NEAR(level(cut(heard, 8000, 16000), 440, 16000), 10000, 200);
  EXPECT_EQ(sidecar_beside(outcome.uri)["participants"][0]["present"],
            json::array({{{"at", 8000}, {"length", 24000}}}));
}

TEST_F(ConferenceTest, CutsPausesOutOfEverybodyAtTheSamePlace) {
  Track& main = open(conference("wav", false));
  Track& alice = join("alice", 0ms);
  Track& bob = join("bob", 500ms);  // while paused
  const Samples said = noise(16000);
  push(main, cut(said, 0, 2000));
  push(alice, cut(said, 0, 2001));  // its tap was told a sample later
  main.push_mark(Kind::paused, 6000);
  alice.push_mark(Kind::paused, 5998);
  bob.push_mark(Kind::paused, 4000);
  push(main, cut(said, 8000, 16000));
  push(alice, cut(said, 7999, 16000));
  push(bob, cut(said, 8000, 16000));
  leave(alice);
  leave(bob);
  const Outcome outcome = end(main);
  EXPECT_EQ(outcome.duration, 1250ms);
  const Samples heard = decoded(path_of(outcome.uri));
  const Samples first = channel_of(heard, 0, 2), second = channel_of(heard, 1, 2);
  ASSERT_EQ(first.size(), 10000U);
  EXPECT_EQ(cut(first, 0, 2000), cut(said, 0, 2000));
  EXPECT_EQ(cut(first, 2000, 10000), cut(said, 8000, 16000));
  EXPECT_TRUE(is_silent(cut(second, 0, 2000)));
  EXPECT_EQ(cut(second, 2000, 10000), cut(said, 8000, 16000));
  EXPECT_EQ(sidecar_beside(outcome.uri)["participants"][0]["present"], json::array({{{"at", 0}, {"length", 10000}}}));
}

TEST_F(ConferenceTest, KeepsPausesThatLeaveSilenceInTheirPlace) {
  Track& main = open(conference("wav", false, {{"pause", "silence"}}));
  Track& alice = join("alice", 0ms);
  for (Track* track : {&main, &alice}) {
    push(*track, tone(440, 4000));
    push(*track, Samples(4000), Kind::paused);
    push(*track, tone(440, 4000));
  }
  leave(alice);
  const Outcome outcome = end(main);
  const Samples heard = decoded(path_of(outcome.uri));
  ASSERT_EQ(heard.size(), 12000U);
  EXPECT_TRUE(is_silent(cut(heard, 4000, 8000)));
  EXPECT_EQ(cut(heard, 8000, 12000), tone(440, 4000));
  EXPECT_EQ(sidecar_beside(outcome.uri)["participants"][0]["map"], json::array({span("paused", 4000, 4000)}));
}

TEST_F(ConferenceTest, IsTheMixWhereNobodyCame) {
  Track& main = open(conference("flac", false));
  push(main, tone(440, 8000));
  const Outcome outcome = end(main);
  EXPECT_EQ(decoded(path_of(outcome.uri)), tone(440, 8000));
  const json about = sidecar_beside(outcome.uri);
  EXPECT_EQ(about["channels"], json({"mixed"}));
  EXPECT_EQ(about["format"], "flac");
  EXPECT_FALSE(about.contains("participants"));
}

class ChannelsOf : public ConferenceTest, public ::testing::WithParamInterface<std::pair<const char*, int>> {};

TEST_P(ChannelsOf, HoldsAsManyParticipantsAsTheFormatCan) {
  const auto [format, count] = GetParam();
  Track& main = open(conference(format, false));
  push(main, noise(8000));
  for (int i = 0; i < count; ++i) {
    Track& one = join(numbered("p", i), std::chrono::milliseconds(i));
    push(one, tone(300 + 20 * i, 8000));
    leave(one);
  }
  const fs::path file = path_of(end(main).uri);
  EXPECT_EQ(file.extension().string().substr(1), find_format(format)->extension());
  ASSERT_EQ(channels_of(file), count);
  if (std::string(format) == "wav" || std::string(format) == "flac") {
    EXPECT_EQ(soxi_duration(file), 1);
  }
  const Samples heard = decoded(file);
  const auto channels = static_cast<std::size_t>(count);
  const double rate = static_cast<double>(heard.size()) / count;
  for (std::size_t i = 0; i<channels; i += channels> 8 ? 23 : 1) {
    const Samples one = channel_of(heard, i, channels);
    const auto seconds = [&](double s) { return static_cast<std::size_t>(s * rate); };
    EXPECT_NEAR(level(cut(one, seconds(0.5), seconds(0.95)), 300 + 20 * static_cast<double>(i), rate), 10000, 600) << i;
  }
  EXPECT_EQ(files_below(directory.path()).size(), 2U);
}
INSTANTIATE_TEST_SUITE_P(Formats, ChannelsOf,
                         ::testing::Values(std::pair("wav", 1), std::pair("wav", 100), std::pair("flac", 8),
                                           std::pair("mp3", 2), std::pair("opus", 2), std::pair("vorbis", 2)));

TEST_F(ConferenceTest, MakesAFileEachWhereTheFormatHoldsFewerChannels) {
  Track& main = open(conference("mp3", false));
  push(main, tone(440, 8000));
  for (int i = 0; i < 3; ++i) {
    Track& one = join(numbered("p", i), 0ms);
    push(one, tone(600 + 300 * i, 8000));
    leave(one);
  }
  const Outcome outcome = end(main);
  EXPECT_EQ(outcome.error, "");
  const fs::path file = path_of(outcome.uri);
  EXPECT_EQ(channels_of(file), 1);
  EXPECT_NEAR(level(decoded(file), 440), 10000, 700);
  const json about = sidecar_beside(outcome.uri);
  EXPECT_EQ(about["channels"], json({"mixed"}));
  ASSERT_EQ(about["participants"].size(), 3U);
  for (int i = 0; i < 3; ++i) {
    const Samples heard = decoded(file.parent_path() / about["participants"][static_cast<std::size_t>(i)]["file"]);
    EXPECT_EQ(heard.size(), 8000U);
    EXPECT_NEAR(level(heard, 600 + 300 * i), 10000, 700);
  }
  EXPECT_TRUE(spool().empty());
}

// ---- a file each ----

class FilesOf : public ConferenceTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(FilesOf, EachParticipantAreAsLongAsTheMixAndAlignedWithIt) {
  const std::string format = GetParam();
  Track& main = open(conference(format, true, {{"tracks", "participant"}}));
  Track& alice = join("alice", 0ms);
  Track& bob = join("bob", 500ms);
  push(main, tone(440, 16000));
  push(alice, tone(700, 16000));
  push(bob, tone(1000, 8000));
  leave(alice);
  leave(bob);
  const Outcome outcome = end(main);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.duration, 2s);
  const fs::path file = path_of(outcome.uri);
  EXPECT_EQ(outcome.size, fs::file_size(file));
  const Samples mix = decoded(file);
  const double rate = static_cast<double>(mix.size()) / 2;
  EXPECT_NEAR(level(mix, 440, rate), 10000, 700);
  const json about = sidecar_beside(outcome.uri);
  EXPECT_EQ(about["channels"], json({"mixed"}));
  ASSERT_EQ(about["participants"].size(), 2U);
  const auto heard = [&](std::size_t i) {
    const json& one = about["participants"][i];
    const fs::path own = file.parent_path() / one["file"];
    EXPECT_EQ(one["file"], file.stem().string() + numbered("-p", static_cast<int>(i) + 1) + file.extension().string());
    EXPECT_EQ(one["size"], fs::file_size(own));
    EXPECT_FALSE(one.contains("channel"));
    if (format == "flac") {
      EXPECT_EQ(probed_tag(own, "CALL_ID"), one["id"].get<std::string>());
    }
    return decoded(own);
  };
  const Samples first = heard(0), second = heard(1);
  ASSERT_EQ(first.size(), mix.size());
  ASSERT_EQ(second.size(), mix.size());
  EXPECT_NEAR(level(first, 700, rate), 10000, 700);
  const auto seconds = [&](double s) { return static_cast<std::size_t>(s * rate); };
  EXPECT_LT(level(cut(second, 0, seconds(0.48)), 1000, rate), 30);
  EXPECT_NEAR(level(cut(second, seconds(0.5), seconds(1.5)), 1000, rate), 10000, 700);
  EXPECT_LT(level(cut(second, seconds(1.52), seconds(2)), 1000, rate), 30);
  EXPECT_TRUE(spool().empty());
}
INSTANTIATE_TEST_SUITE_P(Formats, FilesOf, ::testing::Values("wav", "mp3", "flac", "opus", "vorbis"));

TEST_F(ConferenceTest, WritesTheMixAsItGrowsWhereParticipantsHaveFiles) {
  Track& main = open(conference("mp3", true, {{"tracks", "participant"}}));
  Track& alice = join("alice", 0ms);
  EXPECT_THAT(spool(), ::testing::UnorderedElementsAre(::testing::EndsWith("-mixer1-rec1.mp3.part"),
                                                       ::testing::EndsWith("-mixer1-rec1-visit1.wav.part")));
  leave(alice);
  end(main);
}

TEST_F(ConferenceTest, KeepsTheBytesOfG711InAFileOfOneParticipant) {
  Track& main = open(conference("raw", true, {{"tracks", "participant"}, {"encoding", "mulaw"}}));
  Track& alice = join("alice", 0ms);
  push(main, noise(1600));
  Samples said(1600, -1);  // the negative zero
  push(alice, said);
  leave(alice);
  const Outcome outcome = end(main);
  const fs::path own = path_of(outcome.uri).parent_path() / sidecar_beside(outcome.uri)["participants"][0]["file"];
  EXPECT_EQ(bytes_of(own), std::vector<std::uint8_t>(1600, 0x7F));
}

TEST_F(ConferenceTest, NormalisesEverybodyByTheGainOfTheMix) {
  Track& main = open(conference("wav", true, {{"tracks", "participant"}, {"double-pass", "true"}}));
  Track& alice = join("alice", 0ms);
  push(main, tone(997, 80000, 8000, 1036));  // 10 dB below the target
  push(alice, tone(440, 80000, 8000, 500));
  leave(alice);
  const Outcome outcome = end(main);
  const json about = sidecar_beside(outcome.uri);
  const double gain = std::pow(10, about["loudness"]["gain_db"].get<double>() / 20);
  EXPECT_NEAR(gain, 3.16, 0.1);
  const fs::path own = path_of(outcome.uri).parent_path() / about["participants"][0]["file"];
  EXPECT_NEAR(level(decoded(own), 440), 500 * gain, 10);
}

}  // namespace
