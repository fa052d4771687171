#pragma once
// Values between samples: a windowed sinc of 32 taps, whose 512 phases are interpolated linearly. Flat within 0.1 dB up
// to 85 % of the band, errors below -80 dB. At a sample's own place it gives exactly that sample. Immutable; any
// thread.
//
// Serves where a rate changes by a hair (drift between clocks) or rises (a narrow codec on a wide timeline); it is no
// filter for lowering a rate.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace audio {

class Interpolator {
 public:
  static constexpr std::size_t kReach = 16;  // samples needed on each side

  // A place in a signal: 32.32 fixed point, in samples.
  using Fraction = std::uint32_t;
  static constexpr std::uint64_t kOne = std::uint64_t{1} << 32;

  static const Interpolator& instance();

  // The value `fraction` behind at[0]; at[-kReach + 1] to at[kReach] are read.
  std::int16_t operator()(const std::int16_t* at, Fraction fraction) const;

 private:
  Interpolator();

  static constexpr unsigned kPhaseBits = 9;
  static constexpr std::size_t kPhases = std::size_t{1} << kPhaseBits;
  static constexpr std::size_t kTaps = 2 * kReach;

  std::vector<std::array<float, kTaps>> phases_;  // kPhases + 1
};

// Raises the rate of a signal that comes in blocks. Its output is kReach samples of the input late; the first of them
// repeat the first sample. Owned by one thread; never allocates.
class Upsampler {
 public:
  // 0 < from <= to, Hz.
  void configure(std::uint32_t from, std::uint32_t to);
  // What comes next does not follow what came before …
  void restart() { begun_ = false; }
  // … or it follows this, of which nothing is given out any more.
  void restart_after(std::span<const std::int16_t> history);
  bool has_begun() const { return begun_; }
  // Returns samples written: the input's count times to/from, on the long run exactly; never more than out.size().
  std::size_t process(std::span<const std::int16_t> in, std::span<std::int16_t> out);

  std::uint32_t from() const { return from_; }
  std::uint32_t to() const { return to_; }

 private:
  static constexpr std::size_t kChunk = 480;

  std::uint32_t from_ = 8000, to_ = 8000;
  bool begun_ = false;
  std::uint64_t at_ = 0;  // in units of 1/to_ of an input sample, from buffer_[kReach] on
  std::array<std::int16_t, 2 * Interpolator::kReach + kChunk> buffer_{};
};

}  // namespace audio
