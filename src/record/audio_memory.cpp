#include "record/audio_memory.hpp"

#include <algorithm>
#include <cassert>
#include <sys/mman.h>

namespace record {
namespace {

constexpr std::uint64_t kNumber = 0xffffffff;                   // of a top
constexpr std::uint64_t kChange = kNumber + 1;                  // one more
constexpr std::uint64_t kMostPieces = std::uint64_t{1} << 24U;  // a terabyte

}  // namespace

AudioMemory::AudioMemory(std::uint64_t bytes)
    : count_(static_cast<std::uint32_t>(std::min(bytes / kPiece, kMostPieces))) {
  if (count_ == 0) return;
  void* const place =
      ::mmap(nullptr, count_ * kPiece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place == MAP_FAILED) {
    count_ = 0;
    return;
  }
  pieces_ = static_cast<std::byte*>(place);
  next_ = std::make_unique<std::atomic<std::uint32_t>[]>(count_ + 1);
  for (std::uint32_t number = 1; number < count_; ++number) next_[number] = number + 1;
  top_ = 1;
}

AudioMemory::~AudioMemory() {
  if (pieces_ != nullptr) ::munmap(pieces_, count_ * kPiece);
}

std::byte* AudioMemory::take() {
  std::uint64_t top = top_.load(std::memory_order_acquire);
  std::uint64_t below = 0;
  do {
    if ((top & kNumber) == 0) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      return nullptr;
    }
    // Somebody else may have taken it by now; then the count of changes is another one.
    below = ((top & ~kNumber) + kChange) | next_[top & kNumber].load(std::memory_order_relaxed);
  } while (!top_.compare_exchange_weak(top, below, std::memory_order_acq_rel, std::memory_order_acquire));
  const std::uint64_t used = used_.fetch_add(1, std::memory_order_relaxed) + 1;
  std::uint64_t most = most_.load(std::memory_order_relaxed);
  while (most < used && !most_.compare_exchange_weak(most, used, std::memory_order_relaxed)) {
  }
  return pieces_ + ((top & kNumber) - 1) * kPiece;
}

void AudioMemory::give_back(std::byte* piece) {
  assert(piece >= pieces_ && static_cast<std::size_t>(piece - pieces_) % kPiece == 0);
  // The system may have it until it is used again.
  ::madvise(piece + kHeader, kAudio, MADV_DONTNEED);
  const auto number = static_cast<std::uint32_t>(static_cast<std::size_t>(piece - pieces_) / kPiece) + 1;
  used_.fetch_sub(1, std::memory_order_relaxed);
  std::uint64_t top = top_.load(std::memory_order_relaxed);
  std::uint64_t above = 0;
  do {
    next_[number].store(static_cast<std::uint32_t>(top & kNumber), std::memory_order_relaxed);
    above = ((top & ~kNumber) + kChange) | number;
  } while (!top_.compare_exchange_weak(top, above, std::memory_order_acq_rel, std::memory_order_relaxed));
}

AudioMemory::Counts AudioMemory::counts() const {
  return {count_ * std::uint64_t{kPiece}, used_.load() * kPiece, most_.load() * kPiece, refused_.load()};
}

}  // namespace record
