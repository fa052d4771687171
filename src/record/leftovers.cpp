#include "record/leftovers.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <map>
#include <set>
#include <string_view>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>

#include "base/log.hpp"
#include "storage/delivery_entry.hpp"
#include "storage/disk_error.hpp"

namespace record {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kJournal = ".journal";
constexpr std::string_view kPart = ".part";
constexpr std::string_view kProbe = ".probe-";
constexpr std::string_view kDraft = ".new";    // of an entry or of an upload's state: holds no audio
constexpr std::chrono::minutes kAbandoned{1};  // a draft is a matter of moments; those of uploads may be being written
constexpr std::size_t kLongestJournal = std::size_t{256} << 20U;  // bytes that are read of one

// "2026…-call-record" of "2026…-call-record-visit2-part3.wav.part": what a recording without journal is called.
std::string stem_of(std::string_view file) {
  std::string_view stem = file.substr(0, file.find('.'));
  for (const std::string_view suffix : {"-part", "-visit", "-master", "-final"}) {
    const std::size_t at = stem.rfind(suffix);
    if (at == std::string_view::npos || at == 0) continue;
    const std::string_view number = stem.substr(at + suffix.size());
    const bool is_one = number.find_first_not_of("0123456789-") == std::string_view::npos;
    if (is_one) stem = stem.substr(0, at);
  }
  return std::string(stem);
}

bool belongs(std::string_view file, std::string_view stem) {
  return file.starts_with(stem) && file.size() > stem.size() && (file[stem.size()] == '.' || stem_of(file) == stem);
}

std::string content(const fs::path& path) {
  std::string text;
  const base::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  while (fd && text.size() < kLongestJournal) {
    char block[1 << 16];
    const ssize_t got = ::read(fd.get(), block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(block, static_cast<std::size_t>(got));
  }
  return text;
}

bool is_of_delivery(std::string_view name) {
  return name.ends_with(".delivery") || name.ends_with(".upload") || name == ".lock";
}

bool is_abandoned(const fs::path& path) {
  std::error_code error;
  const auto written = fs::last_write_time(path, error);
  return !error && written < fs::file_time_type::clock::now() - kAbandoned;
}

// What the delivery queue has taken over: it is not left.
struct Delivering {
  std::set<std::string> stems, files;
};
Delivering what_is_delivered(const fs::path& spool) {
  Delivering all;
  std::error_code error;
  for (fs::directory_iterator next(spool, error), end; !error && next != end; next.increment(error)) {
    if (next->path().extension() != ".delivery") continue;
    const auto entry = storage::parse_entry(content(next->path()), spool);
    if (!entry) continue;  // the queue has said so
    all.stems.insert(entry->id());
    for (const storage::Piece& piece : entry->item.pieces) {
      all.files.insert(piece.path.filename().string());
      all.files.insert(piece.path.filename().string() + ".part");
    }
  }
  return all;
}

}  // namespace

base::Result<std::vector<Leftover>> survey(const storage::Spool& spool) {
  std::map<std::string, Leftover> found;  // by stem
  std::vector<std::string> taken;         // stems of recordings that run
  std::vector<std::string> files;
  const Delivering delivering = what_is_delivered(spool.directory());
  std::error_code error;
  for (fs::directory_iterator next(spool.directory(), error), end; !error && next != end; next.increment(error)) {
    const std::string name = next->path().filename().string();
    std::error_code unknown;
    if (!next->is_regular_file(unknown) || next->is_symlink(unknown)) continue;
    if (delivering.files.contains(name)) continue;
    if (name.ends_with(kPart)) {
      files.push_back(name);
    } else if (name.starts_with(kProbe)) {
      ::unlink(next->path().c_str());
    } else if (name.ends_with(kDraft)) {
      if (is_abandoned(next->path())) ::unlink(next->path().c_str());
    } else if (name.ends_with(kJournal)) {
      const std::string stem = name.substr(0, name.size() - kJournal.size());
      if (delivering.stems.contains(stem)) {  // its entry was written, and this not yet removed
        ::unlink(next->path().c_str());
        continue;
      }
      base::Fd lock(::open(next->path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
      if (lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        taken.push_back(stem);
        continue;
      }
      found[stem] = {stem, read_story(content(next->path())), next->path(), std::move(lock), {}};
    } else if (!is_of_delivery(name)) {  // it may hold audio
      base::log::warn("record", "{} belongs to no recording that is known here; it stays", next->path().string());
    }
  }
  if (error) return storage::disk_error("list " + spool.directory().string(), error.value());

  std::map<std::string, std::string> owners;  // of files that a journal names
  for (const auto& [stem, leftover] : found) {
    for (const StoryTrack& track : leftover.story.tracks) {
      for (const StoryPart& part : track.parts) owners.emplace(part.file, stem);
    }
  }
  for (const std::string& file : files) {
    if (std::ranges::any_of(taken, [&](const std::string& stem) { return belongs(file, stem); })) continue;
    const auto owner = owners.find(file);
    const std::string stem = owner != owners.end() ? owner->second : stem_of(file);
    if (owner == owners.end() && delivering.stems.contains(stem)) {
      ::unlink((spool.directory() / file).c_str());
      continue;
    }
    Leftover& leftover = found[stem];
    leftover.stem = stem;
    leftover.files.push_back(file);
  }
  std::vector<Leftover> all;
  for (auto& [stem, leftover] : found) {
    std::ranges::sort(leftover.files);
    all.push_back(std::move(leftover));
  }
  return all;
}

}  // namespace record
