#pragma once
// The file that an encoder writes: append, and rewrite a place near the start (a header); or one that a crash left,
// which is put right (formats/format.hpp, repair). Every short write or error of the disk comes back as an Error with
// its errno's text (no_resources for ENOSPC, EDQUOT; else internal). Owned by one writer thread.

#include <cstdint>
#include <filesystem>
#include <span>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace record {

class OutputFile {
 public:
  explicit OutputFile(base::Fd fd) : fd_(std::move(fd)) {}
  // One that holds something already.
  static base::Result<OutputFile> reopen(const std::filesystem::path& path);

  base::Result<void> append(std::span<const std::uint8_t> bytes);
  base::Result<void> rewrite(std::uint64_t offset, std::span<const std::uint8_t> bytes);
  base::Result<void> truncate(std::uint64_t size);
  base::Result<void> sync();  // fsync
  // How many bytes there were at `offset`: fewer than asked for only at the end.
  base::Result<std::size_t> read(std::uint64_t offset, std::span<std::uint8_t> out) const;
  std::uint64_t size() const { return size_; }
  int fd() const { return fd_.get(); }

 private:
  base::Fd fd_;
  std::uint64_t size_ = 0;
};

}  // namespace record
