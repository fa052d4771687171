#include "storage/stores/file/file_store.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

#include "storage/directories.hpp"
#include "storage/disk_error.hpp"
#include "storage/file_name.hpp"

namespace storage {
namespace {

constexpr int kMostOfOneName = 10000;

// Zero, or the errno; EEXIST if there is such a file already.
int move_without_replacing(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // A file system without it (NFS): a link does not replace either.
  if (::link(from.c_str(), to.c_str()) != 0) return errno;
  ::unlink(from.c_str());
  return 0;
}

}  // namespace

std::filesystem::path FileStore::folder_of(const SpoolFile& file) const { return directory_ / day_folder(file.stem); }

base::Result<void> FileStore::prepare(const SpoolFile& file) const { return make_directories(folder_of(file)); }

base::Result<std::filesystem::path> FileStore::store(const SpoolFile& file) const {
  const std::filesystem::path folder = folder_of(file);
  if (auto made = make_directories(folder); !made) return std::move(made.error());
  std::filesystem::path path = folder / file.name();
  int error = move_without_replacing(file.path, path);
  for (int number = 2; error == EEXIST && number <= kMostOfOneName; ++number) {
    path = folder / (file.stem + "-" + std::to_string(number) + "." + file.extension);
    error = move_without_replacing(file.path, path);
  }
  if (error != 0) return disk_error("move " + file.path.string() + " to " + path.string(), error);
  // If this fails the file is there all the same, and whole; only a power cut could still take it back into the spool.
  [[maybe_unused]] const auto synced = sync_directory(folder);
  return path;
}

}  // namespace storage
