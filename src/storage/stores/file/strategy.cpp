// The strategy "file": recordings in a directory of this machine, or one that is mounted.
//
//   directory   where they go; absolute
//   path        a template below it (storage/path_template.hpp); "{date}/{name}"
//   mode        of a file, as a string of octal digits: "0640"
//   public-url  of the directory on a web server; without it a recording's uri is file:
//
// In the spool's own file system a recording is a second link to the spooled file: nothing is copied and nothing is
// ever half there. Elsewhere it is copied under another name, synced, read back against the checksum and then renamed.

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <vector>

#include "base/fd.hpp"
#include "storage/checksum.hpp"
#include "storage/directories.hpp"
#include "storage/disk_error.hpp"
#include "storage/file_name.hpp"
#include "storage/path_template.hpp"
#include "storage/stores/store.hpp"

namespace storage::file {
namespace {

namespace fs = std::filesystem;
using base::Result;

constexpr int kMostOfOneName = 1000;

struct Options {
  fs::path directory;
  PathTemplate path;
  mode_t mode = 0640;
  std::string public_url;
};

bool cannot_link(int error) {
  return error == EXDEV || error == EPERM || error == EMLINK || error == ENOSYS || error == EOPNOTSUPP ||
         error == EACCES;
}

// "x-2.mp3"
fs::path numbered(const fs::path& path, int number) {
  if (number == 1) return path;
  return path.parent_path() / (path.stem().string() + "-" + std::to_string(number) + path.extension().string());
}

// Whether that very content is in what was found there.
Result<bool> holds(const fs::path& path, const struct stat& status, const Piece& piece) {
  if (!S_ISREG(status.st_mode) || static_cast<std::uint64_t>(status.st_size) != piece.size) return false;
  auto digest = digest_of_file(Digest::sha256, path);
  if (!digest) return std::move(digest.error());
  return hex(*digest) == piece.sha256;
}

// Whether an earlier attempt has put it there.
Result<bool> is_same(const Piece& piece, const fs::path& there) {
  struct stat ours {};
  struct stat theirs {};
  if (::stat(piece.path.c_str(), &ours) != 0) return disk_error("look at " + piece.path.string(), errno);
  if (::lstat(there.c_str(), &theirs) != 0) return disk_error("look at " + there.string(), errno);
  if (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino) return true;
  return holds(there, theirs, piece);
}

Result<void> copy(const Piece& piece, const fs::path& to, mode_t mode, const std::atomic<bool>& stopping) {
  constexpr std::size_t kBlock = 256 * 1024;
  const base::Fd in(::open(piece.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!in) return disk_error("open " + piece.path.string(), errno);
  const base::Fd out(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!out) return disk_error("make " + to.string(), errno);
  std::vector<char> block(kBlock);
  for (;;) {
    if (stopping) return base::Error{base::Kind::unavailable, "the server is being stopped"};
    const ssize_t got = ::read(in.get(), block.data(), kBlock);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return disk_error("read " + piece.path.string(), errno);
    if (got == 0) break;
    for (ssize_t done = 0; done < got;) {
      const ssize_t written = ::write(out.get(), block.data() + done, static_cast<std::size_t>(got - done));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return disk_error("write " + to.string(), written < 0 ? errno : ENOSPC);
      done += written;
    }
  }
  if (::fchmod(out.get(), mode) != 0) return disk_error("set the mode of " + to.string(), errno);
  if (::fsync(out.get()) != 0) return disk_error("fsync " + to.string(), errno);
  auto digest = digest_of_file(Digest::sha256, to);
  if (!digest) return std::move(digest.error());
  if (hex(*digest) != piece.sha256) {
    return base::Error{base::Kind::internal, to.string() + " is not what was written to it: its checksum differs"};
  }
  return {};
}

Result<void> unlink_there(const fs::path& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR) return {};
  return disk_error("remove " + path.string(), errno);
}

class FileStore final : public Store {
 public:
  explicit FileStore(Options options) : options_(std::move(options)) {}

  Result<Receipt> store(const Item& item, const std::atomic<bool>& stopping) override {
    fs::path placed;
    for (auto piece = item.pieces.rbegin(); piece != item.pieces.rend(); ++piece) {
      auto path = place(*piece, options_.directory / options_.path.path(item.about, *piece), stopping);
      if (!path) return std::move(path.error());
      placed = std::move(*path);
    }
    return Receipt{uri_of(placed), placed};
  }

  std::string expected_uri(const Item& item) const override {
    return item.pieces.empty() ? "" : uri_of(options_.directory / options_.path.path(item.about, item.pieces.front()));
  }

  // The recording is where its uri says; what belongs to it is at its own place, or under a number there, and is known
  // by its content.
  Result<void> remove(const Item& item, const std::string& uri, const std::atomic<bool>& /*stopping*/) override {
    const Piece& recording = item.pieces.front();
    const fs::path path = path_of(uri);
    if (path.string().find(item.about.id) == std::string::npos) {
      return base::Error{base::Kind::conflict, uri + " is none of this store's, as it is configured now"};
    }
    if (auto removed = unlink_there(path); !removed) return removed;
    for (const Piece& piece : item.pieces) {
      if (&piece == &recording) continue;
      const fs::path wanted = options_.directory / options_.path.path(item.about, piece);
      for (int number = 1; number <= kMostOfOneName; ++number) {
        const fs::path there = numbered(wanted, number);
        struct stat status {};
        if (::lstat(there.c_str(), &status) != 0) break;
        auto is_it = holds(there, status, piece);
        if (!is_it) return std::move(is_it.error());
        if (!*is_it) continue;
        if (auto removed = unlink_there(there); !removed) return removed;
        break;
      }
    }
    return {};
  }

 private:
  // Empty: of another place.
  fs::path path_of(const std::string& uri) const {
    constexpr std::string_view kFile = "file:";
    const std::string root = options_.public_url + "/";
    const bool is_public = !options_.public_url.empty() && uri.starts_with(root);
    if (!is_public && !uri.starts_with(kFile)) return {};
    const fs::path path = path_decoded(uri.substr(is_public ? root.size() : kFile.size()));
    if (std::find(path.begin(), path.end(), "..") != path.end()) return {};
    return is_public ? options_.directory / path : path;
  }

  std::string uri_of(const fs::path& path) const {
    if (options_.public_url.empty()) return file_uri(path);
    return options_.public_url + "/" + path_encoded(path.lexically_relative(options_.directory).string());
  }

  // Where it is now: `wanted`, or the next free name.
  Result<fs::path> place(const Piece& piece, const fs::path& wanted, const std::atomic<bool>& stopping) const {
    const fs::path folder = wanted.parent_path();
    if (auto made = make_directories(folder); !made) return std::move(made.error());
    const fs::path draft = folder / ("." + piece.name + ".part");
    bool copied = false;
    int error = EEXIST;
    fs::path to;
    for (int number = 1; error == EEXIST && number <= kMostOfOneName; ++number) {
      to = numbered(wanted, number);
      error = ::link((copied ? draft : piece.path).c_str(), to.c_str()) == 0 ? 0 : errno;
      if (!copied && cannot_link(error)) {
        if (auto made = copy(piece, draft, options_.mode, stopping); !made) {
          ::unlink(draft.c_str());
          return std::move(made.error());
        }
        copied = true;
      }
      if (copied && error != EEXIST) {
        error = ::renameat2(AT_FDCWD, draft.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0 ? 0 : errno;
      }
      if (error != EEXIST) continue;
      auto same = is_same(piece, to);
      if (!same) return std::move(same.error());
      if (*same) error = 0;
    }
    ::unlink(draft.c_str());
    if (error != 0) return disk_error("put " + piece.path.string() + " at " + to.string(), error);
    if (!copied) ::chmod(to.c_str(), options_.mode);
    if (auto synced = sync_directory(folder); !synced) return std::move(synced.error());
    return to;
  }

  const Options options_;
};

class FileStrategy final : public Strategy {
 public:
  std::string_view name() const override { return "file"; }

  Result<std::unique_ptr<Store>> open(Settings& settings) const override {
    auto path = PathTemplate::parse(settings.text("path", "{date}/{name}"));
    if (!path) return std::move(path.error()).in("path");
    Options options{settings.text("directory"), std::move(*path), 0640, settings.text("public-url")};
    if (!options.directory.is_absolute()) settings.refuse("directory", "an absolute path");
    while (options.public_url.ends_with('/')) options.public_url.pop_back();
    const std::string mode = settings.text("mode", "0640");
    const bool octal = !mode.empty() && mode.size() <= 4 && mode.find_first_not_of("01234567") == std::string::npos;
    if (octal) options.mode = static_cast<mode_t>(std::stoul(mode, nullptr, 8));
    if (!octal || (options.mode & ~0666U) != 0 || (options.mode & 0400U) == 0) {
      settings.refuse("mode", "octal digits such as \"0640\", readable by the owner, not executable");
    }
    return std::unique_ptr<Store>(std::make_unique<FileStore>(std::move(options)));
  }
};

}  // namespace

std::span<const Strategy* const> stores() {
  static const FileStrategy instance;
  static const std::array<const Strategy*, 1> all = {&instance};
  return all;
}

}  // namespace storage::file
