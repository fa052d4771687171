#include <gtest/gtest.h>

#include "codec/signals_for_test.hpp"

namespace {

using namespace codec;
using namespace codec::testing;

const Codec& gsm() { return *find("GSM", 8000); }

TEST(Gsm, TakesAnyNumberOfFramesInAPacket) {
  EXPECT_EQ(gsm().static_payload_type(), 3);
  for (const std::size_t frames : {1U, 2U, 6U}) {
    Bytes payload(33 * frames, 0);
    for (std::size_t i = 0; i < payload.size(); i += 33) payload[i] = 0xd0;
    EXPECT_EQ(gsm().duration(payload), 160 * frames);
    Samples out(2000);
    EXPECT_EQ(gsm().make_decoder({})->decode(payload, out), 160 * frames);
  }
  EXPECT_EQ(gsm().duration(Bytes(32)), 0U);
  EXPECT_EQ(gsm().duration(Bytes(34)), 0U);
  EXPECT_EQ(gsm().duration({}), 0U);
}

TEST(Gsm, DecodesToTheBitWhatFfmpegDecodes) {
  const TemporaryFile pcm(bytes_of(speech(8000)));
  const Bytes encoded = ffmpeg("-f s16le -ar 8000 -ac 1 -i " + pcm.path() + " -c:a libgsm -f gsm -");
  ASSERT_GT(encoded.size(), 9000U);
  const TemporaryFile file(encoded);
  // ffmpeg's own decoder, not libgsm.
  const Samples theirs = samples_of(ffmpeg("-c:a gsm -f gsm -i " + file.path() + " -f s16le -"));
  for (const std::size_t frames : {1U, 3U}) {
    const auto decoder = gsm().make_decoder({});
    const Samples ours = decode_all(*decoder, encoded, 33 * frames);
    ASSERT_EQ(ours.size(), encoded.size() / 33 * 160);
    EXPECT_TRUE(std::equal(theirs.begin(), theirs.end(), ours.begin()));
  }
}

TEST(Gsm, EncodesWhatFfmpegUnderstands) {
  const Samples said = speech(8000);
  const auto encoder = gsm().make_encoder({});
  Bytes encoded, packet(100);
  for (std::size_t at = 0; at + 320 <= said.size(); at += 320) {  // 40 ms
    ASSERT_EQ(encoder->encode(std::span(said).subspan(at, 320), packet), 66U);
    encoded.insert(encoded.end(), packet.begin(), packet.begin() + 66);
  }
  const TemporaryFile file(encoded);
  const Samples heard = samples_of(ffmpeg("-c:a gsm -f gsm -i " + file.path() + " -f s16le -"));
  EXPECT_GT(correlation(said, heard), 0.9);
}

TEST(Gsm, IsSilentForWhatIsNoFrame) {
  const Samples said = speech(8000);
  Bytes packet(99);
  gsm().make_encoder({})->encode(std::span(said).subspan(8000, 480), packet);
  packet[33] = 0x12;
  Samples out(480, 1);
  EXPECT_EQ(gsm().make_decoder({})->decode(packet, out), 480U);
  EXPECT_EQ(rms(std::span(out).subspan(160, 160)), 0);
  EXPECT_GT(rms(std::span(out).last(160)), 100);
}

TEST(Gsm, SendsInMultiplesOfTwentyMilliseconds) {
  using ms = std::chrono::milliseconds;
  EXPECT_EQ(gsm().packet_time(ms(10)), ms(20));
  EXPECT_EQ(gsm().packet_time(ms(30)), ms(20));
  EXPECT_EQ(gsm().packet_time(ms(60)), ms(60));
}

}  // namespace
