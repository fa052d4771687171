#include <gtest/gtest.h>

#include "codec/signals_for_test.hpp"

namespace {

using namespace codec;
using namespace codec::testing;

const Codec& g722() { return *find("G722", 8000); }

TEST(G722, CountsOneTickOfItsClockForEachByteAndGivesTwoSamples) {
  EXPECT_EQ(g722().static_payload_type(), 9);
  EXPECT_EQ(g722().sample_rate({}), 16000U);
  const Bytes payload(160, 0x55);
  EXPECT_EQ(g722().duration(payload), 160U);
  Samples out(1000);
  EXPECT_EQ(g722().make_decoder({})->decode(payload, out), 320U);
}

TEST(G722, DecodesToTheBitWhatFfmpegDecodes) {
  const TemporaryFile pcm(bytes_of(speech(16000)));
  const Bytes encoded = ffmpeg("-f s16le -ar 16000 -ac 1 -i " + pcm.path() + " -c:a g722 -f g722 -");
  ASSERT_GT(encoded.size(), 40000U);
  const TemporaryFile file(encoded);
  const Samples theirs = samples_of(ffmpeg("-f g722 -i " + file.path() + " -f s16le -"));
  const auto decoder = g722().make_decoder({});
  const Samples ours = decode_all(*decoder, encoded, 160);
  ASSERT_EQ(ours.size(), 2 * encoded.size());
  EXPECT_TRUE(std::equal(theirs.begin(), theirs.end(), ours.begin()));
}

TEST(G722, ClipsWhatIsTooLoudAndDecodesEvenNoiseOfBytesAsFfmpegDoes) {
  Samples loud = speech(16000);
  for (std::int16_t& sample : loud) sample = sample < 0 ? std::int16_t{-32768} : std::int16_t{32767};
  const TemporaryFile pcm(bytes_of(loud));
  const Bytes clipped = ffmpeg("-f s16le -ar 16000 -ac 1 -i " + pcm.path() + " -c:a g722 -f g722 -");
  Bytes encoded(clipped.size() + 50000);
  std::uint32_t state = 1;
  for (std::size_t n = 0; n < encoded.size(); ++n) {
    state = state * 1103515245 + 12345;
    encoded[n] = n < clipped.size() ? clipped[n] : static_cast<std::uint8_t>(state >> 24);
  }
  const TemporaryFile file(encoded);
  const Samples theirs = samples_of(ffmpeg("-f g722 -i " + file.path() + " -f s16le -"));
  const auto decoder = g722().make_decoder({});
  const Samples ours = decode_all(*decoder, encoded, 160);
  ASSERT_EQ(ours.size(), theirs.size());
  EXPECT_EQ(ours, theirs);
}

TEST(G722, EncodesWhatFfmpegUnderstands) {
  const Samples said = speech(16000);
  Bytes encoded(said.size() / 2);
  const auto encoder = g722().make_encoder({});
  std::size_t size = 0;
  for (std::size_t at = 0; at + 320 <= said.size(); at += 320) {
    size += encoder->encode(std::span(said).subspan(at, 320), std::span(encoded).subspan(size));
  }
  encoded.resize(size);
  EXPECT_EQ(size, said.size() / 320 * 160);
  const TemporaryFile file(encoded);
  const Samples heard = samples_of(ffmpeg("-f g722 -i " + file.path() + " -f s16le -"));
  EXPECT_GT(aligned_correlation(said, heard, 40), 0.99);  // two filters of 12 samples make it late
}

}  // namespace
