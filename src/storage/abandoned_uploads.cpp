#include "storage/abandoned_uploads.hpp"

#include <algorithm>
#include <string_view>
#include <sys/stat.h>

#include "storage/disk_error.hpp"

namespace storage {
namespace {

namespace fs = std::filesystem;

bool is_there(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

// "x.mp3" of "x.mp3.0a1b2c3d.upload"; empty if it is no such name.
std::string file_of(std::string_view name) {
  constexpr std::string_view kSuffix = ".upload";
  if (!name.ends_with(kSuffix)) return {};
  name.remove_suffix(kSuffix.size());
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? "" : std::string(name.substr(0, dot));
}

}  // namespace

base::Result<std::vector<fs::path>> abandoned_uploads(const fs::path& spool,
                                                      const std::function<bool(const std::string& name)>& is_alive) {
  std::vector<fs::path> found;
  std::error_code failed;
  for (fs::directory_iterator at(spool, failed), end; !failed && at != end; at.increment(failed)) {
    const std::string name = file_of(at->path().filename().string());
    if (name.empty() || is_alive(name)) continue;
    const std::string file = (spool / name).string();
    // In this order: the one becomes the other.
    if (!is_there(file + ".part") && !is_there(file)) found.emplace_back(file);
  }
  if (failed) return disk_error("read " + spool.string(), failed.value());
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace storage
