#include "codec/l16/half_band.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace codec::l16 {
namespace {

double bessel_i0(double x) {
  double sum = 1, term = 1;
  for (int k = 1; k < 40; ++k) {
    term *= (x / 2) / k * (x / 2) / k;
    sum += term;
  }
  return sum;
}

// A sinc under Kaiser's window for 80 dB, at the odd places beside the middle; together they let zero Hertz pass as it
// is.
std::array<float, kSide> make_taps() {
  constexpr double kBeta = 0.1102 * (80 - 8.7);
  std::array<double, kSide> taps{};
  double sum = 0;
  for (std::size_t i = 0; i < kSide; ++i) {
    const double place = 2.0 * static_cast<double>(i) + 1, edge = 2.0 * kSide;
    const double window = bessel_i0(kBeta * std::sqrt(1 - place * place / (edge * edge))) / bessel_i0(kBeta);
    taps[i] = std::sin(std::numbers::pi * place / 2) / (std::numbers::pi * place / 2) * window;
    sum += 2 * taps[i];
  }
  std::array<float, kSide> made;
  std::ranges::transform(taps, made.begin(), [&](double tap) { return static_cast<float>(tap / sum); });
  return made;
}

const std::array<float, kSide> kTaps = make_taps();

template <std::size_t size>
void shift(std::array<float, size>& window, float sample) {
  std::shift_left(window.begin(), window.end(), 1);
  window.back() = sample;
}

std::int16_t rounded(float value) {
  return static_cast<std::int16_t>(std::lrint(std::clamp(value, -32768.0F, 32767.0F)));
}

}  // namespace

float middle(const Window& window) {
  float sum = 0;
  for (std::size_t i = 0; i < kSide; ++i) sum += kTaps[i] * (window[kSide - 1 - i] + window[kSide + i]);
  return sum;
}

Doubler::Pair Doubler::next(std::int16_t sample) {
  shift(window_, sample);
  return {static_cast<std::int16_t>(window_[kSide - 1]), rounded(middle(window_))};
}

bool Halver::next(std::int16_t sample, std::int16_t& out) {
  second_ = !second_;
  if (second_) {
    shift(delay_, sample);
    return false;
  }
  shift(others_, sample);
  out = rounded((delay_[0] + middle(others_)) / 2);
  return true;
}

}  // namespace codec::l16
