#pragma once
// Tells sound (speech, music, a tone) from silence (digital silence, line noise, mains hum) by energy against an
// adaptive noise floor. Owned by a media worker with the stream that it listens to; never allocates.
//
//   PCM ─▶ high-pass 60 Hz ─▶ energy per 10 ms ─▶ mean of two ─▶ above the threshold? ─▶ hangover ─▶ sound / silence
//                                                      └─▶ minimum of the last 1.5 s = floor ─▶ threshold
//
// The floor follows a fall at once and a rise after 1.5 s. It is capped, so that whatever stays above about -29 dBFS
// RMS is sound for as long as it lasts, and whatever stays below about -50 dBFS is silence.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace audio {

class VoiceDetector {
 public:
  // How long sound is still reported after the last of it: bridges the gaps within a word, no more. Whoever waits for
  // the end of an utterance counts its own time-out.
  static constexpr int kHangoverMs = 50;
  // How long the floor is learnt from at the start; until then only what is clearly loud (-28 dBFS) is sound.
  static constexpr int kLearningMs = 200;

  explicit VoiceDetector(std::uint32_t rate);

  // Consecutive PCM, frames of any length up to 60 ms; true if this frame holds sound.
  bool feed(std::span<const std::int16_t> frame);

 private:
  bool judge(float power);
  void learn(float power);

  static constexpr std::size_t kWindows = 6;  // of 250 ms each

  const std::size_t block_size_;  // samples in 10 ms
  const float high_pass_;

  float previous_input_ = 0;
  float filtered_ = 0;
  bool first_sample_ = true;

  float block_energy_ = 0;
  std::size_t block_filled_ = 0;
  float previous_power_ = -1;  // none yet

  std::array<float, kWindows> minima_;  // the current one is minima_[window_]
  std::size_t window_ = 0;
  int window_blocks_ = 0;
  float floor_ = 0;
  int blocks_seen_ = 0;

  int run_ = 0;       // consecutive blocks above the threshold
  int hangover_ = 0;  // blocks left
};

}  // namespace audio
