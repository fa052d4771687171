#pragma once
// The clock of what is heard live: beat n is the 20 ms of the steady clock from n · 20 ms on, the same on all workers,
// so that what moves from one to another goes on in step. A value; any thread.

#include <cstdint>

#include "media/timeline.hpp"

namespace media {

struct Beat {
  std::int64_t index = 0;

  // The last one that has begun at this time.
  static Beat at(base::Time time) {
    return {
        std::chrono::floor<std::chrono::duration<std::int64_t, std::ratio<1, 50>>>(time.time_since_epoch()).count()};
  }
  base::Time begin() const { return base::Time(kTick * index); }
  base::Time end() const { return base::Time(kTick * (index + 1)); }
  // How many samples of this rate fall into it, for what has no timeline of its own.
  std::size_t samples(std::uint32_t rate) const {
    return static_cast<std::size_t>((index + 1) * rate / 50 - index * rate / 50);
  }
};

}  // namespace media
