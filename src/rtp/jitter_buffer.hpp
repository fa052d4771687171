#pragma once
// Puts packets back into order until their time has come. Knows sequence numbers (unwrapped), not clocks: the owner
// decides when the front is due, and reads from front()->sequence whether something is missing before it.
// Owned by a media worker; never allocates after construction.

#include <array>
#include <cstdint>
#include <memory>
#include <span>

namespace rtp {

class JitterBuffer {
 public:
  static constexpr std::size_t kSlots = 64;
  static constexpr std::size_t kBytes = 1500;  // of a payload, unless grow() says more

  struct Item {
    std::int64_t sequence = 0;
    std::int64_t position = 0;   // on the owner's timeline
    std::uint32_t duration = 0;  // likewise; 0: not audio, holds its place in the order only
    std::uint8_t decoding = 0;   // the owner's own: how to decode it
    std::span<const std::uint8_t> payload;
  };
  enum class Verdict { stored, duplicate, late, too_long };

  JitterBuffer();

  // Copies the payload. A packet that is further ahead than the buffer is long pushes the oldest out (counted).
  Verdict insert(const Item& item);
  // The stored packet with the lowest sequence number; null if there is none. Valid until pop() or insert().
  const Item* front() const;
  void pop();

  // Room for payloads of so many bytes. Allocates.
  void grow(std::size_t bytes);
  // Lets change(Item&) move what is stored: position and duration, in any way that keeps their order.
  template <class Change>
  void change_each(Change&& change) {
    for (std::size_t slot = 0; slot < kSlots; ++slot) {
      if ((occupied_ >> slot & 1) != 0) change(items_[slot]);
    }
  }

  bool is_empty() const { return occupied_ == 0; }
  std::size_t size() const;
  // Whatever is lower than this is late. The sequence number after the one popped last.
  std::int64_t next() const { return next_; }
  bool has_popped() const { return popped_; }
  std::uint64_t pushed_out() const { return pushed_out_; }

 private:
  bool was_popped(std::int64_t sequence) const;
  void release(std::int64_t sequence);
  void advance(std::int64_t next, bool popped);

  std::array<Item, kSlots> items_;
  // Payloads do not lie in their slots, but in the first place that is free: a thousand streams stay in the caches.
  std::size_t bytes_ = kBytes;  // of a place
  std::unique_ptr<std::uint8_t[]> payloads_;
  std::array<std::uint8_t, kSlots> places_{};  // of each slot
  std::uint64_t taken_ = 0;                    // bit n: place n
  std::uint64_t occupied_ = 0;                 // bit sequence % 64; all of them lie in [base_, base_ + 64)
  std::uint64_t history_ = 0;                  // bit n: next_ - 1 - n was popped
  std::int64_t next_ = 0, base_ = 0;
  bool begun_ = false, popped_ = false;
  std::uint64_t pushed_out_ = 0;
};

}  // namespace rtp
