#include <gtest/gtest.h>

#include "codec/signals_for_test.hpp"

namespace {

using namespace codec;
using namespace codec::testing;

TEST(L16, IsTheBytesInNetworkOrder) {
  for (const std::uint32_t clock : {8000U, 16000U, 22050U, 24000U, 32000U, 44100U, 48000U}) {
    const Codec* codec = find("L16", clock);
    ASSERT_NE(codec, nullptr) << clock;
    EXPECT_EQ(codec->sample_rate({}), clock);
    const Bytes payload = {0x00, 0x01, 0x7f, 0xff, 0x80, 0x00, 0xff, 0xfe};
    EXPECT_EQ(codec->duration(payload), 4U);
    Samples out(8);
    ASSERT_EQ(codec->make_decoder({})->decode(payload, out), 4U);
    out.resize(4);
    EXPECT_EQ(out, (Samples{1, 32767, -32768, -2}));
    Bytes again(20);
    ASSERT_EQ(codec->make_encoder({})->encode(out, again), 8U);
    again.resize(8);
    EXPECT_EQ(again, payload);
  }
  EXPECT_EQ(find("L16", 44100)->static_payload_type(), 11);
}

TEST(L16, MixesStereoDownToTheMean) {
  const Codec* codec = find("L16", 44100, 2);
  ASSERT_NE(codec, nullptr);
  EXPECT_NE(codec, find("L16", 44100, 1));
  EXPECT_EQ(codec->static_payload_type(), 10);
  const Bytes payload = {0x10, 0x00, 0x20, 0x00, 0x7f, 0xff, 0x7f, 0xff,
                         0x80, 0x00, 0x7f, 0xff, 0x80, 0x00, 0x80, 0x00};
  EXPECT_EQ(codec->duration(payload), 4U);
  Samples out(4);
  ASSERT_EQ(codec->make_decoder({})->decode(payload, out), 4U);
  EXPECT_EQ(out, (Samples{0x1800, 32767, 0, -32768}));
  Bytes again(16);
  ASSERT_EQ(codec->make_encoder({})->encode(out, again), 16U);
  EXPECT_EQ(again[0] << 8 | again[1], 0x1800);
  EXPECT_EQ(again[2] << 8 | again[3], 0x1800);
}

TEST(L16, SendsWhatFitsADatagram) {
  using ms = std::chrono::milliseconds;
  EXPECT_EQ(find("L16", 8000)->packet_time(ms(60)), ms(60));
  EXPECT_EQ(find("L16", 16000)->packet_time(ms(60)), ms(40));
  EXPECT_EQ(find("L16", 48000)->packet_time(ms(20)), ms(10));
}

Bytes network_order(std::span<const std::int16_t> samples) {
  Bytes bytes;
  for (const std::int16_t sample : samples) {
    bytes.push_back(static_cast<std::uint8_t>(sample >> 8 & 0xff));
    bytes.push_back(static_cast<std::uint8_t>(sample & 0xff));
  }
  return bytes;
}

class Doubled : public ::testing::TestWithParam<double> {};

TEST_P(Doubled, ATonePassesAndItsImageDoesNot) {
  const double frequency = GetParam();
  const Codec* codec = find("L16", 11025);
  ASSERT_NE(codec, nullptr);
  EXPECT_EQ(codec->sample_rate({}), 22050U);
  const Samples said = tone(frequency, 11025, 11025, 16000);
  const Samples whole = decode_all(*codec->make_decoder({}), network_order(said), 440);
  ASSERT_EQ(whole.size(), 2 * said.size());
  const auto steady = std::span(whole).subspan(2205, 17640);
  EXPECT_NEAR(amplitude(steady, frequency, 22050), 16000, 16);
  EXPECT_LT(amplitude(steady, 11025 - frequency, 22050), 2);  // 78 dB down
  // And back again.
  Bytes again(said.size() * 2);
  ASSERT_EQ(codec->make_encoder({})->encode(whole, again), again.size());
  Samples back(said.size());
  find("L16", 8000)->make_decoder({})->decode(again, back);
  EXPECT_NEAR(amplitude(std::span(back).subspan(1000, 8820), frequency, 11025), 16000, 32);
}
INSTANTIATE_TEST_SUITE_P(Tones, Doubled, ::testing::Values(50.0, 400.0, 1000.0, 3400.0, 4900.0));

}  // namespace
