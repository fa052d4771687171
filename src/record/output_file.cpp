#include "record/output_file.hpp"

#include <cerrno>
#include <cstring>
#include <unistd.h>

#include "storage/disk_error.hpp"

namespace record {
namespace {

// Zero, or the errno of what went wrong.
int write_all(int fd, std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    if (written == 0) return ENOSPC;
    offset += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return 0;
}

}  // namespace

base::Result<void> OutputFile::append(std::span<const std::uint8_t> bytes) {
  if (const int error = write_all(fd_.get(), size_, bytes); error != 0) {
    // What fitted of it goes again: half a frame plays as noise. (If this fails too, it does.)
    [[maybe_unused]] const int ignored = ::ftruncate(fd_.get(), static_cast<off_t>(size_));
    return storage::disk_error("write", error);
  }
  size_ += bytes.size();
  return {};
}

base::Result<void> OutputFile::rewrite(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  if (const int error = write_all(fd_.get(), offset, bytes); error != 0) return storage::disk_error("rewrite", error);
  if (offset + bytes.size() > size_) size_ = offset + bytes.size();
  return {};
}

base::Result<void> OutputFile::truncate(std::uint64_t size) {
  if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return storage::disk_error("truncate", errno);
  size_ = size;
  return {};
}

base::Result<void> OutputFile::sync() {
  while (::fsync(fd_.get()) != 0) {
    if (errno != EINTR) return storage::disk_error("fsync", errno);
  }
  return {};
}

}  // namespace record
