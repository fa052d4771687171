#include "record/formats/format_for_test.hpp"

namespace {

using namespace record;
using namespace record::testing;

class Flac : public FormatTest {
 protected:
  std::uint64_t stated_samples() const {
    const auto bytes = bytes_of(path());
    std::uint64_t value = bytes[21] & 0x0FU;
    for (std::size_t i = 22; i < 26; ++i) value = value << 8U | bytes[i];
    return value;
  }
};

TEST_F(Flac, SaysHowLongItIsAndTheChecksumOfItsSound) {
  const auto audio = interleaved(noise(20001), tone(440, 20001));
  make("flac", audio, {8000, 2});
  EXPECT_EQ(stated_samples(), 20001U);
  const auto bytes = bytes_of(path());
  EXPECT_EQ(std::string(bytes.begin(), bytes.begin() + 4), "fLaC");
  // The block size, twice; then the frames' sizes are known.
  EXPECT_EQ(bytes[8] << 8U | bytes[9], 1024);
  EXPECT_EQ(bytes[10] << 8U | bytes[11], 1024);
  EXPECT_NE(bytes[12] + bytes[13] + bytes[14], 0);
  // The checksum is that of the samples as ffmpeg computes it, and is what libFLAC itself would have written.
  char hex[33] = {};
  for (std::size_t i = 0; i < 16; ++i) std::snprintf(hex + 2 * i, 3, "%02x", bytes[26 + i]);
  EXPECT_EQ(output_of("ffmpeg -v error -i " + path().string() + " -f md5 - </dev/null"),
            "MD5=" + std::string(hex) + "\n");
  EXPECT_EQ(decoded(path()), audio);
}

TEST_F(Flac, KeepsFullScaleAtEveryCompression) {
  auto audio = noise(16000);
  audio[5] = -32768;
  audio[6] = 32767;
  std::uint64_t before = ~0ULL;
  for (const char* level : {"0", "5", "8"}) {
    make("flac", audio, {16000, 1}, {{"compression", level}});
    EXPECT_EQ(decoded(path()), audio);
    EXPECT_LE(file_->size(), before);
    before = file_->size();
  }
  EXPECT_LT(before, audio.size() * 2);
}

TEST_F(Flac, StatesItsLengthAtEveryCheckpoint) {
  const auto encoder = open("flac", {8000, 1});
  ASSERT_TRUE(encoder->write(tone(440, 5000)));
  EXPECT_EQ(stated_samples(), 0U);
  EXPECT_EQ(decoded(path()).size(), 4096U);  // plays before it is stated
  ASSERT_TRUE(encoder->checkpoint());
  EXPECT_EQ(stated_samples(), 4096U);
  EXPECT_EQ(encoder->samples(), 4096U);
}

TEST_F(Flac, HoldsBackAFifthOfASecondAtMost) {
  for (const std::uint32_t rate : {8000, 12000, 16000, 24000, 32000, 44100, 48000}) {
    const auto encoder = open("flac", {rate, 1});
    ASSERT_TRUE(encoder->write(tone(440, 2 * rate, rate)));
    EXPECT_GT(encoder->samples(), 2 * rate - rate / 5 - 2) << rate;
  }
}

TEST_F(Flac, SaysWhatItIsInItsTags) {
  make("flac", tone(440, 8000), {8000, 1}, {}, example_tags());
  for (const auto& [name, value] :
       {std::pair("TITLE", "sip:alice@example.org -> sip:bob@example.org"), std::pair("DATE", "2026-11-22"),
        std::pair("ENCODER", "Telegraphone/0.1.0"), std::pair("CALL_ID", "c4ll"), std::pair("COMPONENT_ID", "r3c0rd"),
        std::pair("FROM", "sip:alice@example.org"), std::pair("TO", "sip:bob@example.org"),
        std::pair("CHANNELS", "send, recv"), std::pair("STARTED", "2026-11-22T23:56:01.250Z")}) {
    EXPECT_EQ(probed_tag(path(), name), value) << name;
  }
}

TEST_F(Flac, RefusesImpossibleHintsAndNamesThem) {
  EXPECT_EQ(error_of("flac", {{"compression", "9"}}), "hint 'compression': expected a whole number from 0 to 8");
}

}  // namespace
