#include "play/audio_file.hpp"

#include <fcntl.h>

#include "play/audio_for_test.hpp"

namespace {

using namespace play;
using namespace play::testing;

struct AudioFileTest : ::testing::Test {
  base::Result<std::unique_ptr<AudioFile>> open(const fs::path& file, std::uint32_t rate = 8000) {
    return AudioFile::open(base::Fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC)), rate);
  }
  Samples rest_of(AudioFile& file) {
    Samples all;
    Samples block(777);
    while (const std::size_t count = file.read(block)) {
      all.insert(all.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(count));
    }
    return all;
  }
  fs::path converted(const fs::path& file, const std::string& name, const std::string& options = "") {
    const fs::path to = directory.path() / name;
    output_of("ffmpeg -v error -y -i '" + file.string() + "' " + options + " '" + to.string() + "' 2>&1 </dev/null");
    return to;
  }
  fs::path in(const std::string& name) { return directory.path() / name; }

  TemporaryDirectory directory;
};

TEST_F(AudioFileTest, APcmFileOfTheRightRateIsPlayedToTheBit) {
  const Samples samples = record::testing::noise(20000);
  auto file = open(write_audio(in("a.wav"), samples, 8000));
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->length(), 20000U);
  EXPECT_EQ(rest_of(**file), samples);
}

TEST_F(AudioFileTest, SaysOfAnEncryptedFileThatItIsOne) {
  std::ofstream(in("a.wav.sealed")) << "TGSEAL1\n and what follows";
  const auto file = open(in("a.wav.sealed"));
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().kind, base::Kind::not_acceptable);
  EXPECT_EQ(file.error().text, "it is encrypted, and this server cannot read it");
}

TEST_F(AudioFileTest, PlaysEveryFormatAtEveryRateByItsToneAndLength) {
  for (const int rate : {8000, 11025, 16000, 22050, 44100, 48000}) {
    const fs::path wav = write_audio(in("a.wav"), tone(440, static_cast<std::size_t>(rate) * 2, rate), rate);
    std::vector<fs::path> files = {wav, converted(wav, "a.flac"), converted(wav, "a.mp3"),
                                   converted(wav, "a.ogg", "-c:a libvorbis")};
    files.push_back(converted(wav, "a.opus", "-c:a libopus"));
    for (const fs::path& each : files) {
      for (const std::uint32_t to : {8000U, 16000U, 48000U}) {
        auto file = open(each, to);
        ASSERT_TRUE(file) << each << file.error().text;
        const Samples heard = rest_of(**file);
        // Opus and mp3 at some rates hold a frame more; LAME takes 5 % off.
        EXPECT_NEAR(static_cast<double>(heard.size()) / to, 2, 0.06) << each << " " << rate << " to " << to;
        EXPECT_NEAR(static_cast<double>((*file)->length()), static_cast<double>(heard.size()), to * 0.001) << each;
        EXPECT_NEAR(level(part(heard, 0.5, 1.5, to), 440, to), 10000, 550) << each << " " << rate << " to " << to;
      }
    }
  }
}

TEST_F(AudioFileTest, PlaysWhatIsCommonInTelephony) {
  const fs::path wav = write_audio(in("a.wav"), tone(440, 16000), 8000);
  for (const int kind :
       {SF_FORMAT_ULAW, SF_FORMAT_ALAW, SF_FORMAT_GSM610, SF_FORMAT_FLOAT, SF_FORMAT_PCM_24, SF_FORMAT_IMA_ADPCM}) {
    auto file = open(write_audio(in("b.wav"), tone(440, 16000), 8000, 1, SF_FORMAT_WAV | kind));
    ASSERT_TRUE(file) << kind << file.error().text;
    EXPECT_NEAR(level(part(rest_of(**file), 0.5, 1.5), 440), 10000, 500) << kind;
  }
  auto rf64 = open(write_audio(in("c.wav"), tone(440, 16000), 8000, 1, SF_FORMAT_RF64 | SF_FORMAT_PCM_16));
  ASSERT_TRUE(rf64) << rf64.error().text;
  EXPECT_NEAR(level(rest_of(**rf64), 440), 10000, 100);
}

TEST_F(AudioFileTest, TwoChannelsBecomeTheirMean) {
  auto file = open(write_audio(in("a.wav"), interleaved(tone(440, 16000), tone(1000, 16000)), 8000, 2));
  ASSERT_TRUE(file);
  const Samples heard = rest_of(**file);
  EXPECT_EQ(heard.size(), 16000U);
  EXPECT_NEAR(level(heard, 440), 5000, 50);
  EXPECT_NEAR(level(heard, 1000), 5000, 50);
}

TEST_F(AudioFileTest, GoesOnFromWhereItWasSetAlsoWhereTheFormatCannotSeek) {
  Samples melody = tone(440, 8000);
  const Samples second = tone(880, 8000);
  melody.insert(melody.end(), second.begin(), second.end());
  const fs::path wav = write_audio(in("a.wav"), melody, 8000);
  const fs::path gsm = write_audio(in("g.wav"), melody, 8000, 1, SF_FORMAT_WAV | SF_FORMAT_GSM610);
  for (const fs::path& each : {wav, gsm, converted(wav, "a.mp3"), converted(wav, "a.opus", "-c:a libopus")}) {
    auto file = open(each, 16000);
    ASSERT_TRUE(file) << each;
    for (int round = 0; round < 2; ++round) {
      (*file)->seek(24000);  // 1.5 s
      const Samples heard = rest_of(**file);
      EXPECT_NEAR(static_cast<double>(heard.size()), 8000, 1000) << each;
      EXPECT_EQ(pitch(part(heard, 0.05, 0.4, 16000), 16000), 880) << each;
      (*file)->seek(8000);
      Samples earlier(4000);
      EXPECT_EQ((*file)->read(earlier), 4000U);
      EXPECT_EQ(pitch(earlier, 16000), 440) << each;
    }
    (*file)->seek((*file)->length());
    EXPECT_LE(rest_of(**file).size(), 1000U) << each;
  }
}

TEST_F(AudioFileTest, AnEmptyRecordingIsPlayedAsNothing) {
  auto file = open(write_audio(in("a.wav"), {}, 8000));
  ASSERT_TRUE(file);
  EXPECT_TRUE(rest_of(**file).empty());
}

TEST_F(AudioFileTest, RefusesWhatIsNoAudio) {
  write_file(in("text"), "This is a text that is long enough.");
  write_file(in("empty"), "");
  write_file(in("raw"), std::string(1000, '\0'));
  write_file(in("riff"), "RIFF\x10\0\0\0WAVEjunk");
  write_file(in("aiff"), "FORM\0\0\0\0AIFFCOMM");
  for (const char* name : {"text", "empty", "raw", "riff", "aiff"}) {
    const auto file = open(in(name));
    ASSERT_FALSE(file) << name;
    EXPECT_EQ(file.error().kind, base::Kind::not_acceptable) << name;
  }
}

TEST_F(AudioFileTest, WhatIsCutOffPlaysAsFarAsItGoes) {
  const fs::path wav = write_audio(in("a.wav"), record::testing::noise(32000), 8000);
  for (const fs::path& each : {wav, converted(wav, "a.mp3"), converted(wav, "a.ogg", "-c:a libvorbis")}) {
    fs::resize_file(each, fs::file_size(each) / 2);
    auto file = open(each);
    ASSERT_TRUE(file) << each;
    const Samples heard = rest_of(**file);
    EXPECT_GT(heard.size(), 6000U) << each;  // an Ogg page is a second
    EXPECT_LT(heard.size(), 20000U) << each;
  }
}

TEST_F(AudioFileTest, DamagedFilesOfEveryKindNeverCrash) {
  const fs::path wav = write_audio(in("a.wav"), record::testing::noise(16000), 8000);
  const fs::path gsm = write_audio(in("g.wav"), tone(440, 16000), 8000, 1, SF_FORMAT_WAV | SF_FORMAT_GSM610);
  std::uint32_t state = 1;
  const auto random = [&] { return (state = state * 1664525U + 1013904223U) >> 8U; };
  for (const fs::path& each : {wav, gsm, converted(wav, "a.flac"), converted(wav, "a.mp3"),
                               converted(wav, "a.ogg", "-c:a libvorbis"), converted(wav, "a.opus", "-c:a libopus")}) {
    const auto bytes = bytes_of(each);
    for (int round = 0; round < 100; ++round) {
      auto damaged = bytes;
      // Some at the front, where the headers are.
      for (int i = 0; i < 20; ++i)
        damaged[random() % (i < 10 ? std::min<std::size_t>(200, bytes.size()) : bytes.size())] =
            static_cast<std::uint8_t>(random());
      write_file(in("damaged"), {reinterpret_cast<const char*>(damaged.data()), damaged.size()});
      auto file = open(in("damaged"));
      if (!file) continue;
      Samples block(4000);
      for (int i = 0; i < 50 && (*file)->read(block) > 0; ++i) {
      }
      (*file)->seek((*file)->length() / 2);
      (*file)->read(block);
    }
  }
}

}  // namespace
