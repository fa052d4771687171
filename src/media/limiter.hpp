#pragma once
// Sums voices without clipping. One gain for all of them, from the loudest sample of the sum, ramped over the frame:
// down at once, up by 9 dB a second. What is louder still while it comes down bends softly below full scale. As long as
// nothing can be too loud, samples pass bit by bit. Owned by a media worker; never allocates.
//
//   Sum: a + b + c ─▶ Limiter::follow() ─▶ what each hears: limited(sum - own)

#include <array>
#include <cstdint>
#include <span>

#include "media/frame.hpp"

namespace media {

class Sum {
 public:
  void clear(std::size_t samples) {
    size_ = samples;
    std::fill_n(samples_.begin(), samples, 0);
    bound_ = 0;
  }
  // At most as many as were cleared; returns their peak.
  std::int32_t add(std::span<const std::int16_t> voice);
  // The same, of a sum made elsewhere.
  void add(std::span<const std::int32_t> sum);

  std::span<const std::int32_t> samples() const { return {samples_.data(), size_}; }
  std::size_t size() const { return size_; }
  // No sample, with any of the voices left out, is beyond it.
  std::int32_t bound() const { return bound_; }

 private:
  std::array<std::int32_t, kMaxFrame> samples_{};
  std::size_t size_ = 0;
  std::int32_t bound_ = 0;
};

class Limiter {
 public:
  // The gain for this frame.
  void follow(const Sum& sum);
  // The sum without what is one's own (nothing, or as long as the sum).
  void apply(const Sum& sum, std::span<const std::int16_t> own, std::span<std::int16_t> out) const;

  float gain() const { return gain_; }

 private:
  float previous_ = 1, gain_ = 1;
};

}  // namespace media
