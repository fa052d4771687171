#include "storage/spool.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/random.hpp"
#include "storage/directories.hpp"
#include "storage/disk_error.hpp"

namespace storage {
namespace {

constexpr mode_t kFileMode = 0640;
constexpr int kMostOfOneName = 10000;

base::Fd create_file(const std::filesystem::path& path) {
  return base::Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kFileMode));
}

}  // namespace

base::Result<void> Spool::make() const { return make_directories(directory_); }

base::Result<void> Spool::prove() const {
  if (auto made = make(); !made) return made;
  const std::filesystem::path path = directory_ / (".probe-" + base::random_id(12));
  const base::Fd fd = create_file(path);
  if (!fd) return disk_error("create a file in " + directory_.string(), errno);
  const ssize_t written = ::write(fd.get(), "probe", 5);
  const int error = written < 0 ? errno : ENOSPC;
  ::unlink(path.c_str());
  if (written != 5) return disk_error("write to " + directory_.string(), error);
  return {};
}

base::Result<void> Spool::check_reserve() const {
  struct statvfs status {};
  if (reserve_ == 0 || ::statvfs(directory_.c_str(), &status) != 0) return {};  // what is wrong shows when it is used
  const std::uint64_t free = std::uint64_t{status.f_bavail} * status.f_frsize;
  if (free >= reserve_) return {};
  constexpr std::uint64_t kMegabyte = 1000000;
  return base::Error{base::Kind::no_resources, "the disk has " + std::to_string(free / kMegabyte) +
                                                   " MB left, and new recordings begin above " +
                                                   std::to_string(reserve_ / kMegabyte)};
}

base::Result<SpoolFile> Spool::create(const std::string& stem, const std::string& extension) const {
  return create(stem, extension, ".part");
}

base::Result<SpoolFile> Spool::create_whole(const std::string& stem, const std::string& extension) const {
  return create(stem, extension, "");
}

base::Result<SpoolFile> Spool::create(const std::string& stem, const std::string& extension, const char* suffix) const {
  SpoolFile file{.fd = {}, .path = {}, .stem = stem, .extension = extension};
  for (int number = 1; number <= kMostOfOneName; ++number) {
    if (number > 1) file.stem = stem + "-" + std::to_string(number);
    file.path = directory_ / (file.name() + suffix);
    file.fd = create_file(file.path);
    if (file.fd) return file;
    if (errno != EEXIST) break;
  }
  return disk_error("open spool file " + file.path.string(), errno);
}

void Spool::remove(const SpoolFile& file) const { ::unlink(file.path.c_str()); }

}  // namespace storage
