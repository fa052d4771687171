#include "audio/interpolator.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace audio {
namespace {

constexpr double kBeta = 8.0;  // Kaiser's

double bessel_i0(double x) {
  double sum = 1, term = 1;
  for (int k = 1; term > sum * 1e-12; ++k) {
    term *= (x / 2 / k) * (x / 2 / k);
    sum += term;
  }
  return sum;
}

// A sinc at half the rate under a window: one at zero, zero at every other whole number.
double kernel(double x, double reach) {
  if (std::abs(x) >= reach) return 0;
  const double window = bessel_i0(kBeta * std::sqrt(1 - (x / reach) * (x / reach))) / bessel_i0(kBeta);
  const double angle = std::numbers::pi * x;
  return (std::abs(x) < 1e-9 ? 1.0 : std::sin(angle) / angle) * window;
}

std::int16_t rounded(float value) {
  return static_cast<std::int16_t>(std::lrint(std::clamp(value, -32768.0F, 32767.0F)));
}

}  // namespace

const Interpolator& Interpolator::instance() {
  static const Interpolator one;
  return one;
}

Interpolator::Interpolator() : phases_(kPhases + 1) {
  for (std::size_t phase = 0; phase <= kPhases; ++phase) {
    const double fraction = static_cast<double>(phase) / static_cast<double>(kPhases);
    double sum = 0;
    std::array<double, kTaps> taps{};
    for (std::size_t i = 0; i < kTaps; ++i) {
      taps[i] =
          kernel(static_cast<double>(i) - static_cast<double>(kReach - 1) - fraction, static_cast<double>(kReach));
      sum += taps[i];
    }
    for (std::size_t i = 0; i < kTaps; ++i) phases_[phase][i] = static_cast<float>(taps[i] / sum);
  }
}

std::int16_t Interpolator::operator()(const std::int16_t* at, Fraction fraction) const {
  const std::size_t phase = fraction >> (32 - kPhaseBits);
  const float rest = static_cast<float>(fraction << kPhaseBits) * 0x1p-32F;
  const auto& low = phases_[phase];
  const auto& high = phases_[phase + 1];
  const std::int16_t* const first = at - (kReach - 1);
  float from_low = 0, from_high = 0;
  for (std::size_t i = 0; i < kTaps; ++i) {
    const auto sample = static_cast<float>(first[i]);
    from_low += sample * low[i];
    from_high += sample * high[i];
  }
  return rounded(from_low + rest * (from_high - from_low));
}

void Upsampler::configure(std::uint32_t from, std::uint32_t to) {
  if (from == from_ && to == to_) return;
  from_ = from;
  to_ = to;
  begun_ = false;
}

void Upsampler::restart_after(std::span<const std::int16_t> history) {
  begun_ = !history.empty();
  if (!begun_) return;
  at_ = 0;
  constexpr std::size_t kHistory = 2 * Interpolator::kReach;
  std::fill_n(buffer_.begin(), kHistory, history.front());
  const auto tail = history.last(std::min(history.size(), kHistory));
  std::copy(tail.begin(), tail.end(), buffer_.begin() + static_cast<std::ptrdiff_t>(kHistory - tail.size()));
}

std::size_t Upsampler::process(std::span<const std::int16_t> in, std::span<std::int16_t> out) {
  constexpr std::size_t kHistory = 2 * Interpolator::kReach;
  const Interpolator& between = Interpolator::instance();
  std::size_t written = 0;
  while (!in.empty()) {
    if (!begun_) {
      begun_ = true;
      at_ = 0;
      std::fill_n(buffer_.begin(), kHistory, in.front());
    }
    const auto chunk = in.first(std::min(in.size(), kChunk));
    in = in.subspan(chunk.size());
    std::copy(chunk.begin(), chunk.end(), buffer_.begin() + kHistory);
    const std::uint64_t end = chunk.size() * to_;
    for (; at_ < end; at_ += from_) {
      if (written == out.size()) continue;
      const std::size_t whole = at_ / to_;
      const std::uint64_t fraction = (at_ % to_) * Interpolator::kOne / to_;
      out[written++] = between(&buffer_[Interpolator::kReach + whole], static_cast<std::uint32_t>(fraction));
    }
    at_ -= end;
    std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(chunk.size()), kHistory, buffer_.begin());
  }
  return written;
}

}  // namespace audio
