#pragma once
// Comfort noise (RFC 3389): background as its sender describes it, in place of the packets that it does not send. White
// noise through an all-pole lattice, whose level and colour glide to what the last description said.
// Owned by a media worker; never allocates.

#include <array>
#include <cstdint>
#include <span>

namespace codec {

class ComfortNoise {
 public:
  explicit ComfortNoise(std::uint32_t rate);  // Hz

  // §3: the level in -dBov, then any number of reflection coefficients. False, and nothing changes, if it is malformed.
  bool set(std::span<const std::uint8_t> payload);
  // Silence until a description has come.
  void render(std::span<std::int16_t> out);

 private:
  static constexpr std::size_t kOrder = 16;  // further coefficients are taken for zero, as §3 allows
  using Coefficients = std::array<float, kOrder>;

  void glide();
  float white();
  float filter(float excitation);

  const std::size_t step_;  // samples between two changes
  std::size_t left_ = 0;    // of them
  bool begun_ = false;
  float level_ = 0, wanted_level_ = 0;  // dBov
  Coefficients coefficients_{}, wanted_coefficients_{};
  float gain_ = 0;
  std::array<float, kOrder + 1> backward_{};  // the lattice's state
  std::uint32_t random_ = 0x2545f491;
};

}  // namespace codec
