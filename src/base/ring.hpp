#pragma once
// Carries items from one thread to one other, in order, without locks or allocation. Bounded: a producer that finds it
// full is told so, and counts.

#include <algorithm>
#include <atomic>
#include <bit>
#include <cassert>
#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>

namespace base {

template <class T>
class Ring {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  // Room for at least `capacity` items; rounded up to a power of two.
  explicit Ring(std::size_t capacity)
      : mask_(std::bit_ceil(std::max<std::size_t>(capacity, 2)) - 1),
        owned_(std::make_unique<T[]>(mask_ + 1)),
        items_(owned_.get()) {}
  // In memory of somebody else, that outlives it: a power of two of items.
  explicit Ring(std::span<T> memory) : mask_(memory.size() - 1), items_(memory.data()) {
    assert(std::has_single_bit(memory.size()));
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  std::size_t capacity() const { return mask_ + 1; }

  // Producer. All of the items or, when they do not fit, none and false.
  bool push(std::span<const T> items) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (capacity() - (tail - head_.load(std::memory_order_acquire)) < items.size()) return false;
    for (std::size_t i = 0; i < items.size(); ++i) items_[(tail + i) & mask_] = items[i];
    tail_.store(tail + items.size(), std::memory_order_release);
    return true;
  }
  bool push(const T& item) { return push(std::span<const T>(&item, 1)); }

  // Producer. How many items push() would take now.
  std::size_t free() const {
    return capacity() - (tail_.load(std::memory_order_relaxed) - head_.load(std::memory_order_acquire));
  }

  // Consumer. How many items are there now.
  std::size_t size() const { return tail_.load(std::memory_order_acquire) - head_.load(std::memory_order_relaxed); }

  // Consumer. Copies up to out.size() items out, without taking them; returns how many.
  std::size_t peek(std::span<T> out) const {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    const std::size_t count = std::min(out.size(), tail_.load(std::memory_order_acquire) - head);
    for (std::size_t i = 0; i < count; ++i) out[i] = items_[(head + i) & mask_];
    return count;
  }

  // Consumer. Takes up to out.size() items; returns how many.
  std::size_t pop(std::span<T> out) {
    const std::size_t count = peek(out);
    head_.store(head_.load(std::memory_order_relaxed) + count, std::memory_order_release);
    return count;
  }

 private:
  const std::size_t mask_;
  const std::unique_ptr<T[]> owned_;
  T* const items_;
  alignas(64) std::atomic<std::size_t> head_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};
};

}  // namespace base
