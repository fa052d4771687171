#pragma once
// The file that an encoder writes: append, and rewrite a place near the start (a header). Every short write or error of
// the disk comes back as an Error with its errno's text (no_resources for ENOSPC, EDQUOT; else internal). Owned by one
// writer thread.

#include <cstdint>
#include <span>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace record {

class OutputFile {
 public:
  explicit OutputFile(base::Fd fd) : fd_(std::move(fd)) {}

  base::Result<void> append(std::span<const std::uint8_t> bytes);
  base::Result<void> rewrite(std::uint64_t offset, std::span<const std::uint8_t> bytes);
  base::Result<void> truncate(std::uint64_t size);
  base::Result<void> sync();  // fsync
  std::uint64_t size() const { return size_; }
  int fd() const { return fd_.get(); }

 private:
  base::Fd fd_;
  std::uint64_t size_ = 0;
};

}  // namespace record
