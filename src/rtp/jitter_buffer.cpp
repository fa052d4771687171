#include "rtp/jitter_buffer.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace rtp {
namespace {

constexpr std::int64_t kWindow = JitterBuffer::kSlots;
constexpr std::int64_t kReorder = 16;  // room kept below the first packet of an empty buffer

std::size_t slot(std::int64_t sequence) { return static_cast<std::size_t>(sequence) % JitterBuffer::kSlots; }

}  // namespace

JitterBuffer::JitterBuffer() : payloads_(new Payload[kSlots]) {}  // left unset: pages are touched when used

JitterBuffer::Verdict JitterBuffer::insert(const Item& item) {
  if (item.payload.size() > kBytes) return Verdict::too_long;
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
    occupied_ &= ~(std::uint64_t{1} << slot(oldest->sequence));
    advance(oldest->sequence + 1, false);
  }
  const std::uint64_t bit = std::uint64_t{1} << slot(item.sequence);
  if ((occupied_ & bit) != 0) return Verdict::duplicate;
  occupied_ |= bit;
  Item& stored = items_[slot(item.sequence)];
  stored = item;
  auto& bytes = payloads_[slot(item.sequence)];
  std::copy(item.payload.begin(), item.payload.end(), bytes.begin());
  stored.payload = {bytes.data(), item.payload.size()};
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
  occupied_ &= ~(std::uint64_t{1} << slot(item->sequence));
  popped_ = true;
  advance(item->sequence + 1, true);
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
