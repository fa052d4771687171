#include "storage/growth.hpp"

#include <algorithm>
#include <sys/stat.h>

namespace storage {
namespace {

using std::chrono::milliseconds;

// What an encoder may still cut off or write again when it finishes: more than any page or frame.
constexpr std::uint64_t kUnsettled = 128U << 10U;
constexpr int kMostDoublings = 10;

// Nothing: it is not there any more, or is no file.
std::optional<std::uint64_t> settled(const std::filesystem::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  const auto size = static_cast<std::uint64_t>(status.st_size);
  return size > kUnsettled ? size - kUnsettled : 0;
}

}  // namespace

void Growth::add(Growing growing, std::string store, std::uint64_t portion, WallTime now) {
  const std::string id = growing.about.id;
  if (is_busy(id)) return;
  places_[id] = {std::move(growing), std::move(store), portion, 0, now + options_.look, false, false};
}

void Growth::end(const std::string& id) {
  const auto found = places_.find(id);
  if (found == places_.end()) return;
  found->second.ended = true;
  if (!found->second.busy) places_.erase(found);
}

WallTime Growth::when(const Place& place) const {
  const auto pause = pauses_.find(place.store);
  return pause == pauses_.end() ? place.next : std::max(place.next, pause->second.until);
}

std::optional<Growth::Job> Growth::take(WallTime now) {
  for (auto at = places_.begin(); at != places_.end();) {
    Place& place = at->second;
    if (place.busy || when(place) > now) {
      ++at;
      continue;
    }
    const auto size = settled(place.growing.piece.path);
    if (!size) {
      at = places_.erase(at);
      continue;
    }
    // The first portion holds the header, which is written again at the end.
    const bool is_more = *size >= 2 * place.portion && *size / place.portion > place.given / place.portion;
    if (is_more) {
      place.busy = true;
      place.growing.piece.size = *size;
      return Job{place.growing, place.store};
    }
    place.next = now + options_.look;
    ++at;
  }
  return {};
}

void Growth::done(const std::string& id, const base::Result<bool>& result, WallTime now) {
  const auto found = places_.find(id);
  if (found == places_.end()) return;
  Place& place = found->second;
  Pause& pause = pauses_[place.store];
  place.busy = false;
  place.next = now + options_.look;
  if (result) {
    pause = {};
    if (*result) {
      place.next = now;
    } else {
      place.given = place.growing.piece.size;
    }
  } else if (!place.ended) {  // a file that got its name meanwhile is no failure of the store's
    const int doublings = std::min(pause.failures++, kMostDoublings);
    pause.until = now + std::min(options_.look * (1 << doublings), options_.longest_pause);
  }
  if (place.ended) places_.erase(found);
}

std::optional<WallTime> Growth::next_due() const {
  std::optional<WallTime> due;
  for (const auto& [id, place] : places_) {
    if (!place.busy && (!due || when(place) < *due)) due = when(place);
  }
  return due;
}

bool Growth::is_busy(const std::string& id) const {
  const auto found = places_.find(id);
  return found != places_.end() && found->second.busy;
}

bool Growth::holds(const std::string& name) const {
  return std::any_of(places_.begin(), places_.end(),
                     [&](const auto& one) { return one.second.growing.piece.name == name; });
}

}  // namespace storage
