#include "record/sidecar.hpp"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "record/desk_for_test.hpp"
#include "record/playback_for_test.hpp"

namespace {

using namespace record;
using namespace record::testing;
using nlohmann::json;

json sidecar_beside(const std::string& uri) {
  std::ifstream in(sidecar_of(path_of(uri)));
  return json::parse(in, nullptr, false);
}

class SidecarTest : public ::testing::Test {
 protected:
  SidecarTest() { EXPECT_TRUE(desk.recorder.start()); }

  TemporaryDirectory directory;
  Desk desk{directory.path()};
};

TEST_F(SidecarTest, SaysWhatTheRecordingIsAndWhatBecameOfIt) {
  Request asked = request("wav", false);
  asked.settings.hints = {{"encoding", "pcm16"}};
  asked.from = "sip:alice@example.org";
  asked.to =
      "sip:b\xC3\xBC"
      "cher\"\n\xFF@example.org";
  auto track = desk.open(asked);
  ASSERT_TRUE(track);
  ASSERT_TRUE((*track)->push_audio(tone(440, 320)));
  (*track)->push_end(EndReason::final_timeout, {.samples = 160,
                                                .paused_samples = 16000,
                                                .repaired_samples = 8,
                                                .lost_samples = 16,
                                                .silent_samples = 24,
                                                .noise_samples = 32,
                                                .held_samples = 40,
                                                .overrun_samples = 48,
                                                .duplicate_samples = 160,
                                                .adjusted_samples = 56,
                                                .packets_received = 5,
                                                .packets_lost = 6,
                                                .packets_late = 7,
                                                .packets_duplicate = 8});
  const Outcome outcome = desk.outcome();
  const json about = sidecar_beside(outcome.uri);
  ASSERT_TRUE(about.is_object());
  EXPECT_EQ(about["file"], path_of(outcome.uri).filename().string());
  EXPECT_EQ(about["format"], "wav");
  EXPECT_EQ(about["encoding"], "pcm16");
  EXPECT_EQ(about["call"], "call1");
  EXPECT_EQ(about["component"], "rec1");
  EXPECT_EQ(about["from"], "sip:alice@example.org");
  EXPECT_EQ(about["to"],
            "sip:b\xC3\xBC"
            "cher\"\n\xEF\xBF\xBD@example.org");
  EXPECT_THAT(about["started"].get<std::string>(),
              ::testing::MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z"));
  EXPECT_EQ(about["sample_rate"], 8000);
  EXPECT_EQ(about["channels"], json({"send", "recv"}));
  EXPECT_EQ(about["samples"], 160);
  EXPECT_EQ(about["duration_ms"], 20);
  EXPECT_EQ(about["size"], outcome.size);
  EXPECT_EQ(about["reason"], "final-timeout");
  EXPECT_FALSE(about.contains("error"));
  EXPECT_FALSE(about.contains("loudness"));
  EXPECT_EQ(about["software"], "Telegraphone/" TELEGRAPHONE_VERSION);
  EXPECT_EQ(about["packets"], json({{"received", 5}, {"lost", 6}, {"late", 7}, {"duplicate", 8}}));
  EXPECT_EQ(about["milliseconds"], json({{"repaired", 1},
                                         {"lost", 2},
                                         {"silent", 3},
                                         {"noise", 4},
                                         {"held", 5},
                                         {"paused", 2000},
                                         {"overrun", 6},
                                         {"late", 0},
                                         {"duplicate", 20},
                                         {"adjusted", 7}}));
  EXPECT_EQ(about["map"], json::array());
  EXPECT_EQ(about["map_complete"], true);
}

TEST_F(SidecarTest, MapsEverythingThatIsNotPlainAudioInSamplesOfTheFile) {
  Request asked = request("wav");
  auto opened = desk.open(asked);
  ASSERT_TRUE(opened);
  Track& track = **opened;
  const auto audio = tone(440, 160);
  const std::vector<std::int16_t> silence(160);
  ASSERT_TRUE(track.push_audio(audio));
  ASSERT_TRUE(track.push_audio(audio, Kind::repaired));
  ASSERT_TRUE(track.push_audio(silence, Kind::silent));
  ASSERT_TRUE(track.push_audio(silence, Kind::silent));
  ASSERT_TRUE(track.push_relabel(Kind::lost, 200));
  ASSERT_TRUE(track.push_mark(Kind::paused, 8000));
  ASSERT_TRUE(track.push_audio(audio));
  ASSERT_TRUE(track.push_mark(Kind::overrun, 40000));
  ASSERT_TRUE(track.push_audio(audio));
  track.change_rate(16000);
  ASSERT_TRUE(track.push_audio(tone(440, 320, 16000), Kind::noise));
  track.push_end(EndReason::stop, {.rate = 16000});
  const Outcome outcome = desk.outcome();
  const json about = sidecar_beside(outcome.uri);
  EXPECT_EQ(about["sample_rate"], 16000);
  EXPECT_EQ(about["samples"], 2 * 40960 + 320);
  const auto span = [](const char* kind, int at, int length, int skipped) {
    return json({{"kind", kind}, {"at", at}, {"length", length}, {"skipped", skipped}});
  };
  EXPECT_EQ(about["map"],
            json({span("repaired", 320, 320, 0), span("silent", 640, 240, 0), span("lost", 880, 400, 0),
                  span("paused", 1280, 0, 16000), span("overrun", 1600, 80000, 0), span("noise", 81920, 320, 0)}));
  // The map tells the truth: what was overrun is silence, and what followed is in its place.
  const auto heard = decoded(path_of(outcome.uri));
  ASSERT_EQ(heard.size(), 82240U);
  EXPECT_TRUE(std::all_of(heard.begin() + 2000, heard.begin() + 81200, [](int sample) { return sample == 0; }));
  EXPECT_NEAR(level({heard.begin() + 81600, heard.begin() + 81920}, 440, 16000), 10000, 1500);
}

TEST_F(SidecarTest, SaysWhatWasMeasuredAndDoneToTheLoudness) {
  Request asked = request("wav");
  asked.settings.hints = {{"double-pass", "true"}};
  auto track = desk.open(asked);
  ASSERT_TRUE(track);
  play(**track, tone(997, 40000, 8000, 1036));  // -30 dBFS: as much LUFS less 3.01
  const json about = sidecar_beside(desk.outcome().uri);
  EXPECT_NEAR(about["loudness"]["measured_lufs"].get<double>(), -33, 0.2);
  EXPECT_NEAR(about["loudness"]["true_peak_dbtp"].get<double>(), -30, 0.2);
  EXPECT_NEAR(about["loudness"]["gain_db"].get<double>(), 10, 0.2);
}

TEST_F(SidecarTest, SaysWhyARecordingFailed) {
  auto track = desk.open(request("wav"));
  ASSERT_TRUE(track);
  ASSERT_TRUE((*track)->push_audio(tone(440, 160)));
  (*track)->push_end(EndReason::error, {.overrun_samples = 8000});
  const json about = sidecar_beside(desk.outcome().uri);
  EXPECT_EQ(about["reason"], "error");
  EXPECT_EQ(about["error"], "the writer could not keep up with the audio");
}

TEST(SidecarText, NamesWhatEachChannelIs) {
  const auto channels = [](const char* text) {
    Facts facts;
    facts.tags.channels = text;
    return json::parse(sidecar_text(facts, "x.wav"))["channels"];
  };
  EXPECT_EQ(channels("mixed"), json::array({"mixed"}));
  EXPECT_EQ(channels("recv"), json::array({"recv"}));
  EXPECT_EQ(channels("send, recv"), json::array({"send", "recv"}));
}

TEST(SidecarText, NamesThePartsThatCouldNotBePutTogether) {
  Facts facts;
  facts.parts = {"x-part2.wav"};
  EXPECT_EQ(json::parse(sidecar_text(facts, "x.wav"))["parts"], json::array({"x-part2.wav"}));
}

}  // namespace
