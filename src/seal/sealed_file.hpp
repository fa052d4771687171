#pragma once
// A file on the disk that is encrypted as it is written: what record::OutputFile is for plain ones, with the same
// promises. Whatever sync() has returned for can be decrypted after a kill or a loss of power; bytes wait in memory no
// longer than until the next sync() or flush(). Owned by one writer thread.

#include <cstdint>
#include <span>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "seal/sealer.hpp"

namespace seal {

class SealedFile {
 public:
  // `fd`: of an empty file.
  SealedFile(base::Fd fd, Sealer sealer) : fd_(std::move(fd)), sealer_(std::move(sealer)) {}

  // Errors: no_resources (ENOSPC, EDQUOT), else internal. After one of them only sync() and size() make sense: what is
  // on the disk is as it was before, and can be decrypted.
  base::Result<void> append(std::span<const std::uint8_t> bytes);
  base::Result<void> rewrite(std::uint64_t offset, std::span<const std::uint8_t> bytes);
  base::Result<void> truncate(std::uint64_t size);
  // Into the kernel: survives a kill.
  base::Result<void> flush();
  // Onto the disk.
  base::Result<void> sync();
  // The file is whole; only sync() follows.
  base::Result<void> end();

  std::uint64_t size() const { return sealer_.size(); }    // as it will be decrypted
  std::uint64_t size_on_disk() const { return on_disk_; }  // as it is
  int fd() const { return fd_.get(); }

 private:
  base::Result<void> write_out();

  base::Fd fd_;
  Sealer sealer_;
  std::vector<std::uint8_t> out_;
  std::uint64_t on_disk_ = 0;
  int failed_ = 0;  // errno: a record that is not there cannot be followed by others
};

}  // namespace seal
