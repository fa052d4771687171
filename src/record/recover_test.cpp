// Crashes at one moment, as the disk sees them: the spool is copied while the recording grows, and recovered elsewhere.
#include "record/recover.hpp"

#include <fstream>
#include <future>
#include <gtest/gtest.h>
#include <set>

#include <nlohmann/json.hpp>

#include "record/desk_for_test.hpp"
#include "record/playback_for_test.hpp"
#include "record/recording.hpp"
#include "seal/unsealer.hpp"
#include "storage/checksum.hpp"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using nlohmann::json;
using record::EndReason;
using record::Kind;
using record::Recovered;
using record::Request;
using record::Track;
using record::testing::decoded;
using record::testing::files_below;
using record::testing::level;
using record::testing::path_of;
using record::testing::tone;
using Samples = std::vector<std::int16_t>;

constexpr std::chrono::system_clock::time_point kBegan{std::chrono::milliseconds(1795479798123)};

Request request(std::string format) {
  Request request = record::testing::request(std::move(format));
  request.client = "juliet@example.org/balcony";
  request.from = "sip:romeo@example.org";
  return request;
}

// A recording whose time is the test's.
class Growing {
 public:
  Growing(const fs::path& root, const Request& request) : spool(root / "spool"), buffer_(2 * Track::kMaxBlock) {
    auto opened = record::Recording::open(request, kBegan, spool);
    EXPECT_TRUE(opened) << opened.error().text;
    recording = std::move(*opened);
    recording->track().set_start(now);
  }

  // Pushed to all at once, 20 ms after 20 ms.
  void record(const std::vector<Track*>& tracks, const std::vector<Samples>& sounds, std::uint32_t rate = 8000) {
    const std::size_t block = rate / 50;
    for (std::size_t at = 0; at < sounds.front().size(); at += block) {
      for (std::size_t i = 0; i < tracks.size(); ++i) {
        const auto next = std::span(sounds[i]).subspan(at, std::min(block, sounds[i].size() - at));
        ASSERT_TRUE(tracks[i]->push_audio(next));
      }
      now += 20ms;
      recording->drain(now, buffer_);
    }
  }
  void record(const Samples& sound, std::uint32_t rate = 8000) { record({&recording->track()}, {sound}, rate); }
  void drain() { recording->drain(now += 250ms, buffer_); }

  storage::Spool spool;
  base::Time now{1h};
  std::unique_ptr<record::Recording> recording;

 private:
  std::vector<std::int16_t> buffer_;
};

// What is told of each recording.
class Books final : public record::Ledger {
 public:
  void began(const Began& event) override { begun.insert(event.id); }
  void discarded(const std::string& /*id*/) override {}
  void ended(const Ended& event) override { EXPECT_TRUE(closed.insert(event.id).second); }
  void delivery_failed(const std::string& /*id*/, const std::string& /*store*/, const std::string& error) override {
    ADD_FAILURE() << error;
  }
  void found(const storage::DeliveryEntry& entry) override {
    begun.insert(entry.id());
    EXPECT_TRUE(closed.insert(entry.id()).second);
  }
  void delivered(const storage::DeliveryEntry& /*entry*/, std::function<void()> written) override { written(); }
  void removed(const std::string& /*id*/) override {}
  void recovered_all(std::size_t left) override { undone.set_value(left); }

  std::set<std::string> begun, closed;
  std::promise<std::size_t> undone;
};

class RecoverTest : public ::testing::Test {
 protected:
  RecoverTest() { fs::create_directories(after() / "spool"); }

  fs::path before() const { return directory.path() / "before"; }
  fs::path after() const { return directory.path() / "after"; }
  storage::Spool spool() const { return storage::Spool(after() / "spool"); }

  // The disk as it is now.
  void crash() const {
    fs::remove_all(after());
    fs::copy(before(), after(), fs::copy_options::recursive);
  }

  // The next start.
  std::vector<Recovered> recover() const {
    std::vector<Recovered> all;
    base::Mailbox<std::function<void()>> tasks;
    Books books;
    record::RecorderOptions options{after(), 1};
    options.ledger = &books;
    options.recovered = [&all](const Recovered& one) { all.push_back(one); };
    {
      record::Recorder recorder(options, [&](std::function<void()> task) { tasks.post(std::move(task)); });
      EXPECT_TRUE(recorder.start());
      EXPECT_EQ(books.undone.get_future().get(), 0U);
      recorder.stop();
      tasks.drain([](std::function<void()>&& task) { task(); });
    }
    EXPECT_EQ(books.begun, books.closed);
    EXPECT_EQ(std::distance(fs::directory_iterator(after() / "spool"), {}), 1) << "the lock";
    return all;
  }
  Recovered recover_one() const {
    auto all = recover();
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? Recovered{} : std::move(all.front());
  }

  static json sidecar(const Recovered& one) {
    std::ifstream in(record::testing::sidecar_of(path_of(one.outcome.uri)));
    return json::parse(in, nullptr, false);
  }

  record::testing::TemporaryDirectory directory;
};

class RecoverFormatTest : public RecoverTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(RecoverFormatTest, GivesBackWhatWasRecordedUntilTheCrash) {
  Growing growing(before(), request(GetParam()));
  growing.record(tone(440, 32000));
  growing.drain();
  crash();
  const Recovered found = recover_one();
  EXPECT_EQ(found.call_id, "call1");
  EXPECT_EQ(found.component_id, "rec1");
  EXPECT_EQ(found.client, "juliet@example.org/balcony");
  EXPECT_EQ(found.outcome.reason, EndReason::interrupted);
  EXPECT_GE(found.outcome.duration, 3s);
  EXPECT_LE(found.outcome.duration, 4s);
  const fs::path file = path_of(found.outcome.uri);
  EXPECT_EQ(file.parent_path().parent_path(), after());
  EXPECT_EQ(found.outcome.size, fs::file_size(file));
  const bool is_raw = file.extension() == ".raw";
  const Samples sound = decoded(file, is_raw ? "-f s16le -ar 8000 -ac 1" : "");
  const double rate = file.extension() == ".opus" ? 48000 : 8000;
  EXPECT_NEAR(static_cast<double>(sound.size()) / rate, static_cast<double>(found.outcome.duration.count()) / 1000,
              0.001);
  EXPECT_NEAR(level(sound, 440, rate), 10000, 700);
  const json about = sidecar(found);
  EXPECT_EQ(about["reason"], "interrupted");
  EXPECT_EQ(about["file"], file.filename().string());
  EXPECT_EQ(about["from"], "sip:romeo@example.org");
  EXPECT_EQ(about["started"], "2026-11-24T00:23:18.123Z");
  EXPECT_EQ(about["duration_ms"], found.outcome.duration.count());
  EXPECT_EQ(about["size"], found.outcome.size);
}

INSTANTIATE_TEST_SUITE_P(Formats, RecoverFormatTest, ::testing::Values("mp3", "wav", "flac", "opus", "vorbis", "raw"),
                         [](const auto& info) { return std::string(info.param); });

TEST_F(RecoverTest, SaysWhatIsRealInIt) {
  Growing growing(before(), request("wav"));
  Track& track = growing.recording->track();
  growing.record(tone(440, 8000));
  for (int i = 0; i < 25; ++i) ASSERT_TRUE(track.push_audio(Samples(160), Kind::lost));
  ASSERT_TRUE(track.push_mark(Kind::paused, 24000));
  growing.drain();
  growing.record(tone(440, 12000));
  crash();
  const json about = sidecar(recover_one());
  EXPECT_EQ(about["samples"], 24000);
  EXPECT_EQ(about["milliseconds"]["lost"], 500);
  EXPECT_EQ(about["milliseconds"]["paused"], 3000);
  EXPECT_EQ(about["map"][0]["kind"], "lost");
  EXPECT_EQ(about["map"][0]["at"], 8000);
  EXPECT_EQ(about["map"][0]["length"], 4000);
  // Of what came behind the last checkpoint nobody knows what it is.
  EXPECT_EQ(about["map_complete"], false);
}

TEST_F(RecoverTest, PutsARecordingTogetherThatBecameWider) {
  Growing growing(before(), request("flac"));
  growing.record(tone(440, 16000));
  growing.recording->track().change_rate(16000);
  growing.record(tone(1000, 32000, 16000), 16000);
  crash();
  const Recovered found = recover_one();
  const fs::path file = path_of(found.outcome.uri);
  EXPECT_EQ(file.extension(), ".flac");
  EXPECT_NEAR(static_cast<double>(found.outcome.duration.count()), 4000, 30);
  const Samples sound = decoded(file);
  ASSERT_GE(sound.size(), 63000U);
  EXPECT_NEAR(level({sound.begin() + 2000, sound.begin() + 30000}, 440, 16000), 10000, 300);
  EXPECT_NEAR(level({sound.begin() + 34000, sound.begin() + 62000}, 1000, 16000), 10000, 300);
}

TEST_F(RecoverTest, FinishesWhatWasToBeMadeAfterTheEnd) {
  Request asked = request("mp3");
  asked.settings.hints = {{"double-pass", "true"}};
  Growing growing(before(), asked);
  growing.record(tone(440, 40000));
  crash();
  // The finisher had begun.
  std::ofstream(after() / "spool" / "20261124T002318Z-call1-rec1-final.mp3.part") << "half of it";
  const Recovered found = recover_one();
  const fs::path file = path_of(found.outcome.uri);
  EXPECT_EQ(file.filename(), "20261124T002318Z-call1-rec1.mp3");
  EXPECT_NEAR(record::testing::probed_duration(file), 5, 0.3);
  EXPECT_TRUE(sidecar(found).contains("loudness"));
}

TEST_F(RecoverTest, KeepsParticipantsApartAndInTime) {
  Request asked = request("wav");
  asked.settings.on_mixer = true;
  asked.settings.hints = {{"tracks", "participant"}};
  Growing growing(before(), asked);
  growing.record(Samples(8000));
  const auto romeo = growing.recording->open_participant({"c2", "Romeo", "sip:romeo@example.org"}, 8000);
  ASSERT_TRUE(romeo);
  (*romeo)->set_start(growing.now);
  growing.record({&growing.recording->track(), *romeo}, {tone(440, 16000), tone(1000, 16000)});
  crash();
  const Recovered found = recover_one();
  EXPECT_NEAR(static_cast<double>(found.outcome.duration.count()), 3000, 1);
  const json about = sidecar(found);
  ASSERT_EQ(about["participants"].size(), 1U);
  EXPECT_EQ(about["participants"][0]["name"], "Romeo");
  const Samples apart =
      decoded(path_of(found.outcome.uri).parent_path() / about["participants"][0]["file"].get<std::string>());
  ASSERT_EQ(apart.size(), 24000U);
  EXPECT_EQ(std::ranges::count(apart.begin(), apart.begin() + 8000, 0), 8000);
  EXPECT_TRUE(std::equal(apart.begin() + 8000, apart.end(), tone(1000, 16000).begin()));
}

TEST_F(RecoverTest, TellsHowItEndedWhereOnlyTheDeliveryIsMissing) {
  Growing growing(before(), request("wav"));
  growing.record(tone(440, 16000));
  growing.recording->track().push_end(EndReason::hangup, {.samples = 16000, .packets_lost = 7});
  growing.drain();
  static_cast<void>(growing.recording->finish());
  crash();
  const Recovered found = recover_one();
  EXPECT_EQ(found.outcome.reason, EndReason::hangup);
  EXPECT_EQ(found.outcome.stats.packets_lost, 7U);
  EXPECT_EQ(found.outcome.duration, 2s);
  EXPECT_EQ(sidecar(found)["reason"], "hangup");
}

TEST_F(RecoverTest, WhatTheQueueHasTakenIsNotRecoveredOnceMore) {
  Growing growing(before(), request("wav"));
  growing.record(tone(440, 16000));
  growing.recording->track().push_end(EndReason::hangup, {.samples = 16000});
  growing.drain();
  auto ending = growing.recording->finish();
  // The power is lost when the entry is on the disk, and neither has the file its name nor is the journal gone.
  const auto& ready = std::get<record::Ready>(ending);
  storage::DeliveryEntry entry;
  entry.item.about = {.id = ready.stem,
                      .call_id = "call1",
                      .component_id = "rec1",
                      .account = {},
                      .from = {},
                      .to = {},
                      .format = "wav",
                      .began = kBegan,
                      .duration = 2s};
  const fs::path part = ready.files.front().file.path;
  entry.item.pieces.push_back({fs::path(part).replace_extension(), ready.stem + ".wav", fs::file_size(part),
                               storage::hex(*storage::digest_of_file(storage::Digest::sha256, part)), "audio/wav"});
  entry.stores = {"local"};
  entry.notes = {{"reason", "hangup"}, {"client", "juliet@example.org/balcony"}};
  std::ofstream(before() / "spool" / (ready.stem + ".delivery")) << storage::entry_text(entry);
  crash();
  const Recovered found = recover_one();
  EXPECT_EQ(found.client, "juliet@example.org/balcony");
  EXPECT_EQ(found.outcome.reason, EndReason::hangup);
  EXPECT_EQ(found.outcome.duration, 2s);
  EXPECT_EQ(decoded(path_of(found.outcome.uri)).size(), 16000U);
  EXPECT_EQ(files_below(after()).size(), 1U);
}

TEST_F(RecoverTest, NeverTakesTheNameOfAnother) {
  Growing growing(before(), request("wav"));
  growing.record(tone(440, 16000));
  crash();
  const fs::path folder = after() / "2026-11-24";
  fs::create_directories(folder);
  std::ofstream(folder / "20261124T002318Z-call1-rec1.wav") << "of another";
  const Recovered found = recover_one();
  EXPECT_EQ(path_of(found.outcome.uri), folder / "20261124T002318Z-call1-rec1-2.wav");
}

TEST_F(RecoverTest, FindsItsWayWithoutAJournal) {
  Growing growing(before(), request("mp3"));
  growing.record(tone(440, 32000));
  crash();
  fs::remove(after() / "spool" / "20261124T002318Z-call1-rec1.journal");
  const Recovered found = recover_one();
  EXPECT_EQ(found.call_id, "call1");
  EXPECT_EQ(found.component_id, "rec1");
  EXPECT_EQ(path_of(found.outcome.uri).filename(), "20261124T002318Z-call1-rec1.mp3");
  EXPECT_NEAR(level(decoded(path_of(found.outcome.uri)), 440), 10000, 700);
  EXPECT_EQ(sidecar(found)["started"], "2026-11-24T00:23:18.000Z");
}

TEST_F(RecoverTest, AccountsForARecordingOfWhichNothingIsThere) {
  Growing growing(before(), request("mp3"));
  crash();
  const Recovered found = recover_one();
  EXPECT_EQ(found.outcome.reason, EndReason::interrupted);
  EXPECT_EQ(found.outcome.uri, "");
  EXPECT_EQ(found.component_id, "rec1");
}

TEST_F(RecoverTest, KeepsWhatItCannotRepair) {
  Growing growing(before(), request("wav"));
  growing.record(tone(440, 16000));
  crash();
  const fs::path part = after() / "spool" / "20261124T002318Z-call1-rec1.wav.part";
  std::ofstream(part, std::ios::trunc) << "this is no sound at all";
  const Recovered found = recover_one();
  EXPECT_EQ(path_of(found.outcome.uri), after() / "2026-11-24" / "20261124T002318Z-call1-rec1.wav");
  EXPECT_TRUE(fs::exists(path_of(found.outcome.uri)));
  EXPECT_EQ(found.outcome.duration, 0s);
  EXPECT_NE(found.outcome.error, "");
}

TEST_F(RecoverTest, LeavesAloneWhatIsBeingRecorded) {
  Growing growing(before(), request("wav"));
  growing.record(tone(440, 16000));
  const auto found = record::survey(growing.spool);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->empty());
}

TEST_F(RecoverTest, StaysForTheNextStartWhereItBecomesTooLate) {
  Request wanted = request("mp3");
  wanted.settings.double_pass = true;
  Growing growing(before(), wanted);
  growing.record(tone(440, 16000));
  crash();
  {
    const storage::Spool here = spool();
    auto found = record::survey(here);
    ASSERT_TRUE(found && found->size() == 1);
    EXPECT_FALSE(record::recover(found->front(), here, [] { return true; }));
  }
  EXPECT_EQ(recover_one().outcome.duration, 2s);
}

// ---- what is encrypted ----

class RecoverSealedTest : public RecoverTest, public ::testing::WithParamInterface<const char*> {
 protected:
  static Request sealed(std::string format, const seal::Identity& identity) {
    Request wanted = request(std::move(format));
    wanted.settings.encrypt_to = {identity.recipient()};
    return wanted;
  }

  const seal::Identity identity = seal::Identity::make();
};

TEST_P(RecoverSealedTest, StoresItAsItIsAndWhoHasTheKeyPutsItRight) {
  Growing growing(before(), sealed(GetParam(), identity));
  growing.record(tone(440, 32000));
  growing.drain();
  crash();
  const Recovered found = recover_one();
  EXPECT_EQ(found.outcome.reason, EndReason::interrupted);
  EXPECT_NEAR(static_cast<double>(found.outcome.duration.count()), 4000, 700);
  const fs::path file = path_of(found.outcome.uri);
  ASSERT_EQ(file.extension(), ".sealed");
  EXPECT_EQ(file.parent_path().parent_path(), after());
  EXPECT_EQ(found.outcome.size, fs::file_size(file));

  const fs::path plain = directory.path() / file.stem();
  const auto unsealed = seal::unseal_file(file, plain, {identity});
  ASSERT_TRUE(unsealed) << unsealed.error().text;
  EXPECT_FALSE(unsealed->is_whole);
  auto opened = record::OutputFile::reopen(plain);
  ASSERT_TRUE(opened);
  const auto repaired = record::find_format(GetParam())->repair(*opened, {8000, 1}, {});
  ASSERT_TRUE(repaired) << repaired.error().text;
  EXPECT_GE(repaired->samples, 3U * repaired->audio.rate);
  EXPECT_LE(repaired->samples, 4U * repaired->audio.rate);
  const bool is_raw = plain.extension() == ".raw";
  const Samples sound = decoded(plain, is_raw ? "-f s16le -ar 8000 -ac 1" : "");
  const double rate = plain.extension() == ".opus" ? 48000 : 8000;
  EXPECT_NEAR(static_cast<double>(sound.size()) / rate, static_cast<double>(repaired->samples) / repaired->audio.rate,
              0.001);
  EXPECT_NEAR(level(sound, 440, rate), 10000, 700);

  const std::string name = file.filename().string();
  const fs::path about = directory.path() / "about.json";
  const auto sidecar =
      seal::unseal_file(file.parent_path() / (name.substr(0, name.find('.')) + ".json.sealed"), about, {identity});
  ASSERT_TRUE(sidecar) << sidecar.error().text;
  std::ifstream in(about);
  const json text = json::parse(in, nullptr, false);
  EXPECT_EQ(text["reason"], "interrupted");
  EXPECT_EQ(text["file"], name);
}

INSTANTIATE_TEST_SUITE_P(Formats, RecoverSealedTest, ::testing::Values("mp3", "wav", "flac", "opus", "vorbis", "raw"),
                         [](const auto& info) { return std::string(info.param); });

TEST_F(RecoverSealedTest, TheSpoolSaysNothingOfThePartiesOrOfWhatTheySay) {
  Growing growing(before(), sealed("wav", identity));
  growing.record(tone(440, 16000));
  growing.drain();
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(before())) {
    if (!entry.is_regular_file()) continue;
    ++files;
    const auto bytes = record::testing::bytes_of(entry.path());
    const std::string text(bytes.begin(), bytes.end());
    EXPECT_EQ(text.find("romeo"), std::string::npos) << entry.path();
    EXPECT_EQ(text.find("RIFF"), std::string::npos) << entry.path();
  }
  EXPECT_EQ(files, 2);
}

TEST_F(RecoverSealedTest, IsStoredWithoutItsJournalAndWithATornRecord) {
  Growing growing(before(), sealed("wav", identity));
  growing.record(tone(440, 16000));
  growing.drain();
  crash();
  fs::remove(after() / "spool" / "20261124T002318Z-call1-rec1.journal");
  const fs::path part = after() / "spool" / "20261124T002318Z-call1-rec1.wav.sealed.part";
  fs::resize_file(part, fs::file_size(part) - 7);
  const Recovered found = recover_one();
  EXPECT_EQ(found.call_id, "call1");
  const fs::path file = path_of(found.outcome.uri);
  EXPECT_EQ(file.filename(), "20261124T002318Z-call1-rec1.wav.sealed");
  const auto unsealed = seal::unseal_file(file, std::nullopt, {identity});
  ASSERT_TRUE(unsealed) << unsealed.error().text;
  EXPECT_FALSE(unsealed->is_whole);
  EXPECT_GT(unsealed->size, 28000U);
}

TEST_F(RecoverSealedTest, OneThatHadEndedKeepsItsReasonAndLength) {
  Growing growing(before(), sealed("mp3", identity));
  growing.record(tone(440, 16000));
  growing.recording->track().push_end(EndReason::hangup, {.samples = 16000});
  growing.drain();
  // Completed, and not handed over: the folder that it is to go to cannot be used.
  fs::remove_all(before() / "2026-11-24");
  std::ofstream(before() / "2026-11-24") << "a file";
  growing.recording->finish();
  crash();
  fs::remove(after() / "2026-11-24");
  const Recovered found = recover_one();
  EXPECT_EQ(found.outcome.reason, EndReason::hangup);
  EXPECT_EQ(found.outcome.duration, 2s);
  const auto unsealed = seal::unseal_file(path_of(found.outcome.uri), std::nullopt, {identity});
  ASSERT_TRUE(unsealed) << unsealed.error().text;
  EXPECT_TRUE(unsealed->is_whole);
}

}  // namespace
