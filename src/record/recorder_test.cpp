#include "record/recorder.hpp"

#include <csignal>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>

#include "record/desk_for_test.hpp"
#include "record/formats/format.hpp"
#include "record/playback_for_test.hpp"

namespace {

namespace fs = std::filesystem;
using namespace record;
using namespace record::testing;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

class RecorderTest : public ::testing::Test {
 protected:
  RecorderTest() { EXPECT_TRUE(desk.recorder.start()); }

  TemporaryDirectory directory;
  Desk desk{directory.path()};
};

TEST_F(RecorderTest, MakesAnMp3OfExactlyWhatWasPushed) {
  auto track = desk.open(request());
  ASSERT_TRUE(track);
  play(**track, tone(440, 27200), EndReason::hangup);
  const Outcome outcome = desk.outcome();
  EXPECT_EQ(outcome.reason, EndReason::hangup);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.duration.count(), 3400);
  EXPECT_EQ(outcome.stats.samples, 27200U);
  EXPECT_EQ(outcome.size, fs::file_size(path_of(outcome.uri)));
  const auto heard = decoded(path_of(outcome.uri));
  EXPECT_EQ(heard.size(), 27200U);
  EXPECT_NEAR(level(heard, 440), 10000, 700);
  EXPECT_EQ(desk.recorder.open_count(), 0U);
  EXPECT_TRUE(record::testing::is_spool_empty(directory.path()));
}

TEST_F(RecorderTest, MakesAWavWithAPartyOnEachChannel) {
  auto track = desk.open(request("wav", false));
  ASSERT_TRUE(track);
  const auto audio = interleaved(tone(440, 8001), tone(1000, 8001));
  play(**track, audio);
  const Outcome outcome = desk.outcome();
  EXPECT_EQ(outcome.duration.count(), 1000);  // 1000.125, rounded down
  EXPECT_EQ(outcome.size, fs::file_size(path_of(outcome.uri)));
  EXPECT_EQ(decoded(path_of(outcome.uri)), audio);
}

TEST_F(RecorderTest, NamesFilesByDateCallAndComponentOnly) {
  Request asked = request();
  asked.call_id = "../../etc/pass wd";
  asked.component_id =
      "r\xC3\xA9"
      "c";
  asked.to = "sip:evil/../@x";
  auto track = desk.open(std::move(asked));
  ASSERT_TRUE(track);
  play(**track, tone(440, 800));
  const std::string uri = desk.outcome().uri;
  std::string shape = uri.substr(("file:" + directory.path().string()).size());
  std::replace_if(
      shape.begin(), shape.end(), [](char c) { return c >= '0' && c <= '9'; }, '9');
  EXPECT_EQ(shape, "/9999-99-99/99999999T999999Z-______etc_pass_wd-r__c.mp9");
}

TEST_F(RecorderTest, NeverReplacesAFileOfTheSameName) {
  std::vector<Track*> tracks;
  for (int i = 0; i < 20; ++i) {
    auto track = desk.open(request("wav"));
    ASSERT_TRUE(track);
    tracks.push_back(*track);
  }
  for (Track* track : tracks) play(*track, tone(440, 160));
  std::set<std::string> uris;
  for (int i = 0; i < 20; ++i) uris.insert(desk.outcome(i).uri);
  EXPECT_EQ(uris.size(), 20U);
  for (const auto& uri : uris) EXPECT_TRUE(fs::exists(path_of(uri)));
}

TEST_F(RecorderTest, ShowsTheFileOnlyWhenItIsWhole) {
  auto track = desk.open(request());
  ASSERT_TRUE(track);
  ASSERT_TRUE((*track)->push_audio(tone(440, 160)));
  const auto growing = files_below(directory.path());
  ASSERT_EQ(growing.size(), 1U);
  EXPECT_EQ(growing[0].parent_path(), directory.path() / "spool");
  EXPECT_EQ(growing[0].extension(), ".part");
  (*track)->push_end(EndReason::stop, {});
  const fs::path whole = path_of(desk.outcome().uri);
  EXPECT_EQ(whole.filename().string() + ".part", growing[0].filename());
  EXPECT_THAT(files_below(directory.path()), UnorderedElementsAre(whole, sidecar_of(whole)));
}

TEST_F(RecorderTest, EndsARecordingWithoutAudioWithAFileThatPlays) {
  int number = 0;
  for (const char* format : {"mp3", "wav"}) {
    auto track = desk.open(request(format));
    ASSERT_TRUE(track);
    (*track)->push_end(EndReason::initial_timeout, {});
    const Outcome outcome = desk.outcome(number++);
    EXPECT_EQ(outcome.reason, EndReason::initial_timeout);
    EXPECT_EQ(outcome.duration.count(), 0);
    EXPECT_EQ(outcome.size, fs::file_size(path_of(outcome.uri)));
    EXPECT_GE(outcome.size, 44U);
    EXPECT_TRUE(decoded(path_of(outcome.uri)).empty());
  }
}

TEST_F(RecorderTest, RemovesWhatIsDiscardedAndSaysNothing) {
  auto track = desk.open(request());
  ASSERT_TRUE(track);
  desk.recorder.discard(desk.last_id);
  EXPECT_EQ(desk.recorder.open_count(), 0U);
  EXPECT_TRUE(desk.run_until([&] { return files_below(directory.path()).empty(); }));
  EXPECT_TRUE(desk.finished.empty());
}

TEST_F(RecorderTest, DoesNotCallBackWhatIsDiscardedBeforeItWasOpened) {
  bool called = false;
  const auto id = desk.recorder.open(
      request(), [&](const base::Result<Track*>&) { called = true; }, [&](const Outcome&) { called = true; });
  desk.recorder.discard(id);
  auto other = desk.open(request());  // the writers have been through their mail by then
  auto another = desk.open(request());
  ASSERT_TRUE(other && another);
  EXPECT_FALSE(called);
  EXPECT_EQ(desk.recorder.open_count(), 2U);
  EXPECT_EQ(files_below(directory.path()).size(), 2U);
}

TEST_F(RecorderTest, FinishesWhatIsOpenWhenItStops) {
  auto attached = desk.open(request("wav"));
  auto ended = desk.open(request("wav"));
  auto never_attached = desk.open(request("wav"));
  ASSERT_TRUE(attached && ended && never_attached);
  ASSERT_TRUE((*attached)->push_audio(tone(440, 8000)));
  play(**ended, tone(440, 16000), EndReason::hangup);
  std::thread producer([&] {
    while (!(*attached)->is_failed()) std::this_thread::yield();
    (*attached)->push_end(EndReason::stop, {.samples = 8000});
  });
  desk.recorder.stop();
  producer.join();
  const Outcome cut = desk.outcome(0);
  EXPECT_EQ(cut.reason, EndReason::error);
  EXPECT_EQ(cut.error, "server stopped");
  EXPECT_EQ(cut.duration.count(), 1000);
  EXPECT_EQ(decoded(path_of(cut.uri)).size(), 8000U);
  EXPECT_EQ(desk.outcome(1).reason, EndReason::hangup);
  EXPECT_EQ(desk.outcome(1).duration.count(), 2000);
  EXPECT_EQ(desk.outcome(2).error, "server stopped");
}

TEST_F(RecorderTest, RefusesToOpenAfterItStopped) {
  desk.recorder.stop();
  auto track = desk.open(request());
  ASSERT_FALSE(track);
  EXPECT_EQ(track.error().kind, base::Kind::unavailable);
  EXPECT_EQ(desk.recorder.open_count(), 0U);
}

TEST_F(RecorderTest, JudgesFormatAndHintsBeforeTheDiskIsTouched) {
  Settings settings;
  EXPECT_TRUE(desk.recorder.check(settings));
  settings.hints = {{"quality", "11"}};
  EXPECT_EQ(desk.recorder.check(settings).error().kind, base::Kind::bad_request);
  EXPECT_THAT(desk.recorder.check(settings).error().text, HasSubstr("'quality'"));
  settings.format = "wav";
  EXPECT_TRUE(desk.recorder.check(settings));  // wav knows no such hint
  settings.format = "mp4";
  EXPECT_EQ(desk.recorder.check(settings).error().kind, base::Kind::not_supported);
}

TEST_F(RecorderTest, GivesBackTheSettingsWithWhatTheirHintsSay) {
  Settings settings;
  settings.hints = {{"channels", "2"}, {"sample-rate", "16000"}, {"double-pass", "true"}, {"pause", "tone"}};
  const auto checked = desk.recorder.check(settings);
  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->channels(), 2);
  EXPECT_EQ(checked->sample_rate, 16000U);
  EXPECT_TRUE(checked->double_pass);
  EXPECT_EQ(checked->pause, PauseMode::tone);
  settings.hints = {{"channels", "3"}};
  EXPECT_EQ(desk.recorder.check(settings).error().kind, base::Kind::bad_request);
  Request asked = request("wav");
  asked.settings.hints = {{"pause", "loud"}};
  const auto refused = desk.open(std::move(asked));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("'pause'"));
  EXPECT_TRUE(files_below(directory.path()).empty());
}

TEST_F(RecorderTest, RefusesASampleRateThatTheFormatCannotHold) {
  if (find_format("opus") == nullptr) GTEST_SKIP() << "not built in";
  Settings settings;
  settings.format = "opus";
  settings.hints = {{"sample-rate", "11025"}};
  EXPECT_EQ(desk.recorder.check(settings).error().text, "hint 'sample-rate': opus cannot hold 11025 Hz");
}

TEST(RecorderConfiguration, SaysWhatAPauseLeavesWhereNoHintDoes) {
  TemporaryDirectory directory;
  const Recorder recorder({directory.path(), 1, PauseMode::silence}, [](const std::function<void()>&) {});
  Settings settings;
  EXPECT_EQ(recorder.check(settings)->pause, PauseMode::silence);
  settings.hints = {{"pause", "skip"}};
  EXPECT_EQ(recorder.check(settings)->pause, PauseMode::skip);
}

TEST_F(RecorderTest, KeepsFiveHundredRecordingsApart) {
  constexpr int kCount = 500;
  std::vector<Track*> tracks(kCount);
  int opened = 0;
  std::map<int, Outcome> outcomes;
  for (int i = 0; i < kCount; ++i) {
    desk.recorder.open(
        request(i % 2 == 0 ? "mp3" : "wav"),
        [&, i](base::Result<Track*> track) {
          ASSERT_TRUE(track);
          tracks[static_cast<std::size_t>(i)] = *track;
          ++opened;
        },
        [&, i](const Outcome& outcome) { EXPECT_TRUE(outcomes.emplace(i, outcome).second); });
  }
  ASSERT_TRUE(desk.run_until([&] { return opened == kCount; }));
  EXPECT_EQ(desk.recorder.open_count(), 500U);
  // Each has a tone and a length of its own.
  const auto hz = [](int i) { return 300.0 + 5 * i; };
  for (int block = 0; block < 50; ++block) {
    for (int i = 0; i < kCount; ++i) {
      ASSERT_TRUE(tracks[static_cast<std::size_t>(i)]->push_audio(
          tone(hz(i), 160, 8000, 10000, static_cast<std::size_t>(block) * 160)));
    }
  }
  for (int i = 0; i < kCount; ++i) {
    const auto rest = static_cast<std::size_t>(8 * (i + 1));
    ASSERT_TRUE(tracks[static_cast<std::size_t>(i)]->push_audio(tone(hz(i), rest, 8000, 10000, 8000)));
    tracks[static_cast<std::size_t>(i)]->push_end(EndReason::stop, {});
  }
  ASSERT_TRUE(desk.run_until([&] { return outcomes.size() == kCount; }));
  for (int i = 0; i < kCount; ++i) {
    EXPECT_EQ(outcomes[i].duration.count(), 1000 + i + 1);
    EXPECT_EQ(outcomes[i].size, fs::file_size(path_of(outcomes[i].uri)));
  }
  for (int i = 0; i < kCount; i += 53) EXPECT_NEAR(level(decoded(path_of(outcomes[i].uri)), hz(i)), 10000, 1500) << i;
}

TEST(RecorderStart, NamesTheDirectoryThatItCannotMake) {
  TemporaryDirectory directory;
  const fs::path file = directory.path() / "file";
  std::ofstream(file) << "not a directory";
  Desk desk(file / "recordings");
  auto started = desk.recorder.start();
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().text, HasSubstr(file.string()));
  EXPECT_THAT(started.error().text, HasSubstr("Not a directory"));
}

TEST(RecorderStart, MakesTheDirectoriesThatAreMissing) {
  TemporaryDirectory directory;
  Desk desk(directory.path() / "a" / "b c");
  ASSERT_TRUE(desk.recorder.start());
  EXPECT_TRUE(files_below(directory.path()).empty());
  auto track = desk.open(request("wav"));
  ASSERT_TRUE(track);
  play(**track, tone(440, 160));
  EXPECT_THAT(desk.outcome().uri, StartsWith("file:" + directory.path().string() + "/a/b%20c/"));
}

TEST(RecorderStart, RefusesToOpenWhereTheDirectoryHasBecomeUnwritable) {
  TemporaryDirectory directory;
  Desk desk(directory.path() / "recordings");
  ASSERT_TRUE(desk.recorder.start());
  fs::remove_all(directory.path() / "recordings");
  std::ofstream(directory.path() / "recordings") << "in the way";
  auto track = desk.open(request());
  ASSERT_FALSE(track);
  EXPECT_EQ(track.error().kind, base::Kind::internal);
  EXPECT_THAT(track.error().text, HasSubstr((directory.path() / "recordings").string()));
  EXPECT_EQ(desk.recorder.open_count(), 0U);
}

TEST_F(RecorderTest, NothingBecomesLongerThanTheServerAllows) {
  Recorder capped({.directory = directory.path(), .max_duration = std::chrono::seconds(60)}, {});
  Settings settings;
  settings.format = "wav";
  EXPECT_EQ(capped.check(settings)->max_duration, std::chrono::milliseconds(60000));
  settings.max_duration = std::chrono::hours(5);
  EXPECT_EQ(capped.check(settings)->max_duration, std::chrono::milliseconds(60000));
  settings.max_duration = std::chrono::seconds(1);
  EXPECT_EQ(capped.check(settings)->max_duration, std::chrono::milliseconds(1000));
  settings.max_duration.reset();
  EXPECT_FALSE(desk.recorder.check(settings)->max_duration);
}

}  // namespace
