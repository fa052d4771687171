#include "record/formats/format_for_test.hpp"

namespace {

using namespace record;
using namespace record::testing;

class Vorbis : public FormatTest {
 protected:
  // Without the headers, which are 4 KB of codebooks.
  double kbps(AudioFormat audio, const std::vector<Hint>& hints) {
    const auto samples = noise(audio.rate * static_cast<std::size_t>(10 * audio.channels), 4000);
    const auto encoder = open("vorbis", audio, hints);
    const std::uint64_t headers = file_->size();
    write(*encoder, samples, audio);
    EXPECT_TRUE(encoder->finish());
    EXPECT_EQ(decoded(path()).size(), samples.size());
    return static_cast<double>(file_->size() - headers) * 8 / 10000;
  }
};

TEST_F(Vorbis, IsSmallerTheLowerItsQuality) {
  const double best = kbps({16000, 1}, {{"quality", "0"}});
  const double usual = kbps({16000, 1}, {});
  const double smallest = kbps({16000, 1}, {{"quality", "9"}});
  EXPECT_GT(best, 1.5 * usual);
  EXPECT_GT(usual, 1.2 * smallest);
}

TEST_F(Vorbis, TakesTheBitRateThatIsAskedForOrTheNearest) {
  EXPECT_NEAR(kbps({16000, 1}, {{"bitrate", "48"}, {"vbr", "false"}}), 48, 5);
  EXPECT_NEAR(kbps({48000, 2}, {{"bitrate", "128"}, {"vbr", "false"}}), 128, 10);
  EXPECT_NEAR(kbps({8000, 2}, {{"vbr", "false"}}), 64, 6);
  const double best = kbps({8000, 1}, {{"quality", "0"}});
  EXPECT_NEAR(kbps({8000, 1}, {{"bitrate", "512"}}), best, 1);
  EXPECT_LT(kbps({8000, 1}, {{"bitrate", "16"}}), best / 1.5);
}

TEST_F(Vorbis, SaysWhatItIsInItsTags) {
  make("vorbis", tone(440, 8000), {8000, 1}, {}, example_tags());
  EXPECT_EQ(probed_tag(path(), "TITLE"), "sip:alice@example.org -> sip:bob@example.org");
  EXPECT_EQ(probed_tag(path(), "STARTED"), "2026-11-22T23:56:01.250Z");
  EXPECT_EQ(probed_tag(path(), "COMPONENT_ID"), "r3c0rd");
  EXPECT_NE(output_of("soxi -a " + path().string()).find("FROM=sip:alice@example.org"), std::string::npos);
}

TEST_F(Vorbis, RefusesImpossibleHintsAndNamesThem) {
  EXPECT_EQ(error_of("vorbis", {{"quality", "10"}}), "hint 'quality': expected a whole number from 0 to 9");
  EXPECT_EQ(error_of("vorbis", {{"bitrate", "513"}}), "hint 'bitrate': expected a whole number from 8 to 512");
  EXPECT_EQ(error_of("vorbis", {{"vbr", ""}}), "hint 'vbr': expected true or false");
}

}  // namespace
