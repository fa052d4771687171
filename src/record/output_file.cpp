#include "record/output_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
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

base::Result<OutputFile> OutputFile::reopen(const std::filesystem::path& path) {
  OutputFile file(base::Fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW)));
  struct stat status {};
  if (!file.fd_ || ::fstat(file.fd_.get(), &status) != 0) return storage::disk_error("open " + path.string(), errno);
  if (!S_ISREG(status.st_mode)) return storage::disk_error("open " + path.string(), EINVAL);
  file.size_ = static_cast<std::uint64_t>(status.st_size);
  return file;
}

base::Result<void> OutputFile::append(std::span<const std::uint8_t> bytes) {
  if (sealed_) return sealed_->append(bytes);
  if (const int error = write_all(fd_.get(), size_, bytes); error != 0) {
    // What fitted of it goes again: half a frame plays as noise. (If this fails too, it does.)
    [[maybe_unused]] const int ignored = ::ftruncate(fd_.get(), static_cast<off_t>(size_));
    return storage::disk_error("write", error);
  }
  size_ += bytes.size();
  return {};
}

base::Result<void> OutputFile::rewrite(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  if (sealed_) return sealed_->rewrite(offset, bytes);
  if (const int error = write_all(fd_.get(), offset, bytes); error != 0) return storage::disk_error("rewrite", error);
  if (offset + bytes.size() > size_) size_ = offset + bytes.size();
  return {};
}

base::Result<void> OutputFile::truncate(std::uint64_t size) {
  if (sealed_) return sealed_->truncate(size);
  if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0) return storage::disk_error("truncate", errno);
  size_ = size;
  return {};
}

base::Result<std::size_t> OutputFile::read(std::uint64_t offset, std::span<std::uint8_t> out) const {
  if (sealed_) return base::Error{base::Kind::internal, "read: what is encrypted cannot be read back"};
  std::size_t got = 0;
  while (got < out.size()) {
    const ssize_t count = ::pread(fd_.get(), out.data() + got, out.size() - got, static_cast<off_t>(offset + got));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return storage::disk_error("read", errno);
    if (count == 0) break;
    got += static_cast<std::size_t>(count);
  }
  return got;
}

base::Result<void> OutputFile::flush() {
  if (sealed_) return sealed_->flush();
  return {};
}

base::Result<void> OutputFile::end() {
  if (sealed_) return sealed_->end();
  return {};
}

base::Result<void> OutputFile::sync() {
  if (sealed_) return sealed_->sync();
  while (::fsync(fd_.get()) != 0) {
    if (errno != EINTR) return storage::disk_error("fsync", errno);
  }
  return {};
}

}  // namespace record
