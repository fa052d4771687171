#include "storage/delivery_journal.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/directories.hpp"
#include "storage/disk_error.hpp"
#include "storage/synced_file.hpp"

namespace storage {
namespace {

namespace fs = std::filesystem;
using base::Result;

constexpr mode_t kFileMode = 0640;
constexpr std::uintmax_t kLargestEntry = 1'000'000;

// A piece whose entry was written and that had not got its name yet.
void name_parts(const DeliveryEntry& entry) {
  for (const Piece& piece : entry.item.pieces) {
    const fs::path path = DeliveryJournal::where_it_lies(piece);
    if (path != piece.path) ::renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, piece.path.c_str(), RENAME_NOREPLACE);
  }
}

}  // namespace

Result<void> DeliveryJournal::lock() {
  if (auto made = make_directories(spool_); !made) return made;
  const fs::path path = spool_ / ".lock";
  lock_ = base::Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!lock_) return disk_error("make " + path.string(), errno);
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0) return {};
  const int error = errno;
  lock_.reset();
  if (error != EWOULDBLOCK) return disk_error("lock " + path.string(), error);
  return base::Error{base::Kind::unavailable, spool_.string() + " is in use by another process"};
}

Result<void> DeliveryJournal::write(const DeliveryEntry& entry) const {
  return replace_file(path_of(entry.id()), entry_text(entry));
}

// In this order: a power cut in between leaves an entry whose pieces recover() finds.
Result<void> DeliveryJournal::begin(const DeliveryEntry& entry) const {
  if (auto written = write(entry); !written) return written;
  name_parts(entry);
  for (const fs::path& path : entry.obsolete) ::unlink(path.c_str());
  return {};
}

fs::path DeliveryJournal::where_it_lies(const Piece& piece) {
  struct stat status {};
  const std::string part = piece.path.string() + ".part";
  const bool has_no_name = ::lstat(piece.path.c_str(), &status) != 0 && ::lstat(part.c_str(), &status) == 0;
  return has_no_name ? fs::path(part) : piece.path;
}

Result<void> DeliveryJournal::forget(const DeliveryEntry& entry) const {
  // Of one that could never be written down.
  for (const fs::path& path : entry.obsolete) ::unlink(path.c_str());
  for (const Piece& piece : entry.item.pieces) {
    const fs::path path = where_it_lies(piece);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return disk_error("remove " + path.string(), errno);
  }
  // The entry goes last: files without one would be taken for recordings that nobody has delivered.
  if (auto synced = sync_directory(spool_); !synced) return synced;
  const fs::path path = path_of(entry.id());
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return disk_error("remove " + path.string(), errno);
  return {};
}

Result<DeliveryJournal::Found> DeliveryJournal::recover() const {
  Found found;
  std::error_code failed;
  for (fs::directory_iterator at(spool_, failed), end; !failed && at != end; at.increment(failed)) {
    const fs::path& path = at->path();
    if (path.string().ends_with(".delivery.new")) {
      ::unlink(path.c_str());  // never became an entry; the one before it counts
    } else if (path.extension() == ".delivery") {
      auto entry = parse_entry(file_text(path, kLargestEntry), spool_);
      if (!entry) {
        found.unreadable.push_back(path.string() + ": " + entry.error().text);
      } else {
        name_parts(*entry);
        found.entries.push_back(std::move(*entry));
      }
    }
  }
  if (failed) return disk_error("read " + spool_.string(), failed.value());
  const auto order = [](const auto& a, const auto& b) { return a.spooled < b.spooled; };
  std::sort(found.entries.begin(), found.entries.end(), order);
  return found;
}

}  // namespace storage
