#include "record/track.hpp"

#include <array>
#include <cassert>

namespace record {
namespace {

// In the ring a block is its count, then its samples. Track::kMaxBlock fits an int16_t count.
static_assert(Track::kMaxBlock <= 32767);

}  // namespace

Track::Track(std::uint32_t rate, int channels, double seconds)
    : rate_(rate),
      channels_(channels),
      ring_(static_cast<std::size_t>(seconds * rate) * static_cast<std::size_t>(channels) + kMaxBlock) {}

bool Track::push_audio(std::span<const std::int16_t> interleaved) {
  assert(interleaved.size() <= kMaxBlock && interleaved.size() % static_cast<std::size_t>(channels_) == 0);
  if (interleaved.empty()) return true;
  if (ring_.free() < interleaved.size() + 1) return false;
  // The count first: the consumer waits until the whole block is there.
  ring_.push(static_cast<std::int16_t>(interleaved.size()));
  ring_.push(interleaved);
  return true;
}

void Track::push_end(EndReason reason, const Stats& stats) {
  reason_ = reason;
  stats_ = stats;
  end_pushed_.store(true, std::memory_order_release);  // outside the ring: there is always room for it
}

std::size_t Track::take(std::span<std::int16_t> out) {
  assert(out.size() >= kMaxBlock);
  // Read before the ring: an End seen here has all its audio before it.
  const bool end_pushed = end_pushed_.load(std::memory_order_acquire);
  std::int16_t count = 0;
  if (ring_.peek({&count, 1}) == 0) {
    ended_ = end_pushed;
    return 0;
  }
  const auto samples = static_cast<std::size_t>(count);
  if (ring_.size() < samples + 1) return 0;  // the block is still being written
  ring_.pop({&count, 1});
  return ring_.pop(out.first(samples));
}

}  // namespace record
