#include "rtp/jitter_buffer.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace rtp {
namespace {

constexpr std::int64_t kWindow = JitterBuffer::kSlots;
constexpr std::int64_t kReorder = 16;  // room kept below the first packet of an empty buffer

std::size_t slot(std::int64_t sequence) { return static_cast<std::size_t>(sequence) % JitterBuffer::kSlots; }

}  // namespace

// Left unset: pages are touched when used.
JitterBuffer::JitterBuffer() : payloads_(new std::uint8_t[kSlots * kBytes]) {}

void JitterBuffer::grow(std::size_t bytes) {
  if (bytes <= bytes_) return;
  std::unique_ptr<std::uint8_t[]> larger(new std::uint8_t[kSlots * bytes]);
  for (std::size_t i = 0; i < kSlots; ++i) {
    if ((occupied_ >> i & 1) == 0) continue;
    std::uint8_t* const place = &larger[places_[i] * bytes];
    std::copy(items_[i].payload.begin(), items_[i].payload.end(), place);
    items_[i].payload = {place, items_[i].payload.size()};
  }
  payloads_ = std::move(larger);
  bytes_ = bytes;
}

JitterBuffer::Verdict JitterBuffer::insert(const Item& item) {
  if (item.payload.size() > bytes_) return Verdict::too_long;
  if (!begun_) {
    begun_ = true;
    next_ = base_ = item.sequence - kReorder;
  }
  if (item.sequence < base_) return was_popped(item.sequence) ? Verdict::duplicate : Verdict::late;
  if (occupied_ == 0 && item.sequence >= base_ + kWindow) base_ = item.sequence - kReorder;
  while (item.sequence >= base_ + kWindow) {
    const Item* oldest = front();
    if (oldest == nullptr || oldest->sequence > item.sequence - kWindow) {
      base_ = item.sequence - kWindow + 1;
      break;
    }
    ++pushed_out_;
    release(oldest->sequence);
    advance(oldest->sequence + 1, false);
  }
  const std::uint64_t bit = std::uint64_t{1} << slot(item.sequence);
  if ((occupied_ & bit) != 0) return Verdict::duplicate;
  occupied_ |= bit;
  const auto first_free = static_cast<std::uint8_t>(std::countr_one(taken_));
  taken_ |= std::uint64_t{1} << first_free;
  places_[slot(item.sequence)] = first_free;
  Item& stored = items_[slot(item.sequence)];
  stored = item;
  std::uint8_t* const place = &payloads_[first_free * bytes_];
  std::copy(item.payload.begin(), item.payload.end(), place);
  stored.payload = {place, item.payload.size()};
  return Verdict::stored;
}

const JitterBuffer::Item* JitterBuffer::front() const {
  if (occupied_ == 0) return nullptr;
  const auto distance = std::countr_zero(std::rotr(occupied_, static_cast<int>(slot(base_))));
  return &items_[slot(base_ + distance)];
}

void JitterBuffer::pop() {
  const Item* item = front();
  if (item == nullptr) return;
  const std::int64_t sequence = item->sequence;
  release(sequence);
  popped_ = true;
  advance(sequence + 1, true);
}

void JitterBuffer::release(std::int64_t sequence) {
  occupied_ &= ~(std::uint64_t{1} << slot(sequence));
  taken_ &= ~(std::uint64_t{1} << places_[slot(sequence)]);
}

std::size_t JitterBuffer::size() const { return static_cast<std::size_t>(std::popcount(occupied_)); }

bool JitterBuffer::was_popped(std::int64_t sequence) const {
  const std::int64_t back = next_ - 1 - sequence;
  return back >= 0 && back < kWindow && (history_ >> back & 1) != 0;
}

void JitterBuffer::advance(std::int64_t next, bool popped) {
  const std::int64_t step = next - next_;
  history_ = step < kWindow ? history_ << step : 0;
  if (popped) history_ |= 1;
  next_ = next;
  base_ = std::max(base_, next);
}

}  // namespace rtp
