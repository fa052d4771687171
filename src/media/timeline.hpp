#pragma once
// One timeline per stream: positions are samples since the stream's start, and go on by the clock whether packets come
// or not. A value; any thread.

#include <cstdint>

#include "base/clock.hpp"

namespace media {

using Position = std::int64_t;

inline constexpr base::milliseconds kTick{20};

// A position, or a length, at another rate; exact for years.
constexpr Position scaled(Position position, std::uint32_t from, std::uint32_t to) {
  return position / from * to + position % from * to / from;
}

struct Timeline {
  base::Time start{};
  std::uint32_t rate = 8000;

  Position at(base::Time time) const {
    const auto passed = std::chrono::duration_cast<std::chrono::nanoseconds>(time - start).count();
    const auto seconds = passed / 1'000'000'000, rest = passed % 1'000'000'000;
    return seconds * rate + rest * rate / 1'000'000'000;
  }
  base::Time time(Position position) const {
    return start + std::chrono::seconds(position / rate) +
           std::chrono::nanoseconds(position % rate * 1'000'000'000 / rate);
  }
  Position samples(std::chrono::milliseconds length) const { return length.count() * rate / 1000; }
  Position frame() const { return samples(kTick); }
};

}  // namespace media
