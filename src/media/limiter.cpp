#include "media/limiter.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace media {
namespace {

constexpr std::int32_t kFullScale = 32767;
constexpr float kKnee = 29491;       // -0.9 dBFS: where the bend begins, and where the loudest sample is brought to
constexpr float kRecovery = 1.021F;  // a frame: 9 dB a second

std::int32_t peak_of(std::span<const std::int32_t> samples) {
  std::int32_t peak = 0;
  for (const std::int32_t sample : samples) peak = std::max(peak, std::abs(sample));
  return peak;
}

// Goes on from the straight line without a corner and never reaches full scale.
float bent(float sample) {
  const float loud = std::abs(sample);
  if (loud <= kKnee) return sample;
  constexpr float kRoom = static_cast<float>(kFullScale) - kKnee;
  const float over = loud - kKnee;
  return std::copysign(kKnee + kRoom * over / (over + kRoom), sample);
}

}  // namespace

std::int32_t Sum::add(std::span<const std::int16_t> voice) {
  std::int32_t peak = 0;
  const std::size_t count = std::min(voice.size(), size_);
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t sample = voice[i];
    samples_[i] += sample;
    peak = std::max(peak, std::abs(sample));
  }
  bound_ += peak;
  return peak;
}

void Sum::add(std::span<const std::int32_t> sum) {
  const std::size_t count = std::min(sum.size(), size_);
  for (std::size_t i = 0; i < count; ++i) samples_[i] += sum[i];
  bound_ += peak_of(sum.first(count));
}

void Limiter::follow(const Sum& sum) {
  previous_ = gain_;
  const std::int32_t peak = sum.bound() <= kFullScale ? sum.bound() : peak_of(sum.samples());
  const float wanted = peak > kFullScale ? kKnee / static_cast<float>(peak) : 1.0F;
  gain_ = std::min({wanted, gain_ * kRecovery, 1.0F});
}

void Limiter::apply(const Sum& sum, std::span<const std::int16_t> own, std::span<std::int16_t> out) const {
  const auto samples = sum.samples();
  const auto voice = [&](std::size_t i) { return own.empty() ? samples[i] : samples[i] - own[i]; };
  if (gain_ == 1 && previous_ == 1 && sum.bound() <= kFullScale) {
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::int16_t>(voice(i));
    return;
  }
  const float step = (gain_ - previous_) / static_cast<float>(out.size());
  float gain = previous_;
  for (std::size_t i = 0; i < out.size(); ++i) {
    gain += step;
    out[i] = static_cast<std::int16_t>(std::lrint(bent(gain * static_cast<float>(voice(i)))));
  }
}

}  // namespace media
