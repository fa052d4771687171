#include <cstdlib>
#include <fcntl.h>
#include <gtest/gtest.h>

#include "record/formats/format.hpp"
#include "record/formats/mp3/info_tag.hpp"
#include "record/formats/mp3/mpeg_frame.hpp"
#include "record/playback_for_test.hpp"

namespace {

using namespace record;
using namespace record::testing;

class Mp3 : public ::testing::Test {
 protected:
  std::unique_ptr<Encoder> open(AudioFormat audio, std::vector<Hint> hints = {}) {
    file_ = std::make_unique<OutputFile>(base::Fd(::open(path().c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600)));
    auto encoder = find_format("mp3")->open(*file_, audio, hints, {});
    EXPECT_TRUE(encoder);
    return encoder ? std::move(*encoder) : nullptr;
  }

  // A file of that audio, given in blocks of 20 ms.
  void make(const std::vector<std::int16_t>& interleaved, AudioFormat audio, std::vector<Hint> hints = {}) {
    const auto encoder = open(audio, std::move(hints));
    const std::size_t block = audio.rate / 50 * static_cast<std::size_t>(audio.channels);
    for (std::size_t at = 0; at < interleaved.size(); at += block) {
      ASSERT_TRUE(encoder->write(std::span(interleaved).subspan(at, std::min(block, interleaved.size() - at))));
    }
    ASSERT_TRUE(encoder->finish());
    EXPECT_EQ(encoder->samples(), interleaved.size() / static_cast<std::size_t>(audio.channels));
  }

  std::string error_of(std::vector<Hint> hints) {
    auto checked = find_format("mp3")->check(hints);
    EXPECT_FALSE(checked);
    EXPECT_EQ(checked.error().kind, base::Kind::bad_request);
    return checked.error().text;
  }

  std::filesystem::path path() const { return directory_.path() / "x.mp3"; }

  TemporaryDirectory directory_;
  std::unique_ptr<OutputFile> file_;
};

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
  for (const char* bad : {"", "-1", "x", "7.5", " 7", "99999999999999999999"}) error_of({{"quality", bad}});
}

TEST_F(Mp3, IgnoresHintsThatItDoesNotKnow) {
  EXPECT_TRUE(find_format("mp3")->check(std::vector<Hint>{{"double-pass", "true"}, {"", ""}, {"quality", "4"}}));
}

TEST_F(Mp3, RefusesARateThatMpegDoesNotHave) {
  OutputFile file(base::Fd(::open(path().c_str(), O_RDWR | O_CREAT, 0600)));
  auto encoder = find_format("mp3")->open(file, {7000, 1}, {}, {});
  ASSERT_FALSE(encoder);
  EXPECT_EQ(encoder.error().kind, base::Kind::not_supported);
}

TEST_F(Mp3, SaysInItsTagWhatIsInTheFile) {
  make(tone(440, 20000), {8000, 1});
  const auto bytes = bytes_of(path());
  const auto number = [&](std::size_t at, int size) {
    std::uint32_t value = 0;
    for (int i = 0; i < size; ++i) value = value << 8U | bytes[at + static_cast<std::size_t>(i)];
    return value;
  };
  constexpr std::size_t kXing = 4 + 9;
  constexpr std::size_t kLame = kXing + 120;
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
