// Disks that are full or hang, and a server that is killed.
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
#include "record/recorder.hpp"

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

// A file system of 1 MB, gone with the object. Needs the right to mount.
class SmallDisk {
 public:
  SmallDisk() : mounted_(::mount("none", directory_.path().c_str(), "tmpfs", 0, "size=1m") == 0) {}
  ~SmallDisk() {
    if (mounted_) ::umount2(directory_.path().c_str(), MNT_DETACH);
  }
  bool is_there() const { return mounted_; }
  const fs::path& path() const { return directory_.path(); }

 private:
  TemporaryDirectory directory_;
  bool mounted_;
};

TEST(RecorderOnAFullDisk, KeepsWhatItHasAndTouchesNoOther) {
  const SmallDisk disk;
  if (!disk.is_there()) GTEST_SKIP() << "not allowed to mount";
  Desk desk(disk.path(), 1);
  ASSERT_TRUE(desk.recorder.start());
  auto small = desk.open(request("mp3"));
  auto large = desk.open(request("wav"));
  ASSERT_TRUE(small && large);
  ASSERT_TRUE((*small)->push_audio(tone(440, 8000)));
  const auto audio = tone(440, 1000000);
  play(**large, audio);
  const Outcome full = desk.outcome(1);
  EXPECT_EQ(full.reason, EndReason::error);
  EXPECT_EQ(full.error, "write: No space left on device");
  EXPECT_GT(full.duration.count(), 40000);
  const auto heard = decoded(path_of(full.uri));
  EXPECT_EQ(full.duration.count(), static_cast<std::int64_t>(heard.size()) / 8);
  EXPECT_EQ(full.size, fs::file_size(path_of(full.uri)));
  EXPECT_TRUE(std::equal(heard.begin(), heard.end(), audio.begin()));

  fs::remove(path_of(full.uri));
  (*small)->push_end(EndReason::stop, {});
  EXPECT_EQ(desk.outcome(0).reason, EndReason::stop);
  EXPECT_EQ(desk.outcome(0).duration.count(), 1000);
  EXPECT_EQ(decoded(path_of(desk.outcome(0).uri)).size(), 8000U);
}

TEST(RecorderOnAFullDisk, RefusesToOpenForLackOfResources) {
  const SmallDisk disk;
  if (!disk.is_there()) GTEST_SKIP() << "not allowed to mount";
  Desk desk(disk.path());
  ASSERT_TRUE(desk.recorder.start());
  ASSERT_TRUE(desk.open(request()));  // today's folder is there then
  {
    std::ofstream filler(disk.path() / "filler", std::ios::binary);
    const std::vector<char> block(4096);
    while (filler.write(block.data(), 4096) && filler.flush()) continue;
  }
  auto track = desk.open(request());
  ASSERT_FALSE(track);
  EXPECT_EQ(track.error().kind, base::Kind::no_resources);
  EXPECT_THAT(track.error().text, StartsWith("open spool file " + disk.path().string() + "/spool/"));
  EXPECT_THAT(track.error().text, HasSubstr("No space left on device"));
  EXPECT_EQ(files_below(disk.path() / "spool").size(), 1U);
}

// The limit is the process's, so a child of ours runs into it.
TEST(RecorderWithAFileSizeLimit, EndsWithAnErrorAndAPlayableFile) {
  TemporaryDirectory directory;
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100000, 100000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    Desk desk(directory.path());
    bool good = static_cast<bool>(desk.recorder.start());
    auto track = desk.open(request("wav"));
    good = good && track;
    if (good) play(**track, tone(440, 80000));
    const Outcome outcome = good ? desk.outcome() : Outcome{};
    good = good && outcome.reason == EndReason::error && outcome.error == "write: File too large" &&
           outcome.duration.count() > 4000 &&
           decoded(path_of(outcome.uri)).size() / 8 == static_cast<std::size_t>(outcome.duration.count());
    ::_exit(good ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

// The time that is passed in says that a writer has hung.
class RecorderWhoseWriterHangs : public RecorderTest {
 protected:
  // Seconds go by in which no writer that has work makes a turn.
  void hang(int seconds) {
    for (int i = 0; i <= seconds; ++i) desk.recorder.watch(began_ + std::chrono::seconds(i));
  }

 private:
  const base::Time began_ = base::Clock::now() + std::chrono::hours(1);
};

TEST_F(RecorderWhoseWriterHangs, IsFinishedOnceWithAnErrorAndNewOnesAreWhole) {
  Request first = request("wav");
  first.client = "juliet";
  auto track = desk.open(first);
  ASSERT_TRUE(track);
  ASSERT_TRUE((*track)->push_audio(tone(440, 800)));
  desk.recorder.watch(base::Clock::now());
  EXPECT_TRUE(desk.finished.empty());
  hang(0);  // this thread itself came to nothing for an hour: that says nothing
  EXPECT_TRUE(desk.finished.empty());
  hang(1);
  ASSERT_EQ(desk.finished[0].size(), 1U);
  EXPECT_EQ(desk.outcome().reason, EndReason::error);
  EXPECT_THAT(desk.outcome().error, HasSubstr("does not answer"));
  EXPECT_EQ(desk.outcome().uri, "");
  EXPECT_TRUE((*track)->is_failed()) << "its tap lets go";
  EXPECT_EQ(desk.recorder.open_count(), 0U);
  EXPECT_EQ(desk.recorder.stats().writers_given_up, 1U);
  EXPECT_EQ(desk.recorder.stats().given_up, 1U);

  auto other = desk.open(request("wav"));
  ASSERT_TRUE(other);
  play(**other, tone(440, 8000));
  EXPECT_EQ(desk.outcome(1).duration.count(), 1000);

  // It was not so: its thread completes what it has, and nobody is told twice.
  (*track)->push_end(EndReason::error, {.samples = 800});
  EXPECT_TRUE(desk.run_until([&] { return files_below(directory.path()).size() == 4; }));
  EXPECT_EQ(desk.finished[0].size(), 1U);
  EXPECT_TRUE(desk.run_until([&] { return record::testing::is_spool_empty(directory.path()); }));
}

TEST_F(RecorderWhoseWriterHangs, EndsThoseOfOtherWritersToo) {
  std::vector<Track*> tracks;
  for (int i = 0; i < 6; ++i) {
    auto track = desk.open(request("wav"));
    ASSERT_TRUE(track);
    tracks.push_back(*track);
  }
  hang(0);
  hang(1);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(desk.outcome(i).reason, EndReason::error);
  EXPECT_EQ(desk.recorder.stats().writers_given_up, 2U);
  for (Track* track : tracks) track->push_end(EndReason::error, {});
  auto other = desk.open(request("wav"));
  ASSERT_TRUE(other);
  play(**other, tone(440, 800));
  EXPECT_EQ(desk.outcome(6).duration.count(), 100);
}

TEST_F(RecorderWhoseWriterHangs, DoesNotConcernWritersWithoutWork) {
  hang(200);
  EXPECT_EQ(desk.recorder.stats().writers_given_up, 0U);
}

TEST_F(RecorderWhoseWriterHangs, LeavesParticipantsThatWereBeingOpenedWithAnAnswer) {
  Request asked = request("wav");
  asked.settings.on_mixer = true;
  asked.settings.tracks = Tracks::participant_files;
  auto track = desk.open(asked);
  ASSERT_TRUE(track);
  int answers = 0;
  desk.recorder.open_participant(desk.last_id, {.id = "one", .name = {}, .uri = {}}, 8000,
                                 [&](ParticipantId, const base::Result<Track*>& opened) {
                                   ++answers;
                                   EXPECT_FALSE(opened);
                                 });
  hang(0);
  hang(1);
  EXPECT_EQ(answers, 1);
  EXPECT_EQ(desk.outcome().reason, EndReason::error);
  (*track)->push_end(EndReason::error, {});
  EXPECT_TRUE(desk.run_until([&] { return record::testing::is_spool_empty(directory.path()); }));
  EXPECT_EQ(answers, 1);
}

TEST(RecorderThatIsKilled, LeavesItsSpoolPlayableUpToTheLastSecond) {
  TemporaryDirectory directory;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    Desk desk(directory.path());
    const bool started = static_cast<bool>(desk.recorder.start());
    auto mp3 = desk.open(request("mp3"));
    auto wav = desk.open(request("wav"));
    if (!started || !mp3 || !wav) ::_exit(1);
    // Three seconds in real time.
    for (int block = 0; block < 150; ++block) {
      const auto audio = tone(440, 160, 8000, 10000, static_cast<std::size_t>(block) * 160);
      if (!(*mp3)->push_audio(audio) || !(*wav)->push_audio(audio)) ::_exit(1);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    [[maybe_unused]] const ssize_t ignored = ::write(ready[1], "!", 1);
    ::pause();
  }
  ::close(ready[1]);
  char byte = 0;
  EXPECT_EQ(::read(ready[0], &byte, 1), 1);
  ::close(ready[0]);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  const auto parts = files_below(directory.path());
  ASSERT_EQ(parts.size(), 2U);
  for (const fs::path& part : parts) {
    const auto heard = decoded(part);
    EXPECT_GT(heard.size(), 16000U) << part;
    EXPECT_NEAR(level(heard, 440), 10000, 1000) << part;
    EXPECT_GT(probed_duration(part), 1.9) << part;
  }
}

}  // namespace
