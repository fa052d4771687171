#pragma once
// The tone that tells a party that it is being recorded: 1 kHz at -12 dBFS for 200 ms, its edges rounded so that they
// do not click. Immutable once made; any thread may read it.

#include <chrono>
#include <cstdint>
#include <vector>

namespace audio {

inline constexpr std::chrono::milliseconds kBeepLength{200};
inline constexpr double kBeepFrequency = 1000;  // Hz

std::vector<std::int16_t> make_beep(std::uint32_t rate);

}  // namespace audio
