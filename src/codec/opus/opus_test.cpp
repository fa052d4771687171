#include <gtest/gtest.h>
#include <opus.h>

#include "codec/opus/capture_rate.hpp"
#include "codec/opus/decoder.hpp"
#include "codec/opus/encode_for_test.hpp"
#include "codec/signals_for_test.hpp"

namespace {

using namespace codec;
using namespace codec::testing;
using codec::opus::Decoder;
using codec::opus::testing::join;
using codec::opus::testing::TestEncoder;

const Codec& opus_codec() { return *find("opus", 48000, 2); }

TEST(Opus, IsFoundByTheTwoChannelsOfItsRtpmap) {
  EXPECT_NE(find("OPUS", 48000, 2), nullptr);
  EXPECT_EQ(find("opus", 48000), nullptr);
}

TEST(Opus, TellsTheRateThatHoldsAllThatThePeerSends) {
  using codec::opus::capture_rate;
  EXPECT_EQ(capture_rate(""), 48000U);
  EXPECT_EQ(capture_rate("useinbandfec=1"), 48000U);
  EXPECT_EQ(capture_rate("maxplaybackrate=8000"), 48000U) << "that is what it wants to receive";
  EXPECT_EQ(capture_rate("sprop-maxcapturerate=8000"), 8000U);
  EXPECT_EQ(capture_rate("stereo=1; Sprop-MaxCaptureRate = 16000;useinbandfec=1"), 16000U);
  EXPECT_EQ(capture_rate("sprop-maxcapturerate=11025"), 12000U);
  EXPECT_EQ(capture_rate("sprop-maxcapturerate=44100"), 48000U);
  for (const char* nonsense :
       {"sprop-maxcapturerate=", "sprop-maxcapturerate=x", "sprop-maxcapturerate=0", "sprop-maxcapturerate=99999999999",
        "sprop-maxcapturerate=96000", ";;=;sprop-maxcapturerate"}) {
    EXPECT_EQ(capture_rate(nonsense), 48000U) << nonsense;
  }
  EXPECT_EQ(opus_codec().sample_rate("sprop-maxcapturerate=24000"), 24000U);
}

TEST(Opus, DecodesAsOthersDo) {
  const TemporaryFile pcm(bytes_of(speech(48000)));
  for (const char* frame : {"10", "20", "60"}) {
    const Bytes ogg = ffmpeg("-f s16le -ar 48000 -ac 1 -i " + pcm.path() +
                             " -c:a libopus -application voip -b:a 32k -frame_duration " + frame + " -f ogg -");
    const TemporaryFile file(ogg);
    const Samples by_libopus = samples_of(ffmpeg("-c:a libopus -i " + file.path() + " -f s16le -"));
    const Samples by_ffmpeg = samples_of(ffmpeg("-c:a opus -i " + file.path() + " -f s16le -"));
    auto packets = codec::opus::testing::ogg_packets(ogg);
    ASSERT_GT(packets.size(), 90U);
    const auto decoder = opus_codec().make_decoder({});
    Samples ours, block(5760);
    for (const Bytes& packet : packets) {
      const std::size_t count = decoder->decode(packet, block);
      EXPECT_EQ(count, opus_codec().duration(packet));
      ours.insert(ours.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(count));
    }
    constexpr std::size_t kPreSkip = 312;  // what ffmpeg leaves out of the beginning
    ASSERT_GT(ours.size(), kPreSkip + 200000);
    const auto played = std::span(ours).subspan(kPreSkip, 200000);
    EXPECT_TRUE(std::equal(played.begin(), played.end(), by_libopus.begin())) << frame;
    // Its resampler after SILK is another one, two samples earlier.
    EXPECT_GT(aligned_correlation(by_ffmpeg, std::span(ours).subspan(kPreSkip - 4), 8), 0.999) << frame;
  }
}

class EveryPacket : public ::testing::TestWithParam<std::tuple<int, int, std::uint32_t>> {};

TEST_P(EveryPacket, IsDecodedToWhatWasSaid) {
  const auto [bandwidth, tenths, rate] = GetParam();
  const auto said = std::span(speech(48000)).first(96000);
  // Short frames are of CELT, which has no medium band.
  TestEncoder encoder(1, tenths < 100 ? OPUS_APPLICATION_RESTRICTED_LOWDELAY : OPUS_APPLICATION_VOIP, 64000);
  encoder.set(OPUS_SET_BANDWIDTH(bandwidth));
  const std::size_t length = 48U * static_cast<std::size_t>(tenths) / 10;
  Decoder decoder(rate);
  Samples heard, block(5760);
  for (std::size_t at = 0; at + length <= said.size(); at += length) {
    const Bytes packet = encoder.encode(said.subspan(at, length));
    ASSERT_EQ(opus_codec().duration(packet), length);
    const std::size_t count = decoder.decode(packet, block);
    ASSERT_EQ(count, length * rate / 48000);
    heard.insert(heard.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(count));
  }
  EXPECT_GT(aligned_correlation(std::span(speech(rate)).subspan(rate / 2, rate), std::span(heard).subspan(rate / 2),
                                rate / 100),
            0.92);
}
INSTANTIATE_TEST_SUITE_P(OfAllLengths, EveryPacket,
                         ::testing::Combine(::testing::Values(OPUS_BANDWIDTH_NARROWBAND, OPUS_BANDWIDTH_MEDIUMBAND,
                                                              OPUS_BANDWIDTH_WIDEBAND, OPUS_BANDWIDTH_SUPERWIDEBAND,
                                                              OPUS_BANDWIDTH_FULLBAND),
                                            ::testing::Values(25, 50, 100, 200, 400, 600),
                                            ::testing::Values(8000U, 48000U)));

TEST(Opus, TakesPacketsOf120MillisecondsAndNoLongerOnes) {
  const Samples said = speech(48000);
  TestEncoder encoder(1, OPUS_APPLICATION_VOIP, 32000);
  encoder.set(OPUS_SET_BANDWIDTH(OPUS_BANDWIDTH_WIDEBAND));
  std::vector<Bytes> singles;
  for (int i = 0; i < 60; ++i) singles.push_back(encoder.encode(std::span(said).subspan(48000 + 960U * i, 960)));
  Decoder one(48000), six(48000);
  Samples apart, together, block(5760);
  for (const Bytes& packet : singles) {
    one.decode(packet, block);
    apart.insert(apart.end(), block.begin(), block.begin() + 960);
  }
  for (std::size_t i = 0; i < singles.size(); i += 6) {
    const Bytes packet = join(std::span(singles).subspan(i, 6));
    ASSERT_EQ(opus_codec().duration(packet), 5760U);
    ASSERT_EQ(six.decode(packet, block), 5760U);
    together.insert(together.end(), block.begin(), block.end());
  }
  EXPECT_EQ(apart, together);
  // Seven frames of 20 ms, as code 3 could say.
  Bytes longer = {static_cast<std::uint8_t>(singles[0][0] | 3), 7};
  longer.resize(100, 1);
  EXPECT_EQ(opus_codec().duration(longer), 0U);
  EXPECT_EQ(one.decode(longer, block), 0U);
}

TEST(Opus, MixesStereoDown) {
  // One tone on each side.
  const Samples left = tone(500, 48000, 48000), right = tone(1300, 48000, 48000);
  for (const int bit_rate : {24000, 128000}) {
    TestEncoder encoder(2, OPUS_APPLICATION_AUDIO, bit_rate);
    encoder.set(OPUS_SET_FORCE_CHANNELS(2));
    Decoder decoder(48000);
    Samples heard, block(5760), both(1920);
    for (std::size_t at = 0; at + 960 <= left.size(); at += 960) {
      for (std::size_t i = 0; i < 960; ++i) both[2 * i] = left[at + i], both[2 * i + 1] = right[at + i];
      const Bytes packet = encoder.encode(both);
      ASSERT_EQ(opus_packet_get_nb_channels(packet.data()), 2);
      ASSERT_EQ(decoder.decode(packet, block), 960U);
      heard.insert(heard.end(), block.begin(), block.begin() + 960);
    }
    const auto steady = std::span(heard).subspan(9600, 33600);
    EXPECT_NEAR(amplitude(steady, 500, 48000), 4000, 600) << bit_rate;
    EXPECT_NEAR(amplitude(steady, 1300, 48000), 4000, 600) << bit_rate;
  }
}

TEST(Opus, DecodesThePacketsOfSilence) {
  TestEncoder encoder(1, OPUS_APPLICATION_VOIP, 24000);
  encoder.set(OPUS_SET_DTX(1));
  Samples said = speech(48000);
  said.resize(48000);
  said.resize(3 * 48000, 0);
  Decoder decoder(48000);
  Samples block(5760);
  int tiny = 0;
  for (std::size_t at = 0; at + 960 <= said.size(); at += 960) {
    const Bytes packet = encoder.encode(std::span(said).subspan(at, 960));
    EXPECT_EQ(opus_codec().duration(packet), 960U);
    ASSERT_EQ(decoder.decode(packet, block), 960U);
    if (packet.size() > 2) continue;
    ++tiny;
    EXPECT_LT(rms(std::span(block).first(960)), 200) << at;
  }
  EXPECT_GT(tiny, 50);
}

TEST(Opus, EncodesWhatOthersUnderstandAtThePeersRate) {
  for (const char* fmtp : {"", "sprop-maxcapturerate=16000", "sprop-maxcapturerate=8000"}) {
    const std::uint32_t rate = opus_codec().sample_rate(fmtp);
    const Samples said = speech(rate);
    const auto encoder = opus_codec().make_encoder(fmtp);
    for (const std::size_t ms : {10U, 20U, 40U, 60U}) {
      EXPECT_EQ(opus_codec().packet_time(std::chrono::milliseconds(ms)), std::chrono::milliseconds(ms));
      Decoder decoder(rate);
      Samples heard, block(5760);
      Bytes packet(1388);
      const std::size_t length = rate * ms / 1000;
      bool redundant = false;
      for (std::size_t at = 0; at + length <= said.size(); at += length) {
        const std::size_t size = encoder->encode(std::span(said).subspan(at, length), packet);
        ASSERT_GT(size, 0U);
        redundant = redundant || codec::opus::has_redundancy(std::span(packet).first(size));
        const std::size_t count = decoder.decode(std::span(packet).first(size), block);
        ASSERT_EQ(count, length);
        heard.insert(heard.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(count));
      }
      EXPECT_GT(aligned_correlation(std::span(said).subspan(rate, rate), std::span(heard).subspan(rate), rate / 50),
                0.8)
          << fmtp << " " << ms;
      EXPECT_TRUE(redundant || rate == 48000 || ms == 10) << fmtp << " " << ms;
    }
  }
  EXPECT_EQ(opus_codec().packet_time(std::chrono::milliseconds(30)), std::chrono::milliseconds(20));
}

}  // namespace
