#include "record/formats/format_for_test.hpp"

namespace {

using namespace record;
using namespace record::testing;

class Opus : public FormatTest {
 protected:
  double kbps(AudioFormat audio, const std::vector<Hint>& hints) {
    const auto mono = speech_like(audio.rate * 4, audio.rate);
    make("opus", audio.channels == 1 ? mono : interleaved(mono, tone(440, audio.rate * 4, audio.rate)), audio, hints);
    return static_cast<double>(file_->size()) * 8 / 4000;
  }
  static std::vector<std::int16_t> speech_like(std::size_t count, std::uint32_t rate) {
    std::vector<std::int16_t> samples(count);
    for (std::size_t i = 0; i < count; ++i) {
      const double t = static_cast<double>(i) / rate;
      double value = 0;
      for (int harmonic = 1; harmonic < 20; ++harmonic) {
        value += std::sin(2 * std::numbers::pi * harmonic * (120 + 10 * std::sin(3 * t)) * t) / harmonic;
      }
      samples[i] = static_cast<std::int16_t>(4000 * value * (0.6 + 0.4 * std::sin(9 * t)));
    }
    return samples;
  }
};

TEST_F(Opus, TakesTheBitRateThatIsAskedFor) {
  EXPECT_NEAR(kbps({8000, 1}, {{"bitrate", "16"}, {"vbr", "false"}}), 16, 2);
  EXPECT_NEAR(kbps({16000, 1}, {{"bitrate", "32"}, {"vbr", "false"}}), 32, 3);
  EXPECT_NEAR(kbps({48000, 2}, {{"bitrate", "160"}, {"vbr", "false"}}), 160, 6);
  EXPECT_NEAR(kbps({48000, 2}, {{"bitrate", "160"}}), 160, 60);
  EXPECT_NEAR(kbps({8000, 2}, {{"bitrate", "8"}, {"vbr", "false"}}), 32, 3);  // two parties need as much
}

TEST_F(Opus, IsSmallerTheLowerItsQuality) {
  const double best = kbps({16000, 1}, {{"quality", "0"}});
  const double usual = kbps({16000, 1}, {});
  const double smallest = kbps({16000, 1}, {{"quality", "9"}});
  EXPECT_GT(best, 1.4 * usual);
  EXPECT_GT(usual, 1.3 * smallest);
}

TEST_F(Opus, KeepsTwoPartiesApartAtItsLowestBitRate) {
  for (const std::uint32_t rate : {8000, 16000, 48000}) {
    const auto talking = speech_like(rate * 3, rate);
    make("opus", interleaved(talking, std::vector<std::int16_t>(talking.size())), {rate, 2}, {{"bitrate", "6"}});
    const auto heard = decoded(path());
    const auto power = [](const std::vector<std::int16_t>& samples) {
      double sum = 0;
      for (const double sample : samples) sum += sample * sample;
      return sum;
    };
    EXPECT_LT(10 * std::log10(power(channel(heard, 1)) / power(channel(heard, 0))), -40) << rate;
  }
}

TEST_F(Opus, CarriesTheRateThatItWasMadeFrom) {
  make("opus", tone(440, 16000, 16000), {16000, 1});
  const auto bytes = bytes_of(path());
  constexpr std::size_t kHead = 28;  // behind the first page's header
  EXPECT_EQ(std::string(bytes.begin() + kHead, bytes.begin() + kHead + 8), "OpusHead");
  EXPECT_EQ(bytes[kHead + 12] | bytes[kHead + 13] << 8U, 16000);
  EXPECT_EQ(bytes[kHead + 10] | bytes[kHead + 11] << 8U, 312);  // pre-skip: 6.5 ms of 48 kHz
  EXPECT_EQ(decoded(path()).size(), 48000U);
}

TEST_F(Opus, TakesARateThatItKnows) {
  const Format& opus = *find_format("opus");
  for (const auto& [rate, taken] : {std::pair(8000U, 8000U), std::pair(11025U, 12000U), std::pair(22050U, 24000U),
                                    std::pair(32000U, 48000U), std::pair(44100U, 48000U), std::pair(96000U, 48000U)}) {
    EXPECT_EQ(opus.rate_for(rate), taken);
  }
  OutputFile file(base::Fd(::open("/dev/null", O_RDWR)));
  auto encoder = opus.open(file, {44100, 1}, {}, {});
  ASSERT_FALSE(encoder);
  EXPECT_EQ(encoder.error().kind, base::Kind::not_supported);
}

TEST_F(Opus, SaysWhatItIsInItsTags) {
  make("opus", tone(440, 8000), {8000, 1}, {}, example_tags());
  EXPECT_EQ(probed_tag(path(), "TITLE"), "sip:alice@example.org -> sip:bob@example.org");
  EXPECT_EQ(probed_tag(path(), "STARTED"), "2026-11-22T23:56:01.250Z");
  EXPECT_EQ(probed_tag(path(), "CALL_ID"), "c4ll");
  EXPECT_EQ(probed_tag(path(), "CHANNELS"), "send, recv");
  EXPECT_EQ(probed_tag(path(), "ENCODER"), "Telegraphone/0.1.0");
}

TEST_F(Opus, RefusesImpossibleHintsAndNamesThem) {
  EXPECT_EQ(error_of("opus", {{"complexity", "11"}}), "hint 'complexity': expected a whole number from 0 to 10");
  EXPECT_EQ(error_of("opus", {{"quality", "10"}}), "hint 'quality': expected a whole number from 0 to 9");
  EXPECT_EQ(error_of("opus", {{"bitrate", "5"}}), "hint 'bitrate': expected a whole number from 6 to 510");
  EXPECT_EQ(error_of("opus", {{"vbr", "yes"}}), "hint 'vbr': expected true or false");
}

}  // namespace
