#include "seal/sealed_file.hpp"

#include <cerrno>
#include <system_error>
#include <unistd.h>

namespace seal {
namespace {

base::Error disk_error(const char* attempt, int error) {
  const bool may_work_later = error == ENOSPC || error == EDQUOT;
  return {may_work_later ? base::Kind::no_resources : base::Kind::internal,
          std::string(attempt) + ": " + std::generic_category().message(error)};
}

}  // namespace

base::Result<void> SealedFile::write_out() {
  if (failed_ != 0) return disk_error("write", failed_);
  std::span<const std::uint8_t> bytes = out_;
  std::uint64_t at = on_disk_;
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      failed_ = written < 0 ? errno : ENOSPC;
      // Half a record goes again. (If this fails too, whoever decrypts leaves it out.)
      [[maybe_unused]] const int ignored = ::ftruncate(fd_.get(), static_cast<off_t>(on_disk_));
      return disk_error("write", failed_);
    }
    at += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  on_disk_ = at;
  out_.clear();
  return {};
}

base::Result<void> SealedFile::append(std::span<const std::uint8_t> bytes) {
  sealer_.append(bytes, out_);
  return write_out();
}

base::Result<void> SealedFile::rewrite(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  sealer_.rewrite(offset, bytes, out_);
  return write_out();
}

base::Result<void> SealedFile::truncate(std::uint64_t size) {
  sealer_.truncate(size, out_);
  return write_out();
}

base::Result<void> SealedFile::flush() {
  sealer_.flush(out_);
  return write_out();
}

base::Result<void> SealedFile::sync() {
  if (failed_ == 0) {
    if (auto flushed = flush(); !flushed) return flushed;
  }
  while (::fdatasync(fd_.get()) != 0) {
    if (errno != EINTR) return disk_error("fdatasync", errno);
  }
  return {};
}

base::Result<void> SealedFile::end() {
  sealer_.end(out_);
  return write_out();
}

}  // namespace seal
