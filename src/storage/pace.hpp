#pragma once
// A limit of bytes a second that uploads on several threads share: who wants to send asks, is told when, and waits
// outside. First come, first served, in small pieces, so that all get about the same. One atomic number; any thread.

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "base/clock.hpp"

namespace storage {

class Pace {
 public:
  // From `now`, how long to wait before `bytes` are sent. An idle second is not made up for.
  base::Clock::duration take(std::uint64_t bytes, std::int64_t bytes_per_second, base::Time now) {
    const auto cost =
        static_cast<std::int64_t>(static_cast<double>(bytes) * kSecond / static_cast<double>(bytes_per_second));
    const std::int64_t at = count(now.time_since_epoch());
    std::int64_t free = free_.load();
    std::int64_t begin = std::max(free, at);
    while (!free_.compare_exchange_weak(free, begin + cost)) begin = std::max(free, at);
    return std::chrono::duration_cast<base::Clock::duration>(std::chrono::nanoseconds(begin - at));
  }

 private:
  static constexpr double kSecond = 1e9;
  static std::int64_t count(base::Clock::duration time) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
  }

  std::atomic<std::int64_t> free_{0};  // ns of the clock: when all that was granted has been sent
};

}  // namespace storage
