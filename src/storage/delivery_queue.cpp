#include "storage/delivery_queue.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace storage {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::system_clock;
using State = DeliveryEntry::State;

constexpr milliseconds kReleaseWithin{5000};  // after a store works again
constexpr milliseconds kWriteAgain{5000};
constexpr int kMostDoublings = 20;
constexpr int kOutage = 3;  // failures in a row; fewer may be one recording that the store does not want

}  // namespace

DeliveryQueue::DeliveryQueue(DeliveryOptions options, DeliveryJournal& journal, std::function<double()> jitter)
    : options_(options), journal_(journal), jitter_(std::move(jitter)) {}

base::Result<DeliveryQueue::Recovered> DeliveryQueue::recover(WallTime now) {
  auto found = journal_.recover();
  if (!found) return std::move(found.error());
  Recovered recovered;
  recovered.unreadable = std::move(found->unreadable);
  for (DeliveryEntry& entry : found->entries) {
    if (entry.state == State::stored) {
      recovered.stored.push_back(entry);
    } else if (entry.state == State::waiting) {
      ++recovered.waiting;
      // Whatever was wrong may be over. Not all at once.
      entry.next = now + duration_cast<system_clock::duration>(kReleaseWithin * jitter_());
    }
    recovered.found.push_back(entry);
    const std::string id = entry.id();
    places_[id] = Place{.entry = std::move(entry)};
  }
  return recovered;
}

base::Result<void> DeliveryQueue::add(DeliveryEntry entry, WallTime now) {
  assert(!entry.stores.empty() && !entry.item.pieces.empty());
  entry.spooled = now;
  entry.next = now;
  auto written = journal_.begin(entry);
  const std::string id = entry.id();
  Place& place = places_[id] = Place{.entry = std::move(entry)};
  if (written) {
    place.entry.obsolete.clear();
  } else {
    place.write_due = now + kWriteAgain;
  }
  return written;
}

std::vector<std::string> DeliveryQueue::write_down(WallTime now) {
  std::vector<std::string> written;
  for (auto& [id, place] : places_) {
    if (!place.write_due || *place.write_due > now || place.busy) continue;
    if (journal_.begin(place.entry)) {
      place.write_due.reset();
      place.entry.obsolete.clear();
      written.push_back(id);
    } else {
      place.write_due = now + kWriteAgain;
    }
  }
  return written;
}

void DeliveryQueue::told(const std::string& id) {
  const auto found = places_.find(id);
  if (found == places_.end() || found->second.entry.is_told) return;
  DeliveryEntry& entry = found->second.entry;
  entry.is_told = true;
  // What is stored and not kept is gone in a moment. Where this cannot be written it may be told twice.
  if (found->second.write_due || (entry.state == State::stored && options_.keep.count() == 0)) return;
  [[maybe_unused]] const auto written = journal_.write(entry);
}

std::optional<WallTime> DeliveryQueue::when(const Place& place, std::size_t store) const {
  const DeliveryEntry& entry = place.entry;
  WallTime from = entry.next;
  if (store > place.store) from = std::max(from, entry.spooled + options_.fallback_after);
  const auto state = states_.find(entry.stores[store]);
  if (state == states_.end() || state->second.failures == 0) return from;
  if (state->second.busy > 0) return {};
  return std::max(from, state->second.next);
}

std::optional<DeliveryQueue::Job> DeliveryQueue::take(WallTime now) {
  if (busy_ >= static_cast<std::size_t>(options_.concurrency)) return {};
  Place* first = nullptr;
  std::size_t store = 0;
  for (auto& [id, place] : places_) {
    if (place.busy || place.entry.state != State::waiting) continue;
    if (first != nullptr && first->entry.next <= place.entry.next) continue;
    for (std::size_t i = place.store; i < place.entry.stores.size(); ++i) {
      if (const auto from = when(place, i); !from || *from > now) continue;
      first = &place;
      store = i;
      break;
    }
  }
  if (first == nullptr) return {};
  first->store = store;
  DeliveryEntry& entry = first->entry;
  Job job{entry.item, entry.stores[store]};
  // The number of attempts is on disk before one begins, so that a store is told when somebody may have been there
  // before. A disk that cannot take it must not keep a recording from being delivered: then it is told in any case.
  ++entry.item.attempt;
  if (first->write_due) {
    for (Piece& piece : job.item.pieces) piece.path = DeliveryJournal::where_it_lies(piece);
  } else if (!journal_.write(entry)) {
    job.item.attempt = entry.item.attempt;
  }
  first->busy = true;
  ++busy_;
  ++states_[job.store].busy;
  return job;
}

DeliveryQueue::Place& DeliveryQueue::given_back(const std::string& id) {
  const auto found = places_.find(id);
  assert(found != places_.end() && found->second.busy);
  Place& place = found->second;
  place.busy = false;
  --busy_;
  --states_[place.entry.stores[place.store]].busy;
  return place;
}

base::Result<DeliveryEntry> DeliveryQueue::succeeded(const std::string& id, const Receipt& receipt, WallTime now) {
  Place& place = given_back(id);
  DeliveryEntry& entry = place.entry;
  StoreState& state = states_[entry.stores[place.store]];
  const bool works_again = state.failures >= kOutage;
  state.failures = 0;
  state.error.clear();
  DeliveryEntry stored = entry;
  stored.state = State::stored;
  stored.uri = receipt.uri;
  stored.file = receipt.file;
  stored.store = entry.stores[place.store];
  stored.stored = now;
  stored.error.clear();
  // A full disk cannot take that it is stored. It is told all the same where the local files can go at once.
  const bool is_leaving = options_.keep.count() == 0;
  if (auto written = journal_.write(stored); !written && !is_leaving) {
    entry.next = now + back_off(++place.rounds, options_.longest_retry);
    entry.error = written.error().text;
    return std::move(written.error());
  }
  ++state.stored;
  entry = stored;
  if (works_again) release(entry.store, now);
  return stored;
}

void DeliveryQueue::failed(const std::string& id, const std::string& error, WallTime now) {
  Place& place = given_back(id);
  DeliveryEntry& entry = place.entry;
  StoreState& state = states_[entry.stores[place.store]];
  if (state.failures++ == 0) state.failing_since = now;
  state.error = error;
  state.next = now + back_off(state.failures, options_.longest_probe);
  ++state.failed;
  entry.error = entry.stores[place.store] + ": " + error;
  if (place.store + 1 < entry.stores.size() && now - entry.spooled >= options_.fallback_after) {
    ++place.store;
    entry.next = now;
  } else {
    place.store = 0;
    entry.next = now + back_off(++place.rounds, options_.longest_retry);
  }
  // An entry that cannot be written now is still the one before: nothing is lost by it but the text of the error.
  [[maybe_unused]] const auto written = journal_.write(entry);
}

void DeliveryQueue::spoiled(const std::string& id, const std::string& error) {
  DeliveryEntry& entry = given_back(id).entry;
  entry.state = State::spoiled;
  entry.error = error;
  [[maybe_unused]] const auto written = journal_.write(entry);
}

void DeliveryQueue::abandoned(const std::string& id, WallTime now) { given_back(id).entry.next = now; }

void DeliveryQueue::retry(WallTime now, const std::string& id) {
  for (auto& [name, state] : states_) state.next = std::min(state.next, now);
  for (auto& [name, place] : places_) {
    DeliveryEntry& entry = place.entry;
    if (!id.empty() && name != id) continue;
    if (!id.empty() && entry.state == State::spoiled) entry.state = State::waiting;
    entry.next = std::min(entry.next, now);
  }
}

// Doubles from round to round; half of it is chance, so that what failed together does not come back together.
milliseconds DeliveryQueue::back_off(int failures, milliseconds longest) const {
  const double doublings = std::min(failures - 1, kMostDoublings);
  const double wanted = static_cast<double>(options_.first_retry.count()) * std::exp2(doublings);
  const double capped = std::min(wanted, static_cast<double>(longest.count()));
  return milliseconds(static_cast<std::int64_t>(capped * (0.5 + 0.5 * jitter_())));
}

void DeliveryQueue::release(const std::string& store, WallTime now) {
  for (auto& [id, place] : places_) {
    if (place.busy || place.entry.state != State::waiting || place.entry.stores[place.store] != store) continue;
    const WallTime soon = now + duration_cast<system_clock::duration>(kReleaseWithin * jitter_());
    place.entry.next = std::min(place.entry.next, soon);
  }
}

std::vector<std::string> DeliveryQueue::collect(WallTime now) {
  std::vector<std::string> gone;
  for (auto at = places_.begin(); at != places_.end();) {
    const DeliveryEntry& entry = at->second.entry;
    const bool is_over = entry.state == State::stored && (entry.is_told || !options_.until_told);
    if (is_over && entry.stored + options_.keep <= now && journal_.forget(entry)) {
      gone.push_back(at->first);
      at = places_.erase(at);
    } else {
      ++at;
    }
  }
  return gone;
}

std::optional<WallTime> DeliveryQueue::next_due() const {
  std::optional<WallTime> due;
  const auto consider = [&](std::optional<WallTime> time) {
    if (time && (!due || *time < *due)) due = time;
  };
  for (const auto& [id, place] : places_) {
    const DeliveryEntry& entry = place.entry;
    const bool is_over = entry.state == State::stored && (entry.is_told || !options_.until_told);
    if (is_over) consider(entry.stored + options_.keep);
    if (place.write_due) consider(*place.write_due);
    if (place.busy || entry.state != State::waiting) continue;
    for (std::size_t i = place.store; i < entry.stores.size(); ++i) consider(when(place, i));
  }
  return due;
}

std::size_t DeliveryQueue::waiting() const {
  return static_cast<std::size_t>(std::count_if(places_.begin(), places_.end(), [](const auto& one) {
    return !one.second.busy && one.second.entry.state == State::waiting;
  }));
}

const DeliveryEntry* DeliveryQueue::find(const std::string& id) const {
  const auto found = places_.find(id);
  return found == places_.end() ? nullptr : &found->second.entry;
}

}  // namespace storage
