#include "storage/spool.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
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

base::Result<SpoolFile> Spool::create(const std::string& stem, const std::string& extension) const {
  SpoolFile file{.fd = {}, .path = {}, .stem = stem, .extension = extension};
  for (int number = 1; number <= kMostOfOneName; ++number) {
    if (number > 1) file.stem = stem + "-" + std::to_string(number);
    file.path = directory_ / (file.name() + ".part");
    file.fd = create_file(file.path);
    if (file.fd) return file;
    if (errno != EEXIST) break;
  }
  return disk_error("open spool file " + file.path.string(), errno);
}

void Spool::remove(const SpoolFile& file) const { ::unlink(file.path.c_str()); }

}  // namespace storage
