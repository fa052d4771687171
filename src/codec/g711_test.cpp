#include "codec/g711.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <spandsp.h>
#include <vector>

namespace {

using namespace codec;
using Bytes = std::vector<std::uint8_t>;

TEST(G711, ExpandsAll256CodesAsAnotherImplementationDoes) {
  for (int code = 0; code < 256; ++code) {
    const auto byte = static_cast<std::uint8_t>(code);
    EXPECT_EQ(g711::mulaw_to_linear(byte), ulaw_to_linear(byte)) << code;
    EXPECT_EQ(g711::alaw_to_linear(byte), alaw_to_linear(byte)) << code;
  }
}

// G.711's tables: end points of the segments, and the values next to zero.
TEST(G711, HasTheValuesOfTheRecommendation) {
  EXPECT_EQ(g711::mulaw_to_linear(0x80), 4 * 8031);
  EXPECT_EQ(g711::mulaw_to_linear(0x00), 4 * -8031);
  EXPECT_EQ(g711::mulaw_to_linear(0xff), 0);
  EXPECT_EQ(g711::mulaw_to_linear(0xef), 4 * 33);
  EXPECT_EQ(g711::alaw_to_linear(0x80 ^ 0x55), 8 * 1);
  EXPECT_EQ(g711::alaw_to_linear(0xff ^ 0x55), 8 * 4032);
  EXPECT_EQ(g711::alaw_to_linear(0x7f ^ 0x55), 8 * -4032);
  EXPECT_EQ(g711::linear_to_mulaw(32767), 0x80);
  EXPECT_EQ(g711::linear_to_mulaw(-32768), 0x00);
  EXPECT_EQ(g711::linear_to_mulaw(0), 0xff);
  EXPECT_EQ(g711::linear_to_alaw(0), 0xd5);
  EXPECT_EQ(g711::linear_to_alaw(-1), 0x55);
  EXPECT_EQ(g711::linear_to_alaw(32767), 0xaa);
  EXPECT_EQ(g711::linear_to_alaw(-32768), 0x2a);
}

TEST(G711, EveryCodeSurvivesTheWayThereAndBack) {
  for (int code = 0; code < 256; ++code) {
    const auto byte = static_cast<std::uint8_t>(code);
    EXPECT_EQ(g711::linear_to_alaw(g711::alaw_to_linear(byte)), byte);
    const auto mulaw = g711::linear_to_mulaw(g711::mulaw_to_linear(byte));
    EXPECT_EQ(mulaw, code == 0x7f ? 0xff : byte) << "the two zeros are one";
  }
}

// The decision values: a code covers the samples from its own lower bound to the next code's.
TEST(G711, CodesRiseWithTheSampleAndChangeOnlyAtDecisionValues) {
  for (int sample = -32768; sample < 32767; ++sample) {
    const auto one = static_cast<std::int16_t>(sample), next = static_cast<std::int16_t>(sample + 1);
    ASSERT_EQ(g711::linear_to_alaw(one), linear_to_alaw(one)) << sample;
    const int mulaw = g711::mulaw_to_linear(g711::linear_to_mulaw(one));
    ASSERT_LE(mulaw, g711::mulaw_to_linear(g711::linear_to_mulaw(next))) << sample;
    // Half a step of its segment; a segment is twice as high as the one below.
    const int most = std::max(4, (std::abs(sample) + 132) / 32 + 4);
    ASSERT_LE(std::abs(mulaw - std::clamp(sample, -32635, 32635)), most) << sample;
  }
}

TEST(G711, TheDecoderTellsTheTwoZerosOfMuLawApart) {
  Bytes all(256);
  for (std::size_t code = 0; code < 256; ++code) all[code] = static_cast<std::uint8_t>(code);
  const Codec& mulaw = *find("PCMU", 8000);
  std::vector<std::int16_t> samples(256);
  ASSERT_EQ(mulaw.make_decoder({})->decode(all, samples), 256U);
  EXPECT_EQ(samples[0x7f], -1);
  EXPECT_EQ(samples[0xff], 0);
  EXPECT_EQ(g711::mulaw_to_linear(0x7f), 0);
  Bytes again(256);
  ASSERT_EQ(mulaw.make_encoder({})->encode(samples, again), 256U);
  EXPECT_EQ(again, all) << "every code survives";
}

}  // namespace
