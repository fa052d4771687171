#include "media/concealer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace media {
namespace {

std::int16_t rounded(float value) {
  return static_cast<std::int16_t>(std::lround(std::clamp(value, -32768.0F, 32767.0F)));
}

}  // namespace

Concealer::Concealer(std::uint32_t rate)
    : shortest_(rate / 200),
      longest_(rate / 66),
      span_(rate / 50),
      fade_begin_(static_cast<float>(rate) / 100),
      fade_end_(static_cast<float>(rate * kMostMs) / 1000),
      history_(std::max(span_ + longest_, 2 * longest_)),
      cycle_(longest_) {}

void Concealer::receive(std::span<std::int16_t> audio) {
  if (missing_ > 0) {
    const std::size_t count = std::min(overlap_, audio.size());
    for (std::size_t i = 0; i < count; ++i) {
      const float weight = static_cast<float>(i + 1) / static_cast<float>(count + 1);
      audio[i] = rounded(weight * static_cast<float>(audio[i]) + (1 - weight) * next());
    }
    missing_ = 0;
  }
  const std::size_t kept = history_.size() - std::min(history_.size(), audio.size());
  std::copy(history_.end() - static_cast<std::ptrdiff_t>(kept), history_.end(), history_.begin());
  const auto tail = audio.last(history_.size() - kept);
  std::copy(tail.begin(), tail.end(), history_.begin() + static_cast<std::ptrdiff_t>(kept));
}

void Concealer::conceal(std::span<std::int16_t> out) {
  if (missing_ == 0) begin();
  for (std::int16_t& sample : out) sample = rounded(next());
}

// The lag at which the end of the history is most like itself.
std::size_t Concealer::find_pitch() const {
  const std::int16_t* const end = history_.data() + history_.size();
  std::size_t best = longest_;
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (std::size_t lag = shortest_; lag <= longest_; ++lag) {
    std::int64_t difference = 0;
    for (const std::int16_t* at = end - span_; at < end; ++at) difference += std::abs(*at - *(at - lag));
    if (difference < least) {
      least = difference;
      best = lag;
    }
  }
  return best;
}

// One pitch period whose end flows into its beginning.
void Concealer::begin() {
  pitch_ = find_pitch();
  overlap_ = pitch_ / 4;
  at_ = 0;
  const std::int16_t* const last = history_.data() + history_.size() - pitch_;
  const std::int16_t* const before = last - pitch_;
  for (std::size_t i = 0; i < pitch_; ++i) {
    const std::size_t to_end = pitch_ - i;
    const float weight = to_end > overlap_ ? 0 : 1 - static_cast<float>(to_end) / static_cast<float>(overlap_ + 1);
    cycle_[i] = (1 - weight) * static_cast<float>(last[i]) + weight * static_cast<float>(before[i]);
  }
}

float Concealer::next() {
  const auto gone = static_cast<float>(missing_++);
  const float gain = std::clamp((fade_end_ - gone) / (fade_end_ - fade_begin_), 0.0F, 1.0F);
  float sample = cycle_[at_];
  at_ = at_ + 1 == pitch_ ? 0 : at_ + 1;
  // Out of the last real sample: the tail, mirrored, fades into the cycle.
  if (missing_ <= overlap_) {
    const float weight = static_cast<float>(missing_) / static_cast<float>(overlap_ + 1);
    sample = weight * sample + (1 - weight) * static_cast<float>(history_[history_.size() - missing_]);
  }
  return sample * gain;
}

}  // namespace media
