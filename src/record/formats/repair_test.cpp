// Files of every format, cut off at any byte: what is repaired plays, without complaint, all that was whole.
#include <fcntl.h>
#include <fstream>

#include "record/formats/format_for_test.hpp"

namespace {

using record::AudioFormat;
using record::find_format;
using record::Hint;
using record::OutputFile;
using record::Repaired;
using record::testing::bytes_of;
using record::testing::decoded;
using record::testing::interleaved;
using record::testing::level;
using record::testing::noise;
using record::testing::tone;
using Bytes = std::vector<std::uint8_t>;

struct Kind {
  std::string name;
  std::string format;
  AudioFormat audio{8000, 1};
  std::vector<Hint> hints{};
  std::string input{};         // for ffmpeg, of a file that does not say so itself
  bool is_lossless = false;    // what is decoded is what was written, to the sample
  std::uint64_t may_lack = 0;  // samples that an encoder keeps to itself, and the last frame
};

void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

class RepairTest : public record::testing::FormatTest, public ::testing::WithParamInterface<Kind> {
 protected:
  const Kind& kind() const { return GetParam(); }
  std::size_t channels() const { return static_cast<std::size_t>(kind().audio.channels); }

  std::vector<std::int16_t> sound(std::size_t count) const {
    const auto left = tone(440, count, kind().audio.rate);
    return channels() == 1 ? left : interleaved(left, tone(1000, count, kind().audio.rate));
  }

  // As it stands after so many samples, never finished.
  Bytes growing(std::size_t count) {
    const auto encoder = open(kind().format, kind().audio, kind().hints, record::testing::example_tags());
    write(*encoder, sound(count), kind().audio);
    return bytes_of(path());
  }

  base::Result<Repaired> repair(const Bytes& bytes) {
    std::ofstream(path(), std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    auto file = OutputFile::reopen(path());
    if (!file) return std::move(file.error());
    return find_format(kind().format)->repair(*file, kind().audio, kind().hints);
  }

  // What ffmpeg plays of it, at the rate of its own.
  std::vector<std::int16_t> heard() const { return decoded(path(), kind().input); }
};

// A player's rate of an Opus file is 48 kHz.
std::uint64_t ratio_of(const Kind& kind) { return kind.format == "opus" ? 48000 / kind.audio.rate : 1; }

TEST_P(RepairTest, PlaysWhatWasWholeWhereverTheFileWasCut) {
  const std::size_t count = std::size_t{4} * kind().audio.rate;
  const Bytes whole = growing(count);
  const auto said = sound(count);
  std::uint64_t before = std::numeric_limits<std::uint64_t>::max();
  int played = 0;
  // The last second, byte by byte in the last frame.
  for (std::size_t cut = 0; cut < whole.size() / 4; cut += cut < 200 ? 1 + cut % 7 : 411) {
    const Bytes left(whole.begin(), whole.end() - static_cast<std::ptrdiff_t>(cut));
    const auto repaired = repair(left);
    ASSERT_TRUE(repaired) << repaired.error().text << ", cut by " << cut;
    ASSERT_LE(repaired->samples, before) << cut;
    before = repaired->samples;
    ASSERT_EQ(repaired->audio.rate, kind().audio.rate);
    ASSERT_EQ(repaired->audio.channels, kind().audio.channels);
    if (played++ % 6 == 0) {
      const auto sounds = heard();
      ASSERT_EQ(sounds.size(), repaired->samples * ratio_of(kind()) * channels()) << "cut by " << cut;
      if (kind().is_lossless) {
        ASSERT_TRUE(std::equal(sounds.begin(), sounds.end(), said.begin())) << cut;
      }
    }
    // Once more: there is nothing left to do.
    const Bytes first = bytes_of(path());
    const auto again = repair(first);
    ASSERT_TRUE(again);
    ASSERT_EQ(again->samples, repaired->samples);
    ASSERT_EQ(bytes_of(path()), first) << "cut by " << cut;
  }
}

TEST_P(RepairTest, LosesNothingOfWhatReachedTheFile) {
  const std::size_t count = std::size_t{4} * kind().audio.rate;
  const auto repaired = repair(growing(count));
  ASSERT_TRUE(repaired) << repaired.error().text;
  EXPECT_GE(repaired->samples + kind().may_lack, count);
  EXPECT_LE(repaired->samples, count);
  const auto sounds = heard();
  const auto left = channels() == 1 ? sounds : record::testing::channel(sounds, 0);
  EXPECT_NEAR(level(left, 440, kind().audio.rate * static_cast<double>(ratio_of(kind()))), 10000, 700);
}

TEST_P(RepairTest, PlaysAsLongAsItSaysHoweverShortItIs) {
  for (const std::uint32_t ms : {30U, 170U, 260U, 450U, 700U}) {
    const auto repaired = repair(growing(kind().audio.rate * ms / 1000));
    ASSERT_TRUE(repaired) << repaired.error().text;
    if (repaired->samples == 0) continue;
    ASSERT_EQ(heard().size(), repaired->samples * ratio_of(kind()) * channels()) << ms << " ms";
  }
}

TEST_P(RepairTest, LeavesAFinishedFileAsItIs) {
  make(kind().format, sound(kind().audio.rate * 2 + 77), kind().audio, kind().hints, record::testing::example_tags());
  const Bytes whole = bytes_of(path());
  const auto repaired = repair(whole);
  ASSERT_TRUE(repaired) << repaired.error().text;
  EXPECT_EQ(repaired->samples, kind().audio.rate * 2 + 77U);
  EXPECT_EQ(bytes_of(path()), whole);
}

TEST_P(RepairTest, SaysThatNothingPlaysWhereTheFileEndsInItsHeader) {
  const auto encoder = open(kind().format, kind().audio, kind().hints, record::testing::example_tags());
  const Bytes header = bytes_of(path());
  for (std::size_t size = 0; size <= header.size(); size += size < 60 ? 1 : 13) {
    const auto repaired = repair({header.begin(), header.begin() + static_cast<std::ptrdiff_t>(size)});
    ASSERT_TRUE(repaired) << repaired.error().text << ", " << size << " bytes";
    ASSERT_EQ(repaired->samples, 0U) << size;
  }
}

TEST_P(RepairTest, CutsAwayATailThatNeverReachedTheDisk) {
  if (kind().format == "wav" || kind().format == "raw") return;  // to them zeros are silence
  Bytes bytes = growing(std::size_t{2} * kind().audio.rate);
  const auto without = repair(bytes);
  ASSERT_TRUE(without);
  const Bytes right = bytes_of(path());
  bytes.resize(bytes.size() + 4096);
  const auto repaired = repair(bytes);
  ASSERT_TRUE(repaired) << repaired.error().text;
  EXPECT_EQ(repaired->samples, without->samples);
  EXPECT_EQ(bytes_of(path()).size(), right.size());
}

TEST_P(RepairTest, TouchesNothingThatIsNoSuchFile) {
  if (kind().format == "raw") return;  // anything is
  path_ = directory_.path() / "x";
  Bytes other(5000, 'x');
  EXPECT_FALSE(kind().format == "opus" || kind().format == "vorbis" ? bool(repair(other)) && repair(other)->samples > 0
                                                                    : bool(repair(other)));
  EXPECT_EQ(bytes_of(path()), other);
}

INSTANTIATE_TEST_SUITE_P(
    Formats, RepairTest,
    ::testing::Values(Kind{"mp3", "mp3", {8000, 1}, {}, "", false, 4 * 576},
                      Kind{"mp3_stereo_320", "mp3", {44100, 2}, {{"bitrate", "320"}}, "", false, 4 * 1152},
                      Kind{"mp3_vbr", "mp3", {16000, 2}, {{"vbr", "true"}}, "", false, 14 * 576},
                      Kind{"wav", "wav", {8000, 2}, {}, "", true, 0},
                      Kind{"wav_mulaw", "wav", {8000, 1}, {{"encoding", "mulaw"}}, "", false, 0},
                      Kind{"wav_gsm", "wav", {8000, 1}, {{"encoding", "gsm"}}, "", false, 320},
                      Kind{"flac", "flac", {8000, 1}, {}, "", true, 1024 + 1},
                      Kind{"flac_stereo", "flac", {16000, 2}, {}, "", true, 2048 + 1},
                      Kind{"opus", "opus", {8000, 1}, {}, "", false, 4000},
                      Kind{"opus_wide", "opus", {48000, 2}, {}, "", false, 24000},
                      Kind{"vorbis", "vorbis", {8000, 1}, {}, "", false, 4000 + 2048},
                      Kind{"raw", "raw", {8000, 2}, {}, "-f s16le -ar 8000 -ac 2", true, 0}),
    [](const auto& info) { return info.param.name; });

}  // namespace
