#include "storage/synced_file.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <unistd.h>

#include "base/fd.hpp"
#include "storage/directories.hpp"
#include "storage/disk_error.hpp"

namespace storage {
namespace {

constexpr mode_t kFileMode = 0640;

base::Result<void> write_synced(const std::filesystem::path& path, std::string_view text) {
  const base::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!fd) return disk_error("make " + path.string(), errno);
  while (!text.empty()) {
    const ssize_t written = ::write(fd.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return disk_error("write " + path.string(), written < 0 ? errno : ENOSPC);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd.get()) != 0) return disk_error("fsync " + path.string(), errno);
  return {};
}

}  // namespace

base::Result<void> replace_file(const std::filesystem::path& path, std::string_view text) {
  const std::filesystem::path draft = path.string() + ".new";
  if (auto written = write_synced(draft, text); !written) {
    ::unlink(draft.c_str());
    return written;
  }
  if (::rename(draft.c_str(), path.c_str()) != 0) return disk_error("replace " + path.string(), errno);
  return sync_directory(path.parent_path());
}

std::string file_text(const std::filesystem::path& path, std::uintmax_t most) {
  std::error_code failed;
  const std::uintmax_t size = std::filesystem::file_size(path, failed);
  if (failed || size > most) return {};
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace storage
