#include <cstdlib>

#include "record/formats/format_for_test.hpp"
#include "record/formats/mp3/info_tag.hpp"
#include "record/formats/mp3/mpeg_frame.hpp"
#include "record/formats/mp3/seek_points.hpp"

namespace {

using namespace record;
using namespace record::testing;

class Mp3 : public FormatTest {
 protected:
  std::unique_ptr<Encoder> open(AudioFormat audio, const std::vector<Hint>& hints = {}, const Tags& tags = {}) {
    return FormatTest::open("mp3", audio, hints, tags);
  }
  void make(const std::vector<std::int16_t>& interleaved, AudioFormat audio, const std::vector<Hint>& hints = {},
            const Tags& tags = {}) {
    FormatTest::make("mp3", interleaved, audio, hints, tags);
  }
  static std::string error_of(const std::vector<Hint>& hints) { return FormatTest::error_of("mp3", hints); }

  std::uint32_t number(std::size_t at, int size) const {
    const auto bytes = bytes_of(path());
    std::uint32_t value = 0;
    for (int i = 0; i < size; ++i) value = value << 8U | bytes[at + static_cast<std::size_t>(i)];
    return value;
  }
};

constexpr std::size_t kXing = 4 + 9;  // in a mono file below 32 kHz without ID3
constexpr std::size_t kLame = kXing + 120;

TEST_F(Mp3, DecodesToExactlyTheSamplesThatWereWritten) {
  for (const std::size_t n : {0, 47, 48, 160, 575, 576, 577, 623, 624, 1199, 1200, 8000, 20000, 20160, 20161}) {
    make(tone(440, n), {8000, 1});
    EXPECT_EQ(decoded(path()).size(), n);
    EXPECT_NEAR(probed_duration(path()), static_cast<double>(n) / 8000, 0.072) << n;
    EXPECT_EQ(file_->size(), std::filesystem::file_size(path()));
  }
}

TEST_F(Mp3, HasTheRightDurationEvenIfItHoldsLessThanAFrame) {
  for (const std::size_t n : {1, 8, 46}) {
    make(tone(440, n), {8000, 1});
    EXPECT_LE(decoded(path()).size(), 576U);
    EXPECT_LT(probed_duration(path()), 0.073);
  }
}

TEST_F(Mp3, DecodesToExactlyTheSamplesAtEveryRateAndInStereo) {
  for (const std::uint32_t rate : {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000}) {
    for (const int channels : {1, 2}) {
      const auto mono = tone(440, rate * 2 + 17, rate);
      make(channels == 1 ? mono : interleaved(mono, mono), {rate, channels});
      EXPECT_EQ(decoded(path()).size(), mono.size() * static_cast<std::size_t>(channels)) << rate << " " << channels;
    }
  }
}

TEST_F(Mp3, IsAcceptedBySoxWithTheRightDuration) {
  // sox counts the tag's frame and what pads the audio, too: up to three frames.
  make(tone(440, 20000), {8000, 1});
  EXPECT_NEAR(soxi_duration(path()), 2.5, 0.25);
  make(tone(440, 80000), {8000, 1}, {{"bitrate", "16"}});
  EXPECT_NEAR(soxi_duration(path()), 10, 0.25);
}

TEST_F(Mp3, KeepsTheToneAndItsPlaceInTime) {
  auto audio = std::vector<std::int16_t>(4000, 0);
  const auto beep = tone(1000, 8000);
  audio.insert(audio.end(), beep.begin(), beep.end());
  make(audio, {8000, 1});
  const auto heard = decoded(path());
  ASSERT_EQ(heard.size(), audio.size());
  const std::vector<std::int16_t> before(heard.begin(), heard.begin() + 3800);
  const std::vector<std::int16_t> after(heard.begin() + 4200, heard.end());
  EXPECT_LT(level(before, 1000), 100);
  EXPECT_NEAR(level(after, 1000), 10000, 700);
  const auto loud = [](std::int16_t sample) { return std::abs(sample) > 3000; };
  EXPECT_NEAR(static_cast<double>(std::find_if(heard.begin(), heard.end(), loud) - heard.begin()), 4000, 40);
}

TEST_F(Mp3, KeepsTwoPartiesApart) {
  make(interleaved(tone(440, 16000), tone(1000, 16000)), {8000, 2});
  const auto heard = decoded(path());
  ASSERT_EQ(heard.size(), 32000U);
  EXPECT_NEAR(level(channel(heard, 0), 440), 10000, 700);
  EXPECT_NEAR(level(channel(heard, 1), 1000), 10000, 700);
  EXPECT_LT(level(channel(heard, 0), 1000), 100);
  EXPECT_LT(level(channel(heard, 1), 440), 100);
}

TEST_F(Mp3, PlaysUpToTheLastSecondWhenNothingWasFinished) {
  const auto encoder = open({8000, 1});
  const auto audio = tone(440, 80000);
  for (std::size_t at = 0; at < audio.size(); at += 160) {
    ASSERT_TRUE(encoder->write(std::span(audio).subspan(at, 160)));
    if (at % 8000 == 0) {
      ASSERT_TRUE(encoder->checkpoint());
    }
  }
  EXPECT_GT(decoded(path()).size(), 72000U);
  EXPECT_GT(probed_duration(path()), 8.5);
  EXPECT_GT(soxi_duration(path()), 8.5);
}

TEST_F(Mp3, PlaysBeforeItsFirstCheckpoint) {
  const auto encoder = open({8000, 1});
  ASSERT_TRUE(encoder->write(tone(440, 7000)));
  EXPECT_GT(decoded(path()).size(), 4000U);
}

TEST_F(Mp3, SaysHowManySamplesAnUnfinishedFilePlays) {
  const auto encoder = open({8000, 1});
  ASSERT_TRUE(encoder->write(tone(440, 20000)));
  ASSERT_TRUE(encoder->checkpoint());
  EXPECT_EQ(decoded(path()).size(), encoder->samples());
  EXPECT_GT(encoder->samples(), 16000U);
}

TEST_F(Mp3, TakesTheBitRateThatIsAskedForOrTheNearest) {
  const auto kbps = [&](const char* asked, AudioFormat audio) {
    make(tone(440, audio.rate * static_cast<std::size_t>(4 * audio.channels), audio.rate), audio, {{"bitrate", asked}});
    return static_cast<double>(std::filesystem::file_size(path())) * 8 / 4000;
  };
  EXPECT_NEAR(kbps("16", {8000, 1}), 16, 2);
  EXPECT_NEAR(kbps("8", {8000, 1}), 8, 2);
  EXPECT_NEAR(kbps("64", {8000, 2}), 64, 4);
  EXPECT_NEAR(kbps("320", {8000, 1}), 64, 4);
  EXPECT_NEAR(kbps("320", {48000, 2}), 320, 10);
  EXPECT_NEAR(kbps("9", {48000, 1}), 32, 3);
}

TEST_F(Mp3, RefusesImpossibleHintsAndNamesThem) {
  EXPECT_EQ(error_of({{"quality", "10"}}), "hint 'quality': expected a whole number from 0 to 9");
  EXPECT_EQ(error_of({{"bitrate", "64k"}}), "hint 'bitrate': expected a whole number from 8 to 320");
  EXPECT_EQ(error_of({{"vbr", "maybe"}}), "hint 'vbr': expected true or false");
  for (const char* bad : {"", "-1", "x", "7.5", " 7", "99999999999999999999"}) error_of({{"quality", bad}});
}

TEST_F(Mp3, KeepsTheLevelAtEveryBitRate) {
  for (const std::uint32_t rate : {8000, 16000, 48000}) {
    for (const char* kbps : {"8", "24", "64", "160", "320"}) {
      for (const char* vbr : {"true", "false"}) {
        make(tone(440, rate, rate), {rate, 1}, {{"bitrate", kbps}, {"vbr", vbr}});
        EXPECT_NEAR(level(decoded(path()), 440, rate), 10000, 100) << rate << " " << kbps << " " << vbr;
      }
    }
  }
}

TEST_F(Mp3, SpendsFewBitsOnSilenceIfTheBitRateMayVary) {
  auto audio = noise(80000);
  audio.resize(400000);  // then 40 s of silence
  std::uint64_t sizes[2] = {};
  for (const int quality : {9, 0}) {
    make(audio, {8000, 1}, {{"vbr", "true"}, {"quality", std::to_string(quality)}});
    sizes[quality / 9] = file_->size();
    EXPECT_EQ(number(kXing, 4), 0x58696E67U);  // "Xing"
    EXPECT_EQ(number(kXing + 12, 4), file_->size());
    EXPECT_EQ(number(kLame + 9, 1) & 15U, 4U);
    EXPECT_EQ(decoded(path()).size(), audio.size());
    EXPECT_NEAR(probed_duration(path()), 50, 0.073);
    EXPECT_NEAR(soxi_duration(path()), 50, 0.3);
  }
  EXPECT_GT(sizes[0], sizes[1]);
  EXPECT_LT(sizes[0], 50 * 32000 / 8);  // of the usual 32 kbit/s
  // 20 % of the time, and more of the bytes: the table of contents knows.
  EXPECT_GT(number(kXing + 16 + 20, 1), 70U);
  EXPECT_GT(number(kXing + 16 + 99, 1), number(kXing + 16 + 20, 1));
}

TEST_F(Mp3, MeetsABitRateOnTheAverageIfItMayVary) {
  make(noise(20 * 16000), {16000, 1}, {{"vbr", "true"}, {"bitrate", "40"}});
  EXPECT_NEAR(static_cast<double>(file_->size()) * 8 / 20000, 40, 6);
  EXPECT_EQ(number(kLame + 9, 1) & 15U, 2U);
  EXPECT_EQ(decoded(path()).size(), 20U * 16000);
}

TEST_F(Mp3, PlaysUpToTheLastSecondIfTheBitRateMayVary) {
  const auto encoder = open({8000, 1}, {{"vbr", "true"}});
  for (int second = 1; second <= 6; ++second) {
    write(*encoder, second % 2 == 0 ? std::vector<std::int16_t>(8000) : tone(440, 8000), {8000, 1});
    EXPECT_GT(decoded(path()).size(), (static_cast<std::size_t>(second) * 4 - 3) * 2000);
    EXPECT_GT(probed_duration(path()), second - 0.75);
    EXPECT_GT(sox_seconds(path()), second - 0.75);
  }
}

TEST_F(Mp3, SaysWhatItIsInAnId3Tag) {
  make(tone(440, 20000), {8000, 1}, {}, example_tags());
  for (const auto& [name, value] :
       {std::pair("title", "sip:alice@example.org -> sip:bob@example.org"), std::pair("date", "2026-11-22T23:56:01"),
        std::pair("call-id", "c4ll"), std::pair("component-id", "r3c0rd"), std::pair("from", "sip:alice@example.org"),
        std::pair("to", "sip:bob@example.org"), std::pair("channels", "send, recv"),
        std::pair("started", "2026-11-22T23:56:01.250Z"), std::pair("encoder", "Telegraphone/0.1.0")}) {
    EXPECT_EQ(probed_tag(path(), name), value) << name;
  }
  EXPECT_EQ(decoded(path()).size(), 20000U);
  EXPECT_NEAR(soxi_duration(path()), 2.5, 0.25);
  EXPECT_NE(output_of("soxi -a " + path().string()).find("Title=sip:alice"), std::string::npos);
  // The frames' own tag counts from where it is itself.
  const auto bytes = bytes_of(path());
  const std::size_t id3 = 10 + (std::size_t{bytes[8]} << 7U | bytes[9]);
  EXPECT_EQ(number(id3 + kXing, 4), 0x496E666FU);  // "Info"
  EXPECT_EQ(number(id3 + kXing + 12, 4), bytes.size() - id3);
}

TEST(SeekPoints, SayWhereEachPercentIsHoweverManyFramesThereAre) {
  for (const int frames : {1, 99, 399, 400, 401, 100000}) {
    mp3::SeekPoints points;
    // The second half has frames three times as large as the first.
    for (int i = 0; i < frames; ++i) points.add(i < frames / 2 ? 100 : 300);
    const auto table = points.table(0);
    EXPECT_EQ(table[0], 0);
    if (frames < 99) continue;
    EXPECT_NEAR(table[25], 32, 3) << frames;
    EXPECT_NEAR(table[50], 64, 3) << frames;
    EXPECT_NEAR(table[75], 160, 4) << frames;
  }
}

TEST_F(Mp3, RefusesARateThatMpegDoesNotHave) {
  OutputFile file(base::Fd(::open("/dev/null", O_RDWR)));
  auto encoder = find_format("mp3")->open(file, {7000, 1}, {}, {});
  ASSERT_FALSE(encoder);
  EXPECT_EQ(encoder.error().kind, base::Kind::not_supported);
}

TEST_F(Mp3, SaysInItsTagWhatIsInTheFile) {
  make(tone(440, 20000), {8000, 1});
  const auto bytes = bytes_of(path());
  EXPECT_EQ(std::string(bytes.begin() + kXing, bytes.begin() + kXing + 4), "Info");
  EXPECT_EQ(number(kXing + 8, 4), 37U);  // ceil((20000 + 1105) / 576)
  EXPECT_EQ(number(kXing + 12, 4), bytes.size());
  EXPECT_EQ(std::string(bytes.begin() + kLame, bytes.begin() + kLame + 5), "LAME3");
  EXPECT_EQ(number(kLame + 21, 3), 576U << 12U | (37U * 576 - 576 - 20000));
  EXPECT_EQ(number(kLame + 28, 4), bytes.size());
  const std::size_t tag_size = mp3::stated_frame_size(std::span<const std::uint8_t, 4>(bytes.data(), 4));
  EXPECT_EQ(number(kLame + 32, 2), mp3::crc16(0, std::span(bytes).subspan(tag_size)));
  EXPECT_EQ(number(kLame + 34, 2), mp3::crc16(0, std::span(bytes).first(kLame + 34)));
}

TEST(Crc16, GivesItsCheckValue) {
  const std::string_view digits = "123456789";
  EXPECT_EQ(record::mp3::crc16(0, {reinterpret_cast<const std::uint8_t*>(digits.data()), digits.size()}), 0xBB3D);
}

TEST(MpegFrame, StatesTheSizeThatItsHeaderWasMadeFor) {
  for (const std::uint32_t rate : {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000}) {
    for (const int channels : {1, 2}) {
      const auto format = *mp3::frame_format(rate, channels);
      for (const int kbps : mp3::bitrates(format.version)) {
        EXPECT_EQ(mp3::stated_frame_size(mp3::frame_header(format, kbps)), mp3::frame_size(format, kbps));
      }
    }
  }
}

}  // namespace
