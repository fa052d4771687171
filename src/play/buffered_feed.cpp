#include "play/buffered_feed.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace play {
namespace {

constexpr std::uint32_t kReady = 400;     // ms that are kept ready
constexpr std::uint32_t kCapacity = 900;  // ms: room for as much again behind what a flush throws away
constexpr std::uint32_t kFade = 5;        // ms

}  // namespace

BufferedFeed::BufferedFeed(std::uint32_t rate, bool paused)
    : rate_(rate),
      fade_(rate * kFade / 1000),
      target_(rate * kReady / 1000),
      ring_(rate * kCapacity / 1000),
      paused_(paused),
      gain_(paused ? 0 : 1) {}

bool BufferedFeed::read(std::span<std::int16_t> out) {
  const bool jumping = asked_.load(std::memory_order_acquire) != flushed_.load(std::memory_order_acquire);
  const bool paused = paused_.load(std::memory_order_relaxed);
  const bool ended = ended_.load(std::memory_order_acquire);  // before the ring: then that holds all there is
  skip();
  if (jumping) gain_ = 0;
  if (jumping || (paused && gain_ == 0)) {
    std::ranges::fill(out, std::int16_t{0});
    return true;
  }
  // What is faded out for a pause has been heard; the rest waits in the ring.
  const auto wanted = paused ? out.first(std::min(out.size(), fade_)) : out;
  const std::size_t count = ring_.pop(wanted);
  taken_.store(taken_.load(std::memory_order_relaxed) + count, std::memory_order_release);
  scale(wanted.first(count), paused ? 0 : volume_.load(std::memory_order_relaxed));
  std::ranges::fill(out.subspan(count), std::int16_t{0});
  if (paused) gain_ = 0;
  if (paused || count == out.size()) return true;
  if (ended) return false;
  late_.fetch_add(out.size() - count, std::memory_order_relaxed);
  return true;
}

// Throws away what lies before the place of the last flush.
void BufferedFeed::skip() {
  const std::uint64_t taken = taken_.load(std::memory_order_relaxed);
  const std::uint64_t to = flush_to_.load(std::memory_order_acquire);
  std::array<std::int16_t, 1024> thrown;
  std::uint64_t at = taken;
  while (at < to) at += ring_.pop(std::span(thrown).first(std::min<std::uint64_t>(thrown.size(), to - at)));
  if (at != taken) taken_.store(at, std::memory_order_release);
}

void BufferedFeed::scale(std::span<std::int16_t> samples, float target) {
  if (gain_ == 1 && target == 1) return;
  const float step = 1 / static_cast<float>(fade_);
  for (std::int16_t& sample : samples) {
    gain_ += std::clamp(target - gain_, -step, step);
    sample = static_cast<std::int16_t>(std::lrint(std::clamp(gain_ * static_cast<float>(sample), -32768.F, 32767.F)));
  }
}

std::size_t BufferedFeed::room() const {
  const std::uint64_t from = std::max(taken(), flush_to_.load(std::memory_order_relaxed));
  const std::uint64_t ready = pushed_ - from;
  return ready >= target_ ? 0 : std::min<std::size_t>(target_ - ready, ring_.free());
}

void BufferedFeed::push(std::span<const std::int16_t> samples) {
  if (ring_.push(samples)) pushed_ += samples.size();
}

void BufferedFeed::begin_flush() {
  ended_.store(false, std::memory_order_release);
  flush_to_.store(pushed_, std::memory_order_release);
}

}  // namespace play
