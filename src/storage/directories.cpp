#include "storage/directories.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.hpp"
#include "storage/disk_error.hpp"

namespace storage {
namespace {

constexpr mode_t kDirectoryMode = 0750;

}  // namespace

base::Result<void> make_directories(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return {};
    return disk_error("make directory " + path.string(), ENOTDIR);
  }
  const std::filesystem::path parent = path.parent_path();
  if (!parent.empty() && parent != path) {
    if (auto made = make_directories(parent); !made) return made;
  }
  if (::mkdir(path.c_str(), kDirectoryMode) != 0) {
    if (errno == EEXIST) return {};  // another writer was faster
    return disk_error("make directory " + path.string(), errno);
  }
  return parent.empty() ? base::Result<void>() : sync_directory(parent);
}

base::Result<void> sync_directory(const std::filesystem::path& path) {
  const base::Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return disk_error("open directory " + path.string(), errno);
  // Some file systems do not know this for directories; they say EINVAL.
  if (::fsync(fd.get()) != 0 && errno != EINVAL) return disk_error("fsync directory " + path.string(), errno);
  return {};
}

}  // namespace storage
