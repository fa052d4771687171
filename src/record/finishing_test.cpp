// Recordings whose file is made after their end: calls that became wider, and double-pass.

#include "record/finishing.hpp"

#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "record/desk_for_test.hpp"
#include "record/finisher.hpp"
#include "record/playback_for_test.hpp"

namespace {

namespace fs = std::filesystem;
using namespace record;
using namespace record::testing;
using record::testing::channel;  // not that of <linux/…>
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

using Samples = std::vector<std::int16_t>;

class FinishingTest : public ::testing::Test {
 protected:
  FinishingTest() { EXPECT_TRUE(desk.recorder.start()); }

  Track* open(Request asked) {
    auto track = desk.open(std::move(asked));
    EXPECT_TRUE(track);
    return track ? *track : nullptr;
  }
  // At whatever rate the track has now.
  static void push(Track& track, const Samples& interleaved, Kind kind = Kind::received) {
    const std::size_t block = track.rate() / 50 * static_cast<std::size_t>(track.channels());
    for (std::size_t at = 0; at < interleaved.size(); at += block) {
      const auto next = std::span(interleaved).subspan(at, std::min(block, interleaved.size() - at));
      while (!track.push_audio(next, kind)) std::this_thread::yield();
    }
  }
  Outcome end(Track& track, EndReason reason = EndReason::stop) {
    track.push_end(reason, {.rate = track.rate()});
    return desk.outcome();
  }
  bool spool_is_empty() const { return record::testing::is_spool_empty(directory.path()); }

  TemporaryDirectory directory;
  Desk desk{directory.path()};
};

Request with_hints(std::string format, std::vector<Hint> hints, bool mix = true) {
  Request asked = request(std::move(format), mix);
  asked.settings.hints = std::move(hints);
  return asked;
}

std::uint32_t rate_of(const fs::path& file) {
  return static_cast<std::uint32_t>(std::stoul(output_of(
      "ffprobe -v error -show_entries stream=sample_rate -of default=nw=1:nk=1 '" + file.string() + "' 2>&1")));
}

Samples cut(const Samples& samples, std::size_t from, std::size_t to) {
  return {samples.begin() + static_cast<std::ptrdiff_t>(from), samples.begin() + static_cast<std::ptrdiff_t>(to)};
}

// How far `heard` is from what it should be, sample for sample.
double snr(const Samples& heard, const Samples& ideal) {
  double noise = 1e-9, signal = 0;
  for (std::size_t i = 0; i < std::min(heard.size(), ideal.size()); ++i) {
    noise += std::pow(heard[i] - ideal[i], 2);
    signal += std::pow(ideal[i], 2);
  }
  return 10 * std::log10(signal / noise);
}

// By ffmpeg's own meter.
double measured_lufs(const fs::path& file) {
  const std::string text =
      output_of("ffmpeg -nostats -i '" + file.string() + "' -af ebur128=peak=true -f null - 2>&1 </dev/null");
  const std::size_t summary = text.rfind("I:");
  return summary == std::string::npos ? 0 : std::stod(text.substr(summary + 2));
}
double measured_true_peak(const fs::path& file) {
  const std::string text =
      output_of("ffmpeg -nostats -i '" + file.string() + "' -af ebur128=peak=true -f null - 2>&1 </dev/null");
  const std::size_t summary = text.rfind("Peak:");
  return summary == std::string::npos ? 0 : std::stod(text.substr(summary + 5));
}

// ---- calls that become wider ----

class WidenedCall : public FinishingTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(WidenedCall, BecomesOneFileAtItsWidestRateWithEverySecondInItsPlace) {
  const std::string format = GetParam();
  if (find_format(format) == nullptr) GTEST_SKIP() << "not built in";
  Track* track = open(request(format));
  push(*track, tone(1000, 16000, 8000));
  track->change_rate(16000);
  push(*track, tone(5000, 32000, 16000));
  track->change_rate(48000);
  push(*track, tone(10000, 96000, 48000));
  const Outcome outcome = end(*track, EndReason::hangup);
  EXPECT_EQ(outcome.reason, EndReason::hangup);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.duration.count(), 6000);
  const fs::path file = path_of(outcome.uri);
  EXPECT_EQ(outcome.size, fs::file_size(file));
  EXPECT_EQ(file.extension().string().substr(1), find_format(format)->extension());
  EXPECT_EQ(rate_of(file), 48000U);
  const Samples heard = decoded(file);
  ASSERT_EQ(heard.size(), 288000U);
  // Away from the seams, where a tone that begins rings.
  const auto early = cut(heard, 4800, 91200), middle = cut(heard, 100800, 187200), late = cut(heard, 196800, 283200);
  const double good = format == "wav" || format == "flac" ? 50 : 15;
  EXPECT_GT(snr(early, tone(1000, early.size(), 48000, 10000, 4800)), good);
  EXPECT_GT(snr(middle, tone(5000, middle.size(), 48000, 10000, 4800)), good);
  EXPECT_NEAR(level(late, 10000, 48000), 10000, 700);
  EXPECT_LT(level(early, 10000, 48000), 20);
  EXPECT_TRUE(spool_is_empty());
  EXPECT_THAT(files_below(directory.path()), UnorderedElementsAre(file, sidecar_of(file)));
}
INSTANTIATE_TEST_SUITE_P(Formats, WidenedCall, ::testing::Values("wav", "mp3", "flac", "opus", "vorbis"));

TEST_F(FinishingTest, KeepsPartiesApartInACallThatBecomesWider) {
  Track* track = open(request("wav", false));
  push(*track, interleaved(tone(440, 8000), tone(1000, 8000)));
  track->change_rate(16000);
  push(*track, interleaved(tone(440, 16001, 16000), tone(6000, 16001, 16000)));
  const Samples heard = decoded(path_of(end(*track).uri));
  ASSERT_EQ(heard.size(), 2U * 32001U);
  EXPECT_NEAR(level(channel(heard, 0), 440, 16000), 10000, 300);
  EXPECT_LT(level(channel(heard, 0), 6000, 16000), 5);
  EXPECT_NEAR(level(channel(heard, 1), 6000, 16000), 5000, 300) << "half of the time";
  EXPECT_EQ(cut(channel(heard, 0), 17000, 32000), tone(440, 15000, 16000, 10000, 1000)) << "lossless";
}

TEST_F(FinishingTest, PutsRawPartsWithTheirEncodingTogether) {
  if (find_format("raw") == nullptr) GTEST_SKIP() << "not built in";
  Track* track = open(with_hints("raw", {{"encoding", "alaw"}}));
  push(*track, tone(1000, 16000));
  track->change_rate(16000);
  push(*track, tone(6000, 32000, 16000));
  const fs::path file = path_of(end(*track).uri);
  ASSERT_EQ(fs::file_size(file), 64000U);
  const fs::path wav = directory.path() / "x.wav";
  output_of("sox -t raw -r 16000 -c 1 -e a-law '" + file.string() + "' -e signed -b 16 '" + wav.string() + "'");
  const Samples heard = decoded(wav);
  EXPECT_NEAR(level(cut(heard, 0, 32000), 1000, 16000), 10000, 300);
  EXPECT_NEAR(level(cut(heard, 32000, 64000), 6000, 16000), 10000, 300);
}

TEST_F(FinishingTest, BeginsAnewAtTheWiderRateWhereNothingHasBeenRecordedYet) {
  Track* track = open(request("mp3"));
  track->change_rate(16000);
  push(*track, tone(6000, 32000, 16000));
  ASSERT_TRUE(desk.run_until([&] {
    const auto growing = files_below(directory.path() / "spool");
    return growing.size() == 1 && fs::file_size(growing[0]) > 2000;
  })) << "in one file";
  const fs::path file = path_of(end(*track).uri);
  EXPECT_EQ(rate_of(file), 16000U);
  EXPECT_NEAR(level(decoded(file), 6000, 16000), 10000, 700);
  EXPECT_THAT(file.stem().string(), ::testing::EndsWith("-call1-rec1"));
}

TEST_F(FinishingTest, StaysAtTheRateThatTheClientAskedFor) {
  Track* track = open(with_hints("wav", {{"sample-rate", "16000"}}));
  push(*track, tone(1000, 16000, 8000));
  track->change_rate(48000);
  push(*track, tone(1000, 96000, 48000, 10000, 96000));
  EXPECT_EQ(files_below(directory.path() / "spool").size(), 1U);
  const Outcome outcome = end(*track);
  const Samples heard = decoded(path_of(outcome.uri));
  EXPECT_EQ(rate_of(path_of(outcome.uri)), 16000U);
  ASSERT_EQ(heard.size(), 64000U);
  EXPECT_GT(snr(cut(heard, 1000, 63000), tone(1000, 62000, 16000, 10000, 1000)), 40) << "no gap at the seam";
  EXPECT_EQ(outcome.duration.count(), 4000);
}

TEST_F(FinishingTest, IsWidenedAHundredTimesBackAndForthWithoutLosingASample) {
  Track* track = open(with_hints("wav", {{"sample-rate", "8000"}}));
  for (int i = 0; i < 50; ++i) {
    push(*track, tone(440, 1600, 8000));
    track->change_rate(16000);
    push(*track, tone(440, 3200, 16000));
    track->change_rate(8000);
  }
  EXPECT_EQ(decoded(path_of(end(*track).uri)).size(), 160000U);
}

// ---- double-pass ----

class DoublePass : public FinishingTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(DoublePass, BringsASoftRecordingToTheLoudnessOfEbuR128) {
  const std::string format = GetParam();
  if (find_format(format) == nullptr) GTEST_SKIP() << "not built in";
  Track* track = open(with_hints(format, {{"double-pass", "true"}}, false));
  push(*track, interleaved(tone(997, 80000, 8000, 300), tone(440, 80000, 8000, 100)));
  const Outcome outcome = end(*track);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.duration.count(), 10000);
  const fs::path file = path_of(outcome.uri);
  EXPECT_EQ(file.extension().string().substr(1), find_format(format)->extension());
  EXPECT_NEAR(measured_lufs(file), -23, 0.5);
  const Samples heard = decoded(file);
  const std::uint32_t rate = rate_of(file);  // that of Opus is always 48 kHz
  EXPECT_EQ(heard.size(), std::size_t{20} * rate);
  const double left = level(channel(heard, 0), 997, rate), right = level(channel(heard, 1), 440, rate);
  EXPECT_GT(left, 1000);
  EXPECT_NEAR(left / right, 3, 0.1) << "one gain for both";
  EXPECT_TRUE(spool_is_empty());
}
INSTANTIATE_TEST_SUITE_P(Formats, DoublePass, ::testing::Values("wav", "mp3", "flac", "opus", "vorbis"));

TEST_F(FinishingTest, BringsALoudRecordingDown) {
  Track* track = open(with_hints("wav", {{"double-pass", "1"}}));
  push(*track, tone(997, 80000, 8000, 30000));
  EXPECT_NEAR(measured_lufs(path_of(end(*track).uri)), -23, 0.5);
}

TEST_F(FinishingTest, KeepsTheTruePeakOfANormalisedRecordingBelowFullScale) {
  Track* track = open(with_hints("wav", {{"double-pass", "1"}}));
  Samples audio = tone(997, 80000, 8000, 1000);  // 10 dB below the target
  const Samples click = tone(1000, 8, 8000, 25000);
  std::copy(click.begin(), click.end(), audio.begin() + 40000);
  push(*track, audio);
  const fs::path file = path_of(end(*track).uri);
  EXPECT_LE(measured_true_peak(file), -0.9);
  EXPECT_GE(measured_true_peak(file), -1.2) << "as loud as that allows";
}

TEST_F(FinishingTest, LeavesSilenceSilent) {
  Track* track = open(with_hints("wav", {{"double-pass", "1"}}));
  push(*track, Samples(16000));
  const Outcome outcome = end(*track);
  EXPECT_EQ(outcome.reason, EndReason::stop);
  EXPECT_EQ(decoded(path_of(outcome.uri)), Samples(16000));
}

TEST_F(FinishingTest, GivesAnEmptyDoublePassRecordingAFileToo) {
  Track* track = open(with_hints("mp3", {{"double-pass", "1"}}));
  const Outcome outcome = end(*track, EndReason::initial_timeout);
  EXPECT_EQ(outcome.reason, EndReason::initial_timeout);
  EXPECT_EQ(outcome.duration.count(), 0);
  EXPECT_TRUE(decoded(path_of(outcome.uri)).empty());
}

TEST_F(FinishingTest, KeepsADoublePassRecordingLosslessUntilItsEnd) {
  Track* track = open(with_hints("mp3", {{"double-pass", "1"}}));
  push(*track, tone(440, 160));
  const auto growing = files_below(directory.path() / "spool");
  ASSERT_EQ(growing.size(), 1U);
  EXPECT_THAT(growing[0].filename().string(), HasSubstr("-master.wav.part"));
  end(*track);
}

TEST_F(FinishingTest, NormalisesACallThatBecameWider) {
  Track* track = open(with_hints("mp3", {{"double-pass", "1"}}));
  push(*track, tone(997, 40000, 8000, 500));
  track->change_rate(16000);
  push(*track, tone(997, 80000, 16000, 500));
  const fs::path file = path_of(end(*track).uri);
  EXPECT_EQ(rate_of(file), 16000U);
  EXPECT_EQ(decoded(file).size(), 160000U);
  EXPECT_NEAR(measured_lufs(file), -23, 0.5);
}

TEST(GainForLoudness, MeetsTheTargetWithinItsBounds) {
  EXPECT_DOUBLE_EQ(gain_for(-33.0, -20.0), 10);
  EXPECT_DOUBLE_EQ(gain_for(-13.0, -1.0), -10);
  EXPECT_DOUBLE_EQ(gain_for(-33.0, -5.0), 4);
  EXPECT_DOUBLE_EQ(gain_for(-69.0, -60.0), 30);
  EXPECT_DOUBLE_EQ(gain_for(std::nullopt, std::nullopt), 0);
}

// ---- when it fails ----

TEST_F(FinishingTest, StoresThePartsAsTheyAreWhereOneCannotBeRead) {
  Track* track = open(request("wav"));
  push(*track, tone(440, 8000));
  track->change_rate(16000);
  push(*track, tone(440, 16000, 16000));
  fs::path second;
  ASSERT_TRUE(desk.run_until([&] {
    for (const auto& file : files_below(directory.path() / "spool")) {
      if (file.string().find("-part2") != std::string::npos) second = file;
    }
    return !second.empty();
  }));
  fs::permissions(second, fs::perms::none);
  fs::rename(second, second.string() + ".away");  // as if the disk had lost it
  const Outcome outcome = end(*track);
  EXPECT_EQ(outcome.reason, EndReason::error);
  EXPECT_THAT(outcome.error, HasSubstr("not put together"));
  const fs::path file = path_of(outcome.uri);
  EXPECT_EQ(decoded(file), tone(440, 8000));
  EXPECT_TRUE(fs::exists(sidecar_of(file)));
}

TEST(FinishingOnAFullDisk, LosesNothing) {
  TemporaryDirectory directory;
  if (::mount("none", directory.path().c_str(), "tmpfs", 0, "size=1m") != 0) GTEST_SKIP() << "not allowed to mount";
  const auto audio = tone(440, 300000);  // 600 kB, which does not fit twice
  {
    Desk desk(directory.path());
    ASSERT_TRUE(desk.recorder.start());
    auto track = desk.open(with_hints("wav", {{"double-pass", "1"}}));
    ASSERT_TRUE(track);
    play(**track, audio);
    const Outcome outcome = desk.outcome();
    EXPECT_EQ(outcome.reason, EndReason::error);
    EXPECT_EQ(outcome.error, "the recording is not put together: write: No space left on device");
    EXPECT_EQ(outcome.duration.count(), 37500);
    EXPECT_EQ(decoded(path_of(outcome.uri)), audio);
    EXPECT_TRUE(record::testing::is_spool_empty(directory.path()));
  }
  ::umount2(directory.path().c_str(), MNT_DETACH);
}

// A job of one WAV part with 10 s of tone.
FinishingJob job(const storage::Spool& spool, RecordingId id) {
  const std::string stem = "20261123T002318Z-c-r" + std::to_string(id);
  auto part = Part::open(spool, stem + "-master", *find_format("wav"), {8000, 1}, {}, {});
  EXPECT_TRUE(part && (*part)->write(tone(440, 80000), 8000) && (*part)->finish());
  std::string error;
  FinishingJob job;
  job.id = id;
  job.stem = stem;
  job.parts.push_back((*part)->close(error));
  EXPECT_EQ(error, "");
  job.format = find_format("mp3");
  job.audio = {8000, 1};
  job.request.settings.double_pass = true;
  job.is_master = true;
  job.facts.audio = {8000, 1};
  return job;
}

TEST(Finisher, FinishesWhatItWasGivenBeforeItStops) {
  TemporaryDirectory directory;
  const storage::Spool spool(directory.path() / "spool");
  ASSERT_TRUE(spool.make());
  std::map<RecordingId, Ready> made;
  Finisher finisher(spool, [&](Ready ready) { made[ready.id] = std::move(ready); });
  ASSERT_TRUE(finisher.start());
  for (const RecordingId id : {1, 2, 3}) finisher.add(job(spool, id));
  finisher.stop();
  ASSERT_EQ(made.size(), 3U);
  for (const auto& [id, ready] : made) {
    EXPECT_EQ(ready.facts.reason, EndReason::stop);
    ASSERT_EQ(ready.files.size(), 1U);
    EXPECT_EQ(ready.files.front().name, ready.stem + ".mp3");
    EXPECT_EQ(decoded(ready.files.front().file.path).size(), 80000U);
    EXPECT_EQ(ready.obsolete.size(), 1U);
  }
}

TEST(Finisher, LeavesWhatWouldTakeTooLongInPartsThatPlay) {
  TemporaryDirectory directory;
  const storage::Spool spool(directory.path() / "spool");
  ASSERT_TRUE(spool.make());
  std::map<RecordingId, Ready> made;
  Finisher finisher(spool, [&](Ready ready) { made[ready.id] = std::move(ready); });
  ASSERT_TRUE(finisher.start());
  for (const RecordingId id : {1, 2, 3}) finisher.add(job(spool, id));
  finisher.stop(std::chrono::milliseconds(-1));
  ASSERT_EQ(made.size(), 3U);
  const Ready& last = made[3];
  EXPECT_TRUE(last.is_left);
  EXPECT_EQ(last.facts.reason, EndReason::error);
  EXPECT_THAT(last.facts.error, StartsWith("server stopped"));
  EXPECT_EQ(last.facts.samples, 80000U);
  ASSERT_EQ(last.files.size(), 1U);
  EXPECT_EQ(last.files.front().file.path.filename(), "20261123T002318Z-c-r3-master.wav.part");
  EXPECT_EQ(decoded(last.files.front().file.path), tone(440, 80000));
}

TEST(FinishingThatIsKilled, LeavesThePartsInTheSpool) {
  TemporaryDirectory directory;
  const pid_t child = ::fork();
  if (child == 0) {
    Desk desk(directory.path());
    if (!desk.recorder.start()) ::_exit(1);
    Request asked = with_hints("mp3", {{"double-pass", "1"}});
    asked.rate = 48000;
    auto track = desk.open(std::move(asked));
    if (!track) ::_exit(1);
    play(**track, tone(440, 48000 * 60, 48000));
    ::pause();
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  bool is_finishing = false;
  while (!is_finishing && std::chrono::steady_clock::now() < deadline) {
    std::error_code changed_meanwhile;
    for (const auto& entry : fs::directory_iterator(directory.path() / "spool", changed_meanwhile)) {
      is_finishing = is_finishing || entry.path().string().find("-final") != std::string::npos;
    }
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ASSERT_TRUE(is_finishing);
  bool found = false;
  for (const auto& file : files_below(directory.path() / "spool")) {
    if (file.string().find("-master.wav.part") == std::string::npos) continue;
    found = true;
    EXPECT_EQ(decoded(file).size(), std::size_t{48000} * 60);
  }
  EXPECT_TRUE(found);
}

}  // namespace
