#pragma once
// Where in a growing file each percent of its frames begins, for the table of contents in its tag. Keeps a bounded
// number of places: when they are many, every other one is forgotten. Owned by one thread.

#include <array>
#include <cstdint>
#include <vector>

namespace record::mp3 {

class SeekPoints {
 public:
  // A frame of that many bytes follows those before.
  void add(std::size_t frame_size);
  // For each percent, the place in 256ths of the file: `before` bytes, then the frames.
  std::array<std::uint8_t, 100> table(std::uint64_t before) const;

 private:
  std::vector<std::uint64_t> places_;  // of frames 0, stride_, 2 * stride_ …, in bytes behind the first
  std::uint64_t stride_ = 1;
  std::uint64_t frames_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace record::mp3
