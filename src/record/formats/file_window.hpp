#pragma once
// Reads a file here and there, mostly forwards, through a buffer. Owned by one thread.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "record/output_file.hpp"

namespace record {

class FileWindow {
 public:
  explicit FileWindow(const OutputFile& file) : file_(file) {}

  // The bytes at `offset`, fewer only at the end of the file; valid until the next call.
  base::Result<std::span<const std::uint8_t>> at(std::uint64_t offset, std::size_t size) {
    constexpr std::size_t kAhead = std::size_t{1} << 17U;
    if (offset < begin_ || offset + size > begin_ + bytes_.size()) {
      bytes_.resize(std::max(size, kAhead));
      auto got = file_.read(offset, bytes_);
      bytes_.resize(got ? *got : 0);
      begin_ = offset;
      if (!got) return std::move(got.error());
    }
    const auto from = static_cast<std::size_t>(offset - begin_);
    return std::span<const std::uint8_t>(bytes_).subspan(from, std::min(size, bytes_.size() - from));
  }

 private:
  const OutputFile& file_;
  std::uint64_t begin_ = 0;
  std::vector<std::uint8_t> bytes_;
};

// Little-endian.
inline std::uint64_t little(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8U | bytes[i];
  return value;
}
inline std::uint64_t big(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8U | byte;
  return value;
}

}  // namespace record
