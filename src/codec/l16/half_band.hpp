#pragma once
// Twice and half the sample rate by a half-band FIR filter: flat to 0.45 of the lower rate, 80 dB down from 0.55 of it.
// Owned by whoever codes; never allocates.

#include <array>
#include <cstddef>
#include <cstdint>

namespace codec::l16 {

// Half of the taps but the middle one are zero, and the rest are symmetric: kSide of each side are left.
inline constexpr std::size_t kSide = 26;
using Window = std::array<float, 2 * kSide>;  // samples at every other place, oldest first

// What lies in the middle between window[kSide - 1] and window[kSide], at the lower rate.
float middle(const Window& window);

// The output is kSide - 1 input samples late.
class Doubler {
 public:
  struct Pair {
    std::int16_t first, second;
  };
  Pair next(std::int16_t sample);

 private:
  Window window_{};
};

class Halver {
 public:
  // True with every second sample: `out` has been set then.
  bool next(std::int16_t sample, std::int16_t& out);

 private:
  Window others_{};
  std::array<float, kSide> delay_{};  // the samples that the filter's middle tap meets
  bool second_ = false;
};

}  // namespace codec::l16
