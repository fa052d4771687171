#include "play/file_roots.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>

#include "play/uri_list.hpp"

namespace play {

namespace fs = std::filesystem;
using base::Fd;
using base::Result;

namespace {

base::Error not_allowed(const std::string& path) {
  return {base::Kind::not_allowed, in_quotes(path) + " is not below a folder that may be played from",
          base::Fault::peer};
}

base::Error cannot(const std::string& path, int error) {
  return {base::Kind::not_acceptable, in_quotes(path) + ": " + std::strerror(error), base::Fault::destination};
}

// Opens `below` step by step, so that no step can be a link out of the root.
Result<Fd> walk(const fs::path& root, const fs::path& below, const std::string& shown) {
  Fd at(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!at) return cannot(shown, errno);
  for (auto step = below.begin(); step != below.end(); ++step) {
    const bool last = std::next(step) == below.end();
    // Non-blocking: what is there may be a FIFO.
    const int flags = last ? O_RDONLY | O_NONBLOCK | O_NOCTTY : O_PATH | O_DIRECTORY;
    Fd next(::openat(at.get(), step->c_str(), flags | O_NOFOLLOW | O_CLOEXEC));
    if (!next) {
      const int error = errno;
      struct stat status {};
      const bool is_link =
          ::fstatat(at.get(), step->c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode);
      return is_link ? not_allowed(shown) : cannot(shown, error);
    }
    at = std::move(next);
  }
  struct stat status {};
  if (::fstat(at.get(), &status) != 0) return cannot(shown, errno);
  if (!S_ISREG(status.st_mode)) return cannot(shown, S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
  return at;
}

}  // namespace

FileRoots::FileRoots(std::vector<fs::path> roots) {
  for (const fs::path& root : roots) {
    fs::path normal = root.lexically_normal();
    if (!normal.has_filename() && normal.has_relative_path()) normal = normal.parent_path();  // "/sounds/"
    roots_.push_back(std::move(normal));
  }
}

Result<Fd> FileRoots::open(const std::string& path) const {
  const fs::path wanted = path;
  if (!wanted.is_absolute() || std::ranges::find(wanted, "..") != wanted.end()) return not_allowed(path);
  const fs::path normal = wanted.lexically_normal();
  Result<Fd> result = not_allowed(path);
  for (const fs::path& root : roots_) {
    const fs::path below = normal.lexically_relative(root);
    if (below.empty() || below == "." || *below.begin() == "..") continue;
    result = walk(root, below, path);
    if (result) return result;
  }
  return result;
}

}  // namespace play
