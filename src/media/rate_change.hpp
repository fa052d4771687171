#pragma once
// Takes live audio from one rate to another, frame by frame and in step: whatever a frame's length, as much comes out
// as is asked for, with a delay that stays the same (0 for equal rates, 2 ms of an 8 kHz signal up, 5 ms down to
// 8 kHz). Owned by a media worker; process() never allocates.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <speex/speex_resampler.h>
#include <vector>

#include "audio/interpolator.hpp"
#include "media/frame.hpp"

namespace media {

class RateChange {
 public:
  RateChange() = default;  // 8000 to 8000 Hz
  RateChange(std::uint32_t from, std::uint32_t to) { configure(from, to); }

  // Begins anew if that is a change. Allocates.
  void configure(std::uint32_t from, std::uint32_t to);
  // Silence came before.
  void restart();
  // `in` and `out` last equally long, but for the rounding.
  void process(std::span<const std::int16_t> in, std::span<std::int16_t> out);

  std::uint32_t from() const { return from_; }
  std::uint32_t to() const { return to_; }
  // How long a sample stays inside, at `to`.
  std::size_t delay() const { return delay_; }

 private:
  static constexpr std::size_t kSlack = 2;  // samples that the rounding may take
  struct Close {
    void operator()(SpeexResamplerState* state) const { speex_resampler_destroy(state); }
  };

  std::uint32_t from_ = 8000, to_ = 8000;
  std::size_t delay_ = 0;
  audio::Upsampler up_;
  std::unique_ptr<SpeexResamplerState, Close> down_;
  std::array<std::int16_t, 2 * kMaxFrame + 64> ready_{};
  std::size_t size_ = 0;
};

// A stretch as a whole, at a higher rate, in its place. Allocates.
std::vector<float> raised(std::span<const float> samples, std::uint32_t from, std::uint32_t to);

}  // namespace media
