// What is encrypted as it grows: the same file, to the byte, comes out for whoever has the key, and for nobody else.
#include "record/sealed_output.hpp"

#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>

#include "record/desk_for_test.hpp"
#include "record/formats/format_for_test.hpp"
#include "record/part.hpp"
#include "seal/unsealer.hpp"

namespace {

namespace fs = std::filesystem;
using namespace record;
using namespace record::testing;
using Bytes = std::vector<std::uint8_t>;

class Sealed : public ::testing::Test {
 protected:
  Bytes decrypted(const fs::path& file, bool is_whole = true) const {
    const fs::path out = directory.path() / "decrypted";
    fs::remove(out);
    const auto unsealed = seal::unseal_file(file, out, {identity});
    EXPECT_TRUE(unsealed) << unsealed.error().text;
    EXPECT_TRUE(unsealed && unsealed->is_whole == is_whole);
    return bytes_of(out);
  }

  // As a writer does it: blocks of 160 ms, flushed each, checkpoints.
  FinishedPart recorded(const std::string& stem, std::string_view format, const std::vector<Hint>& hints,
                        AudioFormat audio, std::span<const seal::Recipient> keys) const {
    const storage::Spool spool(directory.path());
    auto part = Part::open(spool, stem, *find_format(format), audio, hints, example_tags(), keys);
    EXPECT_TRUE(part) << part.error().text;
    const std::size_t count = std::size_t{5} * audio.rate + 77;
    const auto left = tone(440, count, audio.rate);
    const auto sound = audio.channels == 1 ? left : interleaved(left, tone(1000, count, audio.rate));
    const std::size_t block = audio.rate * 4 / 25 * static_cast<std::size_t>(audio.channels);
    for (std::size_t at = 0, turn = 0; at < sound.size(); at += block, ++turn) {
      EXPECT_TRUE((*part)->write(std::span(sound).subspan(at, std::min(block, sound.size() - at)), audio.rate));
      if (turn % 2 == 0) {
        EXPECT_TRUE((*part)->checkpoint());
      }
      EXPECT_TRUE((*part)->flush());
    }
    EXPECT_TRUE((*part)->finish());
    std::string error;
    FinishedPart finished = (*part)->close(error);
    EXPECT_EQ(error, "");
    return finished;
  }

  TemporaryDirectory directory;
  const seal::Identity identity = seal::Identity::make();
  const std::vector<seal::Recipient> keys{identity.recipient()};
};

TEST_F(Sealed, AFileOfAnyFormatIsThePlainOneToTheByte) {
  const std::vector<std::tuple<std::string, std::vector<Hint>, AudioFormat>> kinds = {
      {"mp3", {}, {8000, 1}},
      {"mp3", {{"vbr", "true"}}, {16000, 2}},
      {"wav", {}, {8000, 2}},
      {"wav", {{"encoding", "mulaw"}}, {8000, 1}},
      {"wav", {{"encoding", "gsm"}}, {8000, 1}},
      {"raw", {}, {8000, 1}},
      {"flac", {}, {16000, 2}},
  };
  int number = 0;
  for (const auto& [format, hints, audio] : kinds) {
    const std::string stem = "x" + std::to_string(++number);
    const FinishedPart plain = recorded(stem, format, hints, audio, {});
    const FinishedPart sealed = recorded(stem, format, hints, audio, keys);
    EXPECT_EQ(sealed.file.path.filename(), stem + "." + std::string(find_format(format)->extension()) + ".sealed.part");
    EXPECT_EQ(decrypted(sealed.file.path), bytes_of(plain.file.path)) << format;
    EXPECT_EQ(sealed.samples, plain.samples);
    EXPECT_EQ(sealed.size, fs::file_size(sealed.file.path));
  }
}

// Its stream's number is drawn anew for each.
TEST_F(Sealed, AnOggFilePlaysAsThePlainOneDoes) {
  for (const std::string format : {"opus", "vorbis"}) {
    const FinishedPart plain = recorded(format, format, {}, {48000, 1}, {});
    const FinishedPart sealed = recorded(format, format, {}, {48000, 1}, keys);
    const Bytes out = decrypted(sealed.file.path);
    EXPECT_EQ(out.size(), plain.size);
    EXPECT_EQ(decoded(directory.path() / "decrypted"), decoded(plain.file.path));
  }
}

TEST_F(Sealed, NothingOfTheAudioOrOfItsTagsCanBeReadInTheFile) {
  const FinishedPart sealed = recorded("x", "wav", {}, {8000, 1}, keys);
  const Bytes bytes = bytes_of(sealed.file.path);
  const std::string text(bytes.begin(), bytes.end());
  EXPECT_EQ(text.find("alice"), std::string::npos);
  EXPECT_EQ(text.find("RIFF"), std::string::npos);
  EXPECT_EQ(seal::unseal_file(sealed.file.path, std::nullopt, {seal::Identity::make()}).error().kind,
            base::Kind::not_authorized);
}

TEST_F(Sealed, WhatWasFlushedIsThereWithoutAnEnd) {
  const fs::path path = directory.path() / "x.sealed";
  OutputFile file(std::move(
      *SealedOutput::open(base::Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)), keys)));
  ASSERT_TRUE(file.append(Bytes{'?', '?', 'a'}));
  ASSERT_TRUE(file.rewrite(0, Bytes{'1'}));
  ASSERT_TRUE(file.flush());
  EXPECT_EQ(decrypted(path, false), (Bytes{'?', '?', 'a'})) << "rewrites wait for the end";
  const std::uint64_t before = file.size_on_disk();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(file.rewrite(0, Bytes{'1', '2'}));
    ASSERT_TRUE(file.flush());
  }
  EXPECT_EQ(file.size_on_disk(), before) << "a checkpoint costs nothing on the disk";
  ASSERT_TRUE(file.append(Bytes{'b'}));
  ASSERT_TRUE(file.end());
  ASSERT_TRUE(file.sync());
  EXPECT_EQ(decrypted(path), (Bytes{'1', '2', 'a', 'b'}));
  EXPECT_EQ(file.size(), 4U);
}

TEST_F(Sealed, RewritesThatOverlapCountInTheirOrder) {
  const fs::path path = directory.path() / "x.sealed";
  OutputFile file(std::move(
      *SealedOutput::open(base::Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)), keys)));
  ASSERT_TRUE(file.append(Bytes{'a', 'b', 'c', 'd', 'e', 'f'}));
  ASSERT_TRUE(file.rewrite(0, Bytes{'1', '2', '3'}));
  ASSERT_TRUE(file.rewrite(2, Bytes{'4', '5'}));
  ASSERT_TRUE(file.rewrite(0, Bytes{'6'}));
  ASSERT_TRUE(file.truncate(5));
  ASSERT_TRUE(file.end());
  EXPECT_EQ(decrypted(path), (Bytes{'6', '2', '4', '5', 'e'}));
}

TEST_F(Sealed, IsNeitherReadNorMadeLongerByAHole) {
  const fs::path path = directory.path() / "x.sealed";
  OutputFile file(std::move(
      *SealedOutput::open(base::Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)), keys)));
  ASSERT_TRUE(file.append(Bytes{'a', 'b'}));
  Bytes out(2);
  EXPECT_FALSE(file.read(0, out));
  EXPECT_FALSE(file.rewrite(1, Bytes{'x', 'y'}));
  EXPECT_FALSE(file.truncate(3));
  ASSERT_TRUE(file.end());
  EXPECT_EQ(decrypted(path), (Bytes{'a', 'b'}));
}

// ---- whole recordings ----

class SealedRecording : public Sealed {
 protected:
  SealedRecording() { EXPECT_TRUE(desk.recorder.start()); }

  Desk desk{RecorderOptions{.directory = directory.path() / "recordings", .encrypt_to = keys}};
};

TEST_F(SealedRecording, HasAFileAndASidecarThatOnlyTheKeyReads) {
  Request wanted = request("wav");
  wanted.from = "sip:alice@example.org";
  auto track = desk.open(wanted);
  ASSERT_TRUE(track);
  play(**track, tone(440, 27200), EndReason::hangup);
  const Outcome outcome = desk.outcome();
  EXPECT_EQ(outcome.reason, EndReason::hangup);
  EXPECT_EQ(outcome.duration.count(), 3400);
  ASSERT_TRUE(outcome.uri.ends_with(".wav.sealed")) << outcome.uri;
  const fs::path file = path_of(outcome.uri);
  EXPECT_EQ(outcome.size, fs::file_size(file));
  decrypted(file);
  EXPECT_EQ(decoded(directory.path() / "decrypted"), tone(440, 27200));
  const std::string name = file.filename().string();
  const fs::path sidecar = file.parent_path() / (name.substr(0, name.find('.')) + ".json.sealed");
  const Bytes text = decrypted(sidecar);
  const std::string about(text.begin(), text.end());
  EXPECT_NE(about.find("sip:alice@example.org"), std::string::npos) << about;
  EXPECT_NE(about.find("\"duration_ms\": 3400"), std::string::npos) << about;
  EXPECT_EQ(files_below(directory.path() / "recordings").size(), 2U);
  for (const fs::path& each : {file, sidecar}) {
    const Bytes bytes = bytes_of(each);
    EXPECT_EQ(std::string(bytes.begin(), bytes.end()).find("alice"), std::string::npos) << each;
  }
}

TEST_F(SealedRecording, OfACallThatBecomesWiderStaysAtItsFirstRate) {
  auto track = desk.open(request("wav"));
  ASSERT_TRUE(track);
  for (std::size_t at = 0; at < 8000; at += 160) ASSERT_TRUE((*track)->push_audio(std::vector<std::int16_t>(160)));
  (*track)->change_rate(16000);
  const auto wide = tone(440, 32000, 16000);
  for (std::size_t at = 0; at < wide.size(); at += 320) {
    while (!(*track)->push_audio(std::span(wide).subspan(at, 320))) std::this_thread::yield();
  }
  (*track)->push_end(EndReason::stop, {.rate = 16000, .samples = 48000});
  const Outcome outcome = desk.outcome();
  EXPECT_EQ(outcome.error, "");
  EXPECT_NEAR(static_cast<double>(outcome.duration.count()), 3000, 5);
  decrypted(path_of(outcome.uri));
  const auto heard = decoded(directory.path() / "decrypted");
  EXPECT_NEAR(static_cast<double>(heard.size()), 24000, 40);
  EXPECT_NEAR(level({heard.begin() + 9000, heard.end()}, 440), 10000, 500);
}

TEST_F(SealedRecording, RefusesWhatHasToBeReadAgain) {
  Settings twice = request().settings;
  twice.hints = {{"double-pass", "true"}};
  const auto refused = desk.recorder.check(twice);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, base::Kind::not_supported);
  EXPECT_EQ(refused.error().text, "hint 'double-pass': this server encrypts what it records and cannot read it again");
  Settings apart = request().settings;
  apart.on_mixer = true;
  apart.mix = false;
  const auto also = desk.recorder.check(apart);
  ASSERT_FALSE(also);
  EXPECT_EQ(also.error().kind, base::Kind::not_supported);
  EXPECT_EQ(also.error().text, "participants apart: this server encrypts what it records and cannot read it again");
  Request unchecked = request();
  unchecked.settings.double_pass = true;
  EXPECT_EQ(desk.open(unchecked).error().kind, base::Kind::not_supported);
  Settings fine = request().settings;
  fine.hints = {{"sample-rate", "16000"}};
  EXPECT_EQ(desk.recorder.check(fine)->encrypt_to, keys);
}

}  // namespace
