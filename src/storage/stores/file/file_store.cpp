#include "storage/stores/file/file_store.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <string_view>
#include <system_error>
#include <unistd.h>

#include "base/fd.hpp"
#include "storage/directories.hpp"
#include "storage/disk_error.hpp"
#include "storage/file_name.hpp"

namespace storage {
namespace {

constexpr int kMostOfOneName = 10000;
constexpr mode_t kFileMode = 0640;

// Zero, or the errno; EEXIST if there is such a file already.
int move_without_replacing(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // A file system without it (NFS): a link does not replace either.
  if (::link(from.c_str(), to.c_str()) != 0) return errno;
  ::unlink(from.c_str());
  return 0;
}

// Zero or an errno.
int write_synced(const std::filesystem::path& path, std::string_view text) {
  const base::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!fd) return errno;
  while (!text.empty()) {
    const ssize_t written = ::write(fd.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? errno : ENOSPC;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(fd.get()) == 0 ? 0 : errno;
}

struct SidecarFile {
  std::filesystem::path part, whole;

  // Zero or an errno; leaves nothing behind where it fails.
  int place(const std::string& text) const {
    int error = write_synced(part, text);
    if (error == 0) error = move_without_replacing(part, whole);
    if (error != 0) ::unlink(part.c_str());
    return error;
  }
};

}  // namespace

std::filesystem::path FileStore::folder_of(const std::string& stem) const { return directory_ / day_folder(stem); }

base::Result<void> FileStore::prepare(const SpoolFile& file) const { return make_directories(folder_of(file.stem)); }

std::vector<std::filesystem::path> FileStore::sidecars_of(const std::string& stem) const {
  constexpr int kMostLookedFor = 20;
  std::vector<std::filesystem::path> found;
  for (int number = 1; number <= kMostLookedFor; ++number) {
    auto path = folder_of(stem) / ((number == 1 ? stem : stem + "-" + std::to_string(number)) + ".json");
    std::error_code ignored;
    if (std::filesystem::is_regular_file(path, ignored)) found.push_back(std::move(path));
  }
  return found;
}

base::Result<Stored> FileStore::store(const SpoolFile& file, const Sidecar& sidecar,
                                      const std::string& sidecar_extension) const {
  const std::filesystem::path folder = folder_of(file.stem);
  if (auto made = make_directories(folder); !made) return std::move(made.error());
  Stored stored;
  int error = EEXIST;
  for (int number = 1; error == EEXIST && number <= kMostOfOneName; ++number) {
    const std::string stem = number == 1 ? file.stem : file.stem + "-" + std::to_string(number);
    stored = {folder / (stem + "." + file.extension), {}};
    const SidecarFile beside{file.path.parent_path() / (file.path.stem().string() + ".json.part"),
                             folder / (stem + sidecar_extension)};
    const auto content = sidecar ? sidecar(stored.path.filename().string()) : std::string();
    if (!content) stored.sidecar_error = content.error().text;
    if (sidecar && content) {
      error = beside.place(*content);
      if (error == EEXIST) continue;  // the name belongs to another recording, of whatever format
      if (error != 0) stored.sidecar_error = disk_error("write " + beside.whole.string(), error).text;
    }
    error = move_without_replacing(file.path, stored.path);
    if (error != 0 && sidecar && stored.sidecar_error.empty()) ::unlink(beside.whole.c_str());
  }
  if (error != 0) return disk_error("move " + file.path.string() + " to " + stored.path.string(), error);
  // If this fails the file is there all the same, and whole; only a power cut could still take it back into the spool.
  [[maybe_unused]] const auto synced = sync_directory(folder);
  return stored;
}

}  // namespace storage
