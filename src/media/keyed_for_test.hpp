#pragma once
// Keys as sound, for tests.

#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "media/dtmf.hpp"

namespace media::test {

using Audio = std::vector<std::int16_t>;

inline void add_silence(Audio& audio, double ms, std::uint32_t rate) {
  audio.resize(audio.size() + static_cast<std::size_t>(ms * rate / 1000));
}
inline void add_key(Audio& audio, char key, double ms, std::uint32_t rate, double amplitude = 6000) {
  const auto tones = tones_of(key).value();
  const auto count = static_cast<std::size_t>(ms * rate / 1000);
  for (std::size_t i = 0; i < count; ++i) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(i) / rate;
    audio.push_back(static_cast<std::int16_t>(
        std::lround(amplitude * (std::sin(tones.low * angle) + std::sin(tones.high * angle)))));
  }
}

}  // namespace media::test
