#pragma once
// Interleaved 16-bit PCM from one rate to another (speexdsp), in step for any length: n samples become exactly
// round(n * to / from), and each lies where it lay in time. Owned by one thread.

#include <cstdint>
#include <memory>
#include <span>
#include <speex/speex_resampler.h>
#include <vector>

#include "base/result.hpp"

namespace record {

class Resampler {
 public:
  static base::Result<std::unique_ptr<Resampler>> open(std::uint32_t from, std::uint32_t to, int channels);

  std::uint32_t from() const { return from_; }
  std::uint32_t to() const { return to_; }
  // Appends to `out` what has become certain; some milliseconds stay behind.
  void write(std::span<const std::int16_t> interleaved, std::vector<std::int16_t>& out);
  // The end: appends the rest.
  void drain(std::vector<std::int16_t>& out);

 private:
  struct Close {
    void operator()(SpeexResamplerState* state) const { speex_resampler_destroy(state); }
  };
  using State = std::unique_ptr<SpeexResamplerState, Close>;

  Resampler(std::uint32_t from, std::uint32_t to, int channels, State state)
      : from_(from), to_(to), channels_(static_cast<std::size_t>(channels)), state_(std::move(state)) {}

  void process(std::span<const std::int16_t> interleaved, std::vector<std::int16_t>& out);

  const std::uint32_t from_, to_;
  const std::size_t channels_;
  const State state_;
  std::uint64_t taken_ = 0, made_ = 0;  // samples, a channel
};

}  // namespace record
