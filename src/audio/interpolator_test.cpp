#include "audio/interpolator.hpp"

#include <cmath>
#include <gtest/gtest.h>
#include <numbers>

namespace {

using audio::Interpolator;
using audio::Upsampler;

std::vector<double> sine(double hz, double rate, std::size_t count, double amplitude = 10000) {
  std::vector<double> samples(count);
  for (std::size_t i = 0; i < count; ++i) {
    samples[i] = amplitude * std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / rate);
  }
  return samples;
}

std::vector<std::int16_t> pcm(const std::vector<double>& samples) {
  std::vector<std::int16_t> out;
  for (const double sample : samples) out.push_back(static_cast<std::int16_t>(std::lround(sample)));
  return out;
}

TEST(Interpolator, GivesTheSampleItselfAtItsPlace) {
  std::vector<std::int16_t> noise;
  unsigned state = 1;
  for (int i = 0; i < 100; ++i) noise.push_back(static_cast<std::int16_t>(state = state * 1103515245 + 12345));
  for (std::size_t i = Interpolator::kReach; i + Interpolator::kReach < noise.size(); ++i) {
    EXPECT_EQ(Interpolator::instance()(&noise[i], 0), noise[i]);
  }
}

TEST(Interpolator, IsExactBetweenSamplesOfATone) {
  for (const double hz : {100.0, 1000.0, 2500.0, 3300.0}) {
    const auto tone = pcm(sine(hz, 8000, 200));
    double error = 0;
    int count = 0;
    for (std::size_t i = 20; i < 170; ++i) {
      for (const double fraction : {0.1, 0.25, 0.5, 0.777}) {
        const double expected =
            10000 * std::sin(2 * std::numbers::pi * hz * (static_cast<double>(i) + fraction) / 8000);
        const double got = Interpolator::instance()(&tone[i], static_cast<std::uint32_t>(fraction * 0x1p32));
        error += (got - expected) * (got - expected);
        ++count;
      }
    }
    const double snr = 10 * std::log10(5e7 / (error / count));
    EXPECT_GT(snr, 70) << hz;  // rounding to 16 bits leaves 82 at this level
  }
}

TEST(Upsampler, RaisesTheRateAndKeepsLengthAndTone) {
  for (const auto& [from, to] : {std::pair{8000U, 16000U},
                                 {8000U, 48000U},
                                 {16000U, 48000U},
                                 {12000U, 16000U},
                                 {8000U, 44100U},
                                 {44100U, 48000U}}) {
    Upsampler up;
    up.configure(from, to);
    const auto in = pcm(sine(1000, from, from));
    std::vector<std::int16_t> out(to + 100);
    std::size_t count = 0;
    for (std::size_t at = 0; at < in.size(); at += from / 50) {
      count += up.process(std::span(in).subspan(at, from / 50), std::span(out).subspan(count));
    }
    ASSERT_EQ(count, to);
    const double late = static_cast<double>(Interpolator::kReach) / from;
    double error = 0;
    for (std::size_t i = to / 10; i < count; ++i) {
      const double time = static_cast<double>(i) / to - late;
      const double difference = out[i] - 10000 * std::sin(2 * std::numbers::pi * 1000 * time);
      error += difference * difference;
    }
    const double snr = 10 * std::log10(5e7 / (error / (count - to / 10.0)));
    EXPECT_GT(snr, 70) << from << " to " << to;
  }
}

TEST(Upsampler, BeginsWithoutAClick) {
  Upsampler up;
  up.configure(8000, 16000);
  const std::vector<std::int16_t> in(160, 5000);
  std::vector<std::int16_t> out(320);
  ASSERT_EQ(up.process(in, out), 320U);
  for (const std::int16_t sample : out) EXPECT_NEAR(sample, 5000, 1);
}

}  // namespace
