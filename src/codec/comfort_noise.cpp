#include "codec/comfort_noise.hpp"

#include <algorithm>
#include <cmath>

namespace codec {
namespace {

constexpr float kOverload = 32768;                      // the square wave of 0 dBov
constexpr float kUniform = 1.7320508F;                  // peak of uniform noise of power 1
constexpr std::uint8_t kMiddle = 127, kReserved = 255;  // §3.2
constexpr float kGlide = 0.2F;                          // of the way, every 5 ms: most of it in 20 ms
constexpr std::uint32_t kStepsPerSecond = 200;

}  // namespace

ComfortNoise::ComfortNoise(std::uint32_t rate) : step_(std::max(rate / kStepsPerSecond, 1U)) {}

bool ComfortNoise::set(std::span<const std::uint8_t> payload) {
  if (payload.empty() || payload[0] > 127) return false;
  const auto indices = payload.subspan(1, std::min(payload.size() - 1, kOrder));
  if (std::ranges::find(indices, kReserved) != indices.end()) return false;
  wanted_coefficients_.fill(0);
  std::ranges::transform(indices, wanted_coefficients_.begin(),
                         [](std::uint8_t index) { return 258.0F * static_cast<float>(index - kMiddle) / 32768; });
  wanted_level_ = -static_cast<float>(payload[0]);
  if (!begun_) {
    level_ = wanted_level_;
    coefficients_ = wanted_coefficients_;
  }
  begun_ = true;
  return true;
}

// The lattice makes the excitation louder by what its coefficients predict; the gain takes that back.
void ComfortNoise::glide() {
  level_ += kGlide * (wanted_level_ - level_);
  float unpredicted = 1;
  for (std::size_t i = 0; i < kOrder; ++i) {
    coefficients_[i] += kGlide * (wanted_coefficients_[i] - coefficients_[i]);
    unpredicted *= 1 - coefficients_[i] * coefficients_[i];
  }
  gain_ = kOverload * std::pow(10.0F, level_ / 20) * std::sqrt(unpredicted);
}

// Marsaglia's xorshift; the same noise in every call, so that a recording can be repeated.
float ComfortNoise::white() {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 17;
  random_ ^= random_ << 5;
  return kUniform * (static_cast<float>(random_) / 2147483648.0F - 1);
}

// 1 / A(z), A(z) = 1 + k1 z^-1 for the first coefficient alone: below zero it sounds dull, above it hisses.
float ComfortNoise::filter(float excitation) {
  float forward = excitation;
  for (std::size_t i = kOrder; i-- > 0;) {
    forward -= coefficients_[i] * backward_[i];
    backward_[i + 1] = backward_[i] + coefficients_[i] * forward;
  }
  backward_[0] = forward;
  return forward;
}

void ComfortNoise::render(std::span<std::int16_t> out) {
  if (!begun_) return std::fill(out.begin(), out.end(), std::int16_t{0});
  for (std::int16_t& sample : out) {
    if (left_ == 0) {
      glide();
      left_ = step_;
    }
    --left_;
    const float value = filter(gain_ * white());
    sample = static_cast<std::int16_t>(std::lrint(std::clamp(value, -32768.0F, 32767.0F)));
  }
}

}  // namespace codec
