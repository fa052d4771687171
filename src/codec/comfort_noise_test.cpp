#include "codec/comfort_noise.hpp"

#include <gtest/gtest.h>

#include "codec/signals_for_test.hpp"

namespace {

using namespace codec;
using namespace codec::testing;

double dbov(std::span<const std::int16_t> samples) { return 20 * std::log10(rms(samples) / 32768); }

Samples noise(std::uint32_t rate, const Bytes& payload, std::size_t length) {
  ComfortNoise made(rate);
  EXPECT_TRUE(made.set(payload));
  Samples out(length);
  made.render(out);
  return out;
}

// How alike neighbours are: 1 dull, 0 white, -1 hissing.
double tilt(std::span<const std::int16_t> samples) { return correlation(samples, samples.subspan(1)); }

TEST(ComfortNoise, HasTheLevelThatItIsGiven) {
  for (const std::uint8_t level : {10, 20, 30, 45, 60, 70}) {
    EXPECT_NEAR(dbov(noise(8000, {level}, 8000)), -level, 0.5) << int{level};
    EXPECT_NEAR(dbov(noise(48000, {level}, 48000)), -level, 0.5) << int{level};
  }
}

TEST(ComfortNoise, KeepsItsLevelWhateverItsColour) {
  for (const Bytes& colours :
       {Bytes{20}, Bytes{230}, Bytes{10, 200}, Bytes{7, 224, 116, 140, 128, 118, 126, 127, 122, 119}}) {
    Bytes payload = {35};
    payload.insert(payload.end(), colours.begin(), colours.end());
    EXPECT_NEAR(dbov(noise(8000, payload, 80000)), -35, 1);
  }
}

TEST(ComfortNoise, IsWhiteWithoutCoefficients) {
  EXPECT_NEAR(tilt(noise(8000, {30}, 80000)), 0, 0.02);
  EXPECT_NEAR(tilt(noise(8000, {30, 127, 127}, 80000)), 0, 0.02);
}

// An all-pole model of order one: neighbours correlate by -k.
TEST(ComfortNoise, HasTheColourOfItsCoefficients) {
  for (const int index : {30, 90, 160, 220}) {
    const auto made = noise(8000, {30, static_cast<std::uint8_t>(index)}, 80000);
    EXPECT_NEAR(tilt(made), -258.0 * (index - 127) / 32768, 0.02) << index;
  }
}

// ffmpeg describes noise that it has filtered; what is made of the description sounds like that noise.
TEST(ComfortNoise, SoundsAsTheNoiseThatAnotherImplementationDescribed) {
  for (const char* filter : {"lowpass=f=600:p=2", "anull", "highpass=f=2500:p=2"}) {
    const std::string source =
        std::string("-f lavfi -i anoisesrc=r=8000:d=4:a=0.3:c=white:s=1,") + filter + " -map 0:a ";
    const Samples original = samples_of(ffmpeg(source + "-f s16le -"));
    const Bytes described = ffmpeg(source + "-c:a comfortnoise -f data -");
    constexpr std::size_t kSize = 11;  // the level and ten coefficients, every 80 ms
    ASSERT_EQ(described.size() % kSize, 0U);
    ComfortNoise made(8000);
    Samples all, block(640);
    for (std::size_t at = 0; at < described.size(); at += kSize) {
      ASSERT_TRUE(made.set(std::span(described).subspan(at, kSize)));
      made.render(block);
      all.insert(all.end(), block.begin(), block.end());
    }
    EXPECT_NEAR(tilt(all), tilt(original), 0.05) << filter;
  }
}

TEST(ComfortNoise, GlidesToANewLevelWithoutAStep) {
  ComfortNoise made(8000);
  ASSERT_TRUE(made.set(Bytes{20}));
  Samples before(1600), during(160), after(1600);
  made.render(before);
  ASSERT_TRUE(made.set(Bytes{60}));
  made.render(std::span(during).first(40));  // 5 ms: a fifth of the way
  EXPECT_NEAR(dbov(std::span(during).first(40)), -28, 3);
  made.render(during);
  made.render(during);
  made.render(after);
  EXPECT_NEAR(dbov(after), -60, 1);
}

TEST(ComfortNoise, RefusesWhatIsMalformedAndGoesOnAsBefore) {
  ComfortNoise made(8000);
  Samples out(8000, 7);
  made.render(out);
  EXPECT_EQ(rms(out), 0) << "silent before the first description";
  ASSERT_TRUE(made.set(Bytes{30}));
  EXPECT_FALSE(made.set({}));
  EXPECT_FALSE(made.set(Bytes{128}));
  EXPECT_FALSE(made.set(Bytes{60, 100, 255}));
  made.render(out);
  EXPECT_NEAR(dbov(out), -30, 0.5);
}

TEST(ComfortNoise, TakesMoreCoefficientsThanItUses) {
  Bytes payload(200, 127);
  payload[0] = 40;
  EXPECT_NEAR(dbov(noise(16000, payload, 16000)), -40, 0.5);
}

TEST(ComfortNoise, StaysWithinBoundsForAnyCoefficients) {
  std::uint32_t random = 1;
  for (int round = 0; round < 200; ++round) {
    Bytes payload(17);
    for (auto& byte : payload) {
      random = random * 1664525 + 1013904223;
      byte = static_cast<std::uint8_t>((random >> 24) % 255);
    }
    payload[0] = 40;
    const auto out = noise(8000, payload, 8000);
    EXPECT_LT(dbov(out), -20) << round;
  }
}

}  // namespace
