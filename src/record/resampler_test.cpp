#include "record/resampler.hpp"

#include <gtest/gtest.h>

#include "record/playback_for_test.hpp"

namespace {

using namespace record;
using namespace record::testing;

std::vector<std::int16_t> resampled(const std::vector<std::int16_t>& in, std::uint32_t from, std::uint32_t to,
                                    int channels, std::size_t block) {
  auto resampler = Resampler::open(from, to, channels);
  EXPECT_TRUE(resampler);
  std::vector<std::int16_t> out;
  const std::size_t step = block * static_cast<std::size_t>(channels);
  for (std::size_t at = 0; at < in.size(); at += step) {
    (*resampler)->write(std::span(in).subspan(at, std::min(step, in.size() - at)), out);
  }
  (*resampler)->drain(out);
  return out;
}

TEST(Resampler, GivesExactlyTheLengthThatTheRatesSay) {
  constexpr std::uint32_t kRates[] = {8000, 11025, 16000, 24000, 44100, 48000};
  for (const std::uint32_t from : kRates) {
    for (const std::uint32_t to : kRates) {
      if (from == to) continue;
      for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{159}, std::size_t{70001}}) {
        const auto out = resampled(std::vector<std::int16_t>(2 * count), from, to, 2, 160);
        EXPECT_EQ(out.size() / 2, (count * to + from / 2) / from) << from << " to " << to << ", " << count;
      }
    }
  }
}

TEST(Resampler, LeavesEverySampleWhereItWasInTime) {
  for (const auto& [from, to] : {std::pair{8000U, 48000U}, {16000U, 8000U}, {44100U, 16000U}, {8000U, 11025U}}) {
    const auto out = resampled(tone(440, from * 20, from), from, to, 1, from / 50);
    const auto ideal = tone(440, to * 20, to);
    double noise = 0, signal = 0;
    for (std::size_t i = to; i < to * 19; ++i) {
      noise += std::pow(out[i] - ideal[i], 2);
      signal += std::pow(ideal[i], 2);
    }
    EXPECT_GT(10 * std::log10(signal / noise), 60) << from << " to " << to;
  }
}

TEST(Resampler, KeepsChannelsApart) {
  const auto out = resampled(interleaved(tone(440, 16000), tone(1000, 16000)), 8000, 16000, 2, 160);
  EXPECT_NEAR(level(channel(out, 0), 440, 16000), 10000, 100);
  EXPECT_LT(level(channel(out, 0), 1000, 16000), 5);
  EXPECT_NEAR(level(channel(out, 1), 1000, 16000), 10000, 100);
}

TEST(Resampler, LetsNothingThroughThatTheLowerRateCannotHold) {
  EXPECT_LT(level(resampled(tone(6000, 48000, 48000), 48000, 8000, 1, 960), 2000), 5);
}

}  // namespace
