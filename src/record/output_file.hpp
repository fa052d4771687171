#pragma once
// The file that an encoder writes: append, and rewrite a place near the start (a header); or one that a crash left,
// which is put right (formats/format.hpp, repair). Plain, or encrypted as it grows: then it cannot be read back, and
// what is gathered for a record reaches the kernel with flush() (record/sealed_output.hpp). Every short write or error
// of the disk comes back as an Error with its errno's text (no_resources for ENOSPC, EDQUOT; else internal). Owned by
// one writer thread.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "record/sealed_output.hpp"

namespace record {

class OutputFile {
 public:
  explicit OutputFile(base::Fd fd) : fd_(std::move(fd)) {}
  explicit OutputFile(SealedOutput sealed) : sealed_(std::move(sealed)) {}
  // One that holds something already.
  static base::Result<OutputFile> reopen(const std::filesystem::path& path);

  base::Result<void> append(std::span<const std::uint8_t> bytes);
  base::Result<void> rewrite(std::uint64_t offset, std::span<const std::uint8_t> bytes);
  base::Result<void> truncate(std::uint64_t size);
  base::Result<void> flush();  // into the kernel: survives a kill. A plain file has everything there already
  base::Result<void> end();    // it is whole; only flush() and sync() follow
  base::Result<void> sync();   // flush, fsync
  // How many bytes there were at `offset`: fewer than asked for only at the end. Not of one that is sealed.
  base::Result<std::size_t> read(std::uint64_t offset, std::span<std::uint8_t> out) const;
  std::uint64_t size() const { return sealed_ ? sealed_->size() : size_; }
  std::uint64_t size_on_disk() const { return sealed_ ? sealed_->size_on_disk() : size_; }

 private:
  base::Fd fd_;  // none where it is sealed
  std::uint64_t size_ = 0;
  std::optional<SealedOutput> sealed_;
};

}  // namespace record
