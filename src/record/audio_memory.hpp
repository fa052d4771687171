#pragma once
// Memory for audio that waits for a disk that stalls: pieces of one size, of all recordings together, so that what a
// stall may cost is known beforehand. Address space only, until it is used. Any thread; taking and giving back neither
// locks nor allocates. Outlives the tracks that take of it.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace record {

class AudioMemory {
 public:
  struct Counts {
    std::uint64_t size = 0, used = 0, most = 0;  // bytes; `most`: that were ever used at once
    std::uint64_t refused = 0;                   // times that nothing was left
  };

  static constexpr std::size_t kHeader = 4096;  // bytes at the start of a piece, for whoever takes it
  static constexpr std::size_t kAudio = 65536;  // bytes behind them

  // `bytes`: at most; where the system has not so much there is none.
  explicit AudioMemory(std::uint64_t bytes);
  AudioMemory(const AudioMemory&) = delete;
  AudioMemory& operator=(const AudioMemory&) = delete;
  ~AudioMemory();

  // One piece, aligned to a page; null where all are taken.
  std::byte* take();
  void give_back(std::byte* piece);
  Counts counts() const;

 private:
  static constexpr std::size_t kPiece = kHeader + kAudio;

  std::byte* pieces_ = nullptr;
  std::uint32_t count_ = 0;
  std::unique_ptr<std::atomic<std::uint32_t>[]> next_;  // of each free piece: the number of the one below it, or 0
  // The free piece that is taken next: its number (from 1 on; 0: none), and how often that was changed.
  std::atomic<std::uint64_t> top_{0};
  std::atomic<std::uint64_t> used_{0}, most_{0}, refused_{0};  // pieces, pieces, times
};

}  // namespace record
