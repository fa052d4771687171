#pragma once
// Whether somebody speaks, calm enough to be told: begins after 120 ms of sound, ends after 700 ms without.
// Owned by a media worker; never allocates after construction.

#include <optional>
#include <span>

#include "audio/voice_detector.hpp"

namespace media {

class Speech {
 public:
  explicit Speech(std::uint32_t rate) : detector_(rate) {}

  // A frame of 20 ms; says when that changes it.
  std::optional<bool> feed(std::span<const std::int16_t> frame) {
    const bool sound = detector_.feed(frame);
    run_ = sound == speaking_ ? 0 : run_ + 1;
    if (run_ < (speaking_ ? kEnd : kBegin)) return std::nullopt;
    run_ = 0;
    speaking_ = sound;
    return speaking_;
  }
  bool is_speaking() const { return speaking_; }

 private:
  static constexpr int kBegin = 6, kEnd = 35;  // frames in a row

  audio::VoiceDetector detector_;
  bool speaking_ = false;
  int run_ = 0;
};

}  // namespace media
