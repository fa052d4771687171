#pragma once
// DTMF as sound (ITU-T Q.23): each key is two tones; and audio as spandsp's detector wants it. Any thread.

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "media/frame.hpp"

namespace media {

struct KeyTones {
  double low = 0, high = 0;  // Hz
};

inline std::optional<KeyTones> tones_of(char key) {
  constexpr std::string_view kKeys = "123A456B789C*0#D";
  constexpr std::array<double, 4> kLow{697, 770, 852, 941}, kHigh{1209, 1336, 1477, 1633};
  const auto found = kKeys.find(key);
  if (found == std::string_view::npos) return std::nullopt;
  return KeyTones{kLow[found / 4], kHigh[found % 4]};
}

inline constexpr std::uint32_t kDetectorRate = 8000;

// A frame at 8 kHz. Averages are filter enough for what lies below 1.7 kHz. Returns how many samples `out` holds.
inline std::size_t to_detector_rate(std::span<const std::int16_t> frame, std::uint32_t rate,
                                    std::span<std::int16_t, kMaxFrame> out) {
  const std::size_t count = std::min(frame.size() * kDetectorRate / rate, out.size());
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t from = i * frame.size() / count, to = (i + 1) * frame.size() / count;
    int sum = 0;
    for (std::size_t k = from; k < to; ++k) sum += frame[k];
    out[i] = static_cast<std::int16_t>(sum / static_cast<int>(std::max<std::size_t>(to - from, 1)));
  }
  return count;
}

}  // namespace media
