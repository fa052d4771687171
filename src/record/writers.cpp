#include "record/writers.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace record {

base::Result<std::unique_ptr<Writer>> Writers::start_one() {
  auto writer = make_(last_number_);
  if (auto started = writer->start(); !started) return std::move(started.error());
  ++last_number_;
  return writer;
}

base::Result<void> Writers::start(int count) {
  for (int i = 0; i < count; ++i) {
    auto writer = start_one();
    if (!writer) return std::move(writer.error());
    places_.push_back({std::move(*writer)});
  }
  return {};
}

Writer* Writers::choose(base::Time now) {
  Place* best = nullptr;
  for (Place& place : places_) {
    if (place.writer->is_overdue(now, kPatience)) continue;
    if (best == nullptr || place.recordings < best->recordings) best = &place;
  }
  if (best == nullptr) return nullptr;
  ++best->recordings;
  return best->writer.get();
}

void Writers::release(const Writer* writer) {
  for (Place& place : places_) {
    if (place.writer.get() == writer && place.recordings > 0) --place.recordings;
  }
}

std::vector<Writer*> Writers::watch(base::Time now) {
  put_away();
  std::vector<Writer*> lost;
  for (Place& place : places_) {
    if (!place.writer->is_overdue(now, timeout_)) continue;
    if (given_up_.size() >= kMostGivenUp) break;
    auto fresh = start_one();
    if (!fresh) {
      base::log::error("record", "a writer hangs and cannot be replaced: {}", fresh.error().text);
      continue;
    }
    base::log::error("record", "{} has made no turn for {} s: given up with {} recordings, and replaced",
                     place.writer->name(), timeout_.count() / 1000, place.recordings);
    lost.push_back(place.writer.get());
    given_up_.push_back(std::move(place.writer));
    place = {std::move(*fresh)};
  }
  return lost;
}

// One whose tracks have all had their End; the others are freed when nobody feeds them any more.
void Writers::put_away() {
  std::erase_if(given_up_, [](const std::unique_ptr<Writer>& writer) {
    if (!writer->join(std::chrono::milliseconds(0)) || !writer->is_spent()) return false;
    base::log::warn("record", "{} has come back, and completed what it had", writer->name());
    return true;
  });
}

bool Writers::stop(std::chrono::milliseconds at_most) {
  if (is_hanging_) return false;
  for (Place& place : places_) place.writer->ask_to_stop();
  const base::Time deadline = base::Clock::now() + at_most;
  const auto ends = [deadline](Writer& writer) {
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(deadline - base::Clock::now());
    return writer.join(std::max(rest, std::chrono::milliseconds(0)));
  };
  for (Place& place : places_) is_hanging_ = !ends(*place.writer) || is_hanging_;
  for (auto& writer : given_up_) is_hanging_ = !writer->join(std::chrono::milliseconds(0)) || is_hanging_;
  return !is_hanging_;
}

}  // namespace record
