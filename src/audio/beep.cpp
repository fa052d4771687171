#include "audio/beep.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace audio {

std::vector<std::int16_t> make_beep(std::uint32_t rate) {
  constexpr double kAmplitude = 32767 * 0.251;  // -12 dBFS
  const std::size_t length = rate * static_cast<std::size_t>(kBeepLength.count()) / 1000;
  const std::size_t edge = rate / 100;  // 10 ms
  std::vector<std::int16_t> beep(length);
  for (std::size_t i = 0; i < length; ++i) {
    const std::size_t from_edge = std::min(i, length - 1 - i);
    const double gain =
        from_edge < edge
            ? 0.5 - 0.5 * std::cos(std::numbers::pi * static_cast<double>(from_edge) / static_cast<double>(edge))
            : 1.0;
    const double phase = 2 * std::numbers::pi * kBeepFrequency * static_cast<double>(i) / rate;
    beep[i] = static_cast<std::int16_t>(std::lround(kAmplitude * gain * std::sin(phase)));
  }
  return beep;
}

}  // namespace audio
