#include "media/digit_gate.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <spandsp.h>

#include "media/dtmf.hpp"

namespace media {
namespace {

constexpr double kShare = 0.6;  // of a block's energy that lies in a digit's two tones

// The energy of one frequency in a block, as a part of `energy`, that of the whole block.
double share(std::span<const std::int16_t> block, double hz, double rate, double energy) {
  const double coefficient = 2 * std::cos(2 * std::numbers::pi * hz / rate);
  double one = 0, two = 0;
  for (const std::int16_t sample : block) {
    const double next = sample + coefficient * one - two;
    two = one;
    one = next;
  }
  const double power = one * one + two * two - coefficient * one * two;
  return 2 * power / static_cast<double>(block.size()) / energy;
}

}  // namespace

void DigitGate::Free::operator()(dtmf_rx_state_s* detector) const { dtmf_rx_free(detector); }

DigitGate::DigitGate(std::uint32_t rate) : rate_(rate), detector_(dtmf_rx_init(nullptr, nullptr, nullptr)) {
  dtmf_rx_set_realtime_callback(detector_.get(), on_tone, this);
}

void DigitGate::on_tone(void* gate, int key, int /*level*/, int /*delay*/) {
  auto& self = *static_cast<DigitGate*>(gate);
  if (self.tone_ != 0) self.end_tone();
  if (key > 0) self.begin_tone(static_cast<char>(key));
}

bool DigitGate::is_tone(char key, std::size_t block) const {
  const auto tones = tones_of(key);
  const FrameBuffer& frame = slots_[block / kBlocks % (kDelay + 1)].frame;
  if (!tones || frame.size < kBlocks) return false;
  const std::size_t length = frame.size / kBlocks;
  const std::span<const std::int16_t> samples(&frame.send[block % kBlocks * length], length);
  double energy = 0;
  for (const std::int16_t sample : samples) energy += static_cast<double>(sample) * sample;
  if (energy < static_cast<double>(length)) return false;
  return share(samples, tones->low, rate_, energy) + share(samples, tones->high, rate_, energy) > kShare;
}

// Back to where the tone began, and the block in which it did.
void DigitGate::begin_tone(char key) {
  tone_ = key;
  const std::size_t begin = first_ * kBlocks;
  for (std::size_t block = next_ * kBlocks; block-- > begin;) {
    const bool tone = is_tone(key, block);
    muted(block) = true;
    // The newest ones are allowed not to be it: the detector speaks up a little late.
    if (!tone && block + 2 * kBlocks < next_ * kBlocks) break;
  }
}

// Back to where it ended, but for the block in which it did.
void DigitGate::end_tone() {
  const std::size_t begin = first_ * kBlocks;
  for (std::size_t block = next_ * kBlocks; block-- > begin + 1;) {
    if (is_tone(tone_, block) || is_tone(tone_, block - 1)) break;
    muted(block) = false;
  }
  tone_ = 0;
}

void DigitGate::silence(char key, Position begin, Position end) {
  Span& last = spans_[span_];
  if (last.begin == begin) {
    last.end = std::max(last.end, end);
    return;
  }
  span_ = (span_ + 1) % spans_.size();
  spans_[span_] = {begin, end};
  // Some gateways let the tone through until they have understood it.
  for (std::size_t block = next_ * kBlocks; block-- > first_ * kBlocks;) {
    if (is_tone(key, block)) muted(block) = true;
  }
}

void DigitGate::detect(const FrameBuffer& frame) {
  std::array<std::int16_t, kMaxFrame> narrow;
  const std::size_t count = to_detector_rate({frame.send.data(), frame.size}, rate_, narrow);
  dtmf_rx(detector_.get(), narrow.data(), static_cast<int>(count));
}

bool DigitGate::pass(FrameBuffer& frame) {
  Slot& slot = slots_[next_ % (kDelay + 1)];
  slot.frame = frame;
  slot.muted.fill(tone_ != 0);
  ++next_;
  detect(slot.frame);
  if (next_ - first_ <= kDelay) return false;
  emit(frame);
  return true;
}

bool DigitGate::drain(FrameBuffer& frame) {
  if (first_ == next_) return false;
  emit(frame);
  return true;
}

void DigitGate::emit(FrameBuffer& frame) {
  Slot& slot = slots_[first_ % (kDelay + 1)];
  frame = slot.frame;
  ++first_;
  const std::size_t length = frame.size / kBlocks;
  for (std::size_t block = 0; block < kBlocks; ++block) {
    if (slot.muted[block]) std::fill_n(&frame.send[block * length], length, std::int16_t{0});
  }
  for (const Span& span : spans_) {
    const Position from = std::max<Position>(span.begin - frame.position, 0);
    const Position to = std::min(span.end - frame.position, static_cast<Position>(frame.size));
    if (from < to) std::fill(&frame.send[static_cast<std::size_t>(from)], &frame.send[0] + to, std::int16_t{0});
  }
}

void DigitGate::restart() {
  first_ = next_;
  tone_ = 0;
}

}  // namespace media
