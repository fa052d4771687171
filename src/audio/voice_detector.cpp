#include "audio/voice_detector.hpp"

#include <algorithm>
#include <numbers>

namespace audio {
namespace {

// Powers are mean squares of samples in -1..1, so 10 dB are a factor of 10.
constexpr float kLoud = 1.585e-3F;             // -28 dBFS: sound without any doubt, from the first block on
constexpr float kQuietest = 1e-5F;             // -50 dBFS: the threshold is never lower
constexpr float kHighestThreshold = 1.26e-3F;  // -29 dBFS: and never higher
constexpr float kStartRatio = 4.F;             // sound begins 6 dB above the floor
constexpr float kContinueRatio = 2.8F;         // and goes on down to 4.5 dB above it
// White noise strays 2.5 dB above its mean and 1.5 dB below it in blocks of 20 ms, once in hours.

constexpr float kDigitalSilence = 1e-8F;  // -80 dBFS: nothing is sent; says nothing about the line's noise

constexpr int kBlockMs = 10;
constexpr int kOnsetBlocks = 3;  // of two blocks' mean: 20 ms of sound, so that a click is none
constexpr int kWindowBlocks = 250 / kBlockMs;
constexpr int kLearningBlocks = VoiceDetector::kLearningMs / kBlockMs;
constexpr int kHangoverBlocks = VoiceDetector::kHangoverMs / kBlockMs;
constexpr float kNoMinimum = 2.F;

}  // namespace

VoiceDetector::VoiceDetector(std::uint32_t rate)
    : block_size_(std::max<std::size_t>(rate * kBlockMs / 1000, 1)),
      high_pass_(1.F -
                 2.F * std::numbers::pi_v<float> * 60.F / static_cast<float>(std::max<std::uint32_t>(rate, 1000))) {
  minima_.fill(kNoMinimum);
}

bool VoiceDetector::feed(std::span<const std::int16_t> frame) {
  bool sound = false;
  bool judged = false;
  for (const std::int16_t sample : frame) {
    const float input = static_cast<float>(sample) / 32768.F;
    if (first_sample_) previous_input_ = input;  // a constant offset makes no step
    first_sample_ = false;
    filtered_ = input - previous_input_ + high_pass_ * filtered_;
    if (filtered_ < 1e-9F && filtered_ > -1e-9F) filtered_ = 0;  // never a denormal number
    previous_input_ = input;
    block_energy_ += filtered_ * filtered_;
    if (++block_filled_ < block_size_) continue;

    const float power = block_energy_ / static_cast<float>(block_size_);
    const float smooth = previous_power_ < 0 ? power : (previous_power_ + power) / 2;
    previous_power_ = power;
    block_energy_ = 0;
    block_filled_ = 0;
    sound = judge(smooth) || sound;
    judged = true;
  }
  return judged ? sound : hangover_ > 0;
}

bool VoiceDetector::judge(float power) {
  if (power > kDigitalSilence) learn(power);
  const bool sounding = hangover_ > 0;
  const float threshold = std::clamp(floor_ * (sounding ? kContinueRatio : kStartRatio), kQuietest, kHighestThreshold);
  const bool loud = power > kLoud;
  run_ = power > threshold && (blocks_seen_ > kLearningBlocks || loud) ? std::min(run_ + 1, kOnsetBlocks) : 0;
  if (loud || run_ >= kOnsetBlocks || (sounding && run_ > 0)) {
    hangover_ = kHangoverBlocks + 1;
  }
  if (hangover_ > 0) --hangover_;
  // The last block of the hangover still counts.
  return hangover_ > 0;
}

void VoiceDetector::learn(float power) {
  if (blocks_seen_ <= kLearningBlocks) ++blocks_seen_;
  minima_[window_] = std::min(minima_[window_], power);
  if (++window_blocks_ == kWindowBlocks) {
    window_blocks_ = 0;
    window_ = (window_ + 1) % kWindows;
    minima_[window_] = power;
  }
  floor_ = *std::min_element(minima_.begin(), minima_.end());
}

}  // namespace audio
