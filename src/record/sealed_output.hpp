#pragma once
// An OutputFile's bytes on their way into a file that is encrypted as it grows (docs/encryption.md). Such a file only
// ever gets longer, also where a header is rewritten: the rewrites of a checkpoint are therefore kept back until the
// end, and only the last of each place is written. After a crash the headers are those of the beginning; whoever
// decrypts puts them right (Format::repair). Owned by one writer thread.

#include <cstdint>
#include <span>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "seal/sealed_file.hpp"

namespace record {

class SealedOutput {
 public:
  // `fd`: of an empty file.
  static base::Result<SealedOutput> open(base::Fd fd, std::span<const seal::Recipient> recipients);

  base::Result<void> append(std::span<const std::uint8_t> bytes) { return file_.append(bytes); }
  // Within what was appended.
  base::Result<void> rewrite(std::uint64_t offset, std::span<const std::uint8_t> bytes);
  // `size`: not above size().
  base::Result<void> truncate(std::uint64_t size);
  base::Result<void> flush() { return file_.flush(); }  // into the kernel
  base::Result<void> sync() { return file_.sync(); }
  base::Result<void> end();

  std::uint64_t size() const { return file_.size(); }  // as it will be decrypted
  std::uint64_t size_on_disk() const { return file_.size_on_disk(); }

 private:
  struct Rewrite {
    std::uint64_t offset = 0;
    std::vector<std::uint8_t> bytes;
  };

  explicit SealedOutput(seal::SealedFile file) : file_(std::move(file)) {}
  base::Result<void> write_kept();

  seal::SealedFile file_;
  std::vector<Rewrite> kept_;  // in the order in which they came
};

}  // namespace record
