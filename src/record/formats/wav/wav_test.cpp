#include "codec/g711.hpp"
#include "record/formats/format_for_test.hpp"

namespace {

using namespace record;
using namespace record::testing;

class Wav : public FormatTest {
 protected:
  static constexpr std::size_t kHeader = 80;  // without tags, of PCM

  // All that is in the file behind "data" and its size.
  std::vector<std::uint8_t> data() const {
    const auto bytes = bytes_of(path());
    const std::string_view id = "data";
    const auto found = std::search(bytes.begin(), bytes.end(), id.begin(), id.end());
    return {found + 8, bytes.end()};
  }
};

TEST_F(Wav, GivesBackEverySampleThatWasWritten) {
  const auto audio = interleaved(tone(440, 8001), tone(1000, 8001));
  make("wav", audio, {8000, 2});
  EXPECT_EQ(decoded(path()), audio);
  EXPECT_NEAR(probed_duration(path()), 8001 / 8000.0, 0.0001);
  EXPECT_NEAR(soxi_duration(path()), 8001 / 8000.0, 0.0001);
  EXPECT_EQ(std::filesystem::file_size(path()), kHeader + audio.size() * 2);
}

TEST_F(Wav, WithoutAudioIsAHeader) {
  make("wav", {}, {8000, 1});
  EXPECT_EQ(std::filesystem::file_size(path()), kHeader);
  EXPECT_EQ(soxi_duration(path()), 0);
}

TEST_F(Wav, HoldsG711AsItCameFromTheNetwork) {
  // Every code of both laws, in both channels' places; µ-law's negative zero 0x7f among them.
  std::vector<std::uint8_t> payload(512);
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<std::uint8_t>(i < 256 ? i : 511 - i);
  for (const std::string law : {"mulaw", "ulaw", "alaw"}) {
    const auto expand = law == "alaw" ? codec::g711::alaw_to_linear : codec::g711::mulaw_to_linear;
    std::vector<std::int16_t> samples(payload.size());
    std::transform(payload.begin(), payload.end(), samples.begin(), expand);
    // Audio has one zero only: on the timeline the negative one of µ-law is -1.
    auto on_the_timeline = samples;
    if (law != "alaw") on_the_timeline[0x7f] = on_the_timeline[511 - 0x7f] = -1;
    for (const int channels : {1, 2}) {
      make("wav", on_the_timeline, {8000, channels}, {{"encoding", law}});
      EXPECT_EQ(data(), payload) << law << " " << channels;
      EXPECT_EQ(decoded(path()), samples) << law << " " << channels;
      EXPECT_NEAR(soxi_duration(path()), 512 / 8000.0 / channels, 0.0001);
    }
  }
}

TEST_F(Wav, SaysWhichLawItHolds) {
  for (const auto& [law, tag, name] : {std::tuple("mulaw", 7, "pcm_mulaw"), std::tuple("alaw", 6, "pcm_alaw")}) {
    make("wav", tone(440, 4001), {8000, 1}, {{"encoding", law}}, example_tags());
    const auto bytes = bytes_of(path());
    const auto after = [&](std::string_view id) {
      return std::search(bytes.begin(), bytes.end(), id.begin(), id.end()) - bytes.begin() + 4;
    };
    const auto number = [&](std::ptrdiff_t at, int size) {
      std::uint32_t value = 0;
      for (int i = size; i-- > 0;) value = value << 8U | bytes[static_cast<std::size_t>(at + i)];
      return value;
    };
    EXPECT_EQ(number(after("fmt "), 4), 18U);
    EXPECT_EQ(number(after("fmt ") + 4, 2), static_cast<std::uint32_t>(tag));
    EXPECT_EQ(number(after("fact") + 4, 4), 4001U);
    EXPECT_EQ(number(after("data"), 4), 4001U);
    EXPECT_EQ(bytes.size() % 2, 0U);  // a pad byte behind an odd number
    EXPECT_EQ(number(4, 4), bytes.size() - 8);
    EXPECT_EQ(decoded(path()).size(), 4001U);
    EXPECT_EQ(output_of("ffprobe -v error -show_entries stream=codec_name -of default=nw=1:nk=1 " + path().string()),
              std::string(name) + "\n");
  }
}

TEST_F(Wav, BecomesRf64PastFourGigabytes) {
  // The file is sparse: the samples in the middle are a hole.
  constexpr std::uint64_t kHoleSamples = 2'500'000'000;
  const double seconds = static_cast<double>(kHoleSamples + 16000) / 48000;
  const auto encoder = open("wav", {48000, 1}, {}, example_tags());
  const std::uint64_t header = file_->size();
  ASSERT_TRUE(encoder->write(tone(440, 8000)));
  ASSERT_TRUE(file_->truncate(file_->size() + 2 * kHoleSamples));
  ASSERT_TRUE(encoder->checkpoint());
  EXPECT_NEAR(probed_duration(path()), seconds - 8000 / 48000.0, 0.0001);
  ASSERT_TRUE(encoder->write(tone(440, 8000)));
  ASSERT_TRUE(encoder->finish());
  EXPECT_EQ(encoder->samples(), kHoleSamples + 16000);
  EXPECT_EQ(file_->size(), header + 2 * kHoleSamples + 32000);

  EXPECT_NEAR(probed_duration(path()), seconds, 0.0001);
  EXPECT_EQ(probed_tag(path(), "title"), "sip:alice@example.org -> sip:bob@example.org");
  SF_INFO info{};
  SNDFILE* opened = sf_open(path().c_str(), SFM_READ, &info);
  ASSERT_NE(opened, nullptr) << sf_strerror(nullptr);
  EXPECT_EQ(info.frames, static_cast<sf_count_t>(kHoleSamples + 16000));
  std::vector<std::int16_t> end(8000);
  EXPECT_GT(sf_seek(opened, -8000, SEEK_END), 0);
  EXPECT_EQ(sf_readf_short(opened, end.data(), 8000), 8000);
  EXPECT_EQ(end, tone(440, 8000));
  sf_close(opened);
}

TEST_F(Wav, StaysRiffUpToFourGigabytes) {
  const auto encoder = open("wav", {48000, 1}, {{"encoding", "alaw"}});
  ASSERT_TRUE(file_->truncate(0xFFFFFFFF + 8ULL - 1));
  ASSERT_TRUE(encoder->checkpoint());
  const auto is = [&](const char* id) {
    std::ifstream in(path(), std::ios::binary);
    std::string start(4, ' ');
    in.read(start.data(), 4);
    return start == id;
  };
  EXPECT_TRUE(is("RIFF"));
  EXPECT_NEAR(probed_duration(path()), 0xFFFFFFFF / 48000.0, 0.01);
  EXPECT_NEAR(soxi_duration(path()), 0xFFFFFFFF / 48000.0, 0.01);
  ASSERT_TRUE(encoder->write(tone(440, 8)));
  ASSERT_TRUE(encoder->finish());
  EXPECT_TRUE(is("RF64"));
  EXPECT_NEAR(probed_duration(path()), 0xFFFFFFFF / 48000.0, 0.01);
}

TEST_F(Wav, SaysWhatItIsInInfoAndBext) {
  make("wav", tone(440, 8000), {8000, 1}, {}, example_tags());
  EXPECT_EQ(probed_tag(path(), "title"), "sip:alice@example.org -> sip:bob@example.org");
  EXPECT_EQ(probed_tag(path(), "encoder"), "Telegraphone/0.1.0");
  EXPECT_EQ(probed_tag(path(), "comment"),
            "call-id=c4ll; component-id=r3c0rd; from=sip:alice@example.org; to=sip:bob@example.org; "
            "channels=send, recv; started=2026-11-22T23:56:01.250Z");

  SF_INFO info{};
  SNDFILE* opened = sf_open(path().c_str(), SFM_READ, &info);
  ASSERT_NE(opened, nullptr);
  SF_BROADCAST_INFO bext{};
  ASSERT_EQ(sf_command(opened, SFC_GET_BROADCAST_INFO, &bext, sizeof bext), SF_TRUE);
  EXPECT_STREQ(bext.description, "sip:alice@example.org -> sip:bob@example.org");
  EXPECT_STREQ(bext.originator, "Telegraphone/0.1.0");
  EXPECT_STREQ(bext.originator_reference, "r3c0rd");
  EXPECT_EQ(std::string(bext.origination_date, 10), "2026-11-22");
  EXPECT_EQ(std::string(bext.origination_time, 8), "23:56:01");
  EXPECT_EQ(bext.version, 1);
  EXPECT_EQ(bext.time_reference_low, ((23U * 60 + 56) * 60 + 1) * 8000 + 2000);  // 250 ms
  EXPECT_EQ(bext.time_reference_high, 0U);
  EXPECT_STREQ(sf_get_string(opened, SF_STR_DATE), "2026-11-22");
  EXPECT_NE(std::string(sf_get_string(opened, SF_STR_SOFTWARE)).find("Telegraphone/0.1.0"), std::string::npos);
  sf_close(opened);
}

TEST_F(Wav, HoldsGsm) {
  for (const std::size_t samples : {0, 1, 320, 640, 8000, 40001}) {
    const auto audio = tone(440, samples);
    make("wav", audio, {8000, 1}, {{"encoding", "gsm"}}, example_tags());
    const auto heard = decoded(path());
    EXPECT_EQ(heard.size(), (samples + 319) / 320 * 320);
    if (samples < 8000) continue;
    EXPECT_NEAR(level(heard, 440), 10000, 800);
    EXPECT_NEAR(probed_duration(path()), static_cast<double>(samples) / 8000, 0.0001);
    EXPECT_NEAR(soxi_duration(path()), static_cast<double>(samples) / 8000, 0.041);
    EXPECT_NEAR(sndfile_seconds(path()), static_cast<double>(samples) / 8000, 0.041);
  }
  const auto encoder = open("wav", {8000, 1}, {{"encoding", "gsm"}});
  write(*encoder, tone(440, 24000), {8000, 1});
  EXPECT_GT(decoded(path()).size(), 23000U);
  EXPECT_GT(sox_seconds(path()), 2.9);
}

TEST_F(Wav, HoldsGsmOfOneChannelOnly) {
  OutputFile file(base::Fd(::open("/dev/null", O_RDWR)));
  auto encoder = find_format("wav")->open(file, {8000, 2}, std::vector<Hint>{{"encoding", "gsm"}}, {});
  ASSERT_FALSE(encoder);
  EXPECT_EQ(encoder.error().kind, base::Kind::bad_request);
}

TEST_F(Wav, RefusesAnEncodingThatItDoesNotKnow) {
  EXPECT_EQ(error_of("wav", {{"encoding", "mp3"}}), "hint 'encoding': expected pcm16, mulaw, alaw or gsm");
  EXPECT_TRUE(find_format("wav")->check(std::vector<Hint>{{"encoding", "pcm"}}));
}

}  // namespace
