#pragma once
// Which recordings that are still being made a store is given a portion of next. Decides only: no thread, no clock, no
// network; it looks at the files' sizes. Owned by the decider (storage/delivery.hpp), for which it comes behind every
// recording that is whole: nothing waits for it, and what it does not do store() does at the end.
//
//   add ─▶ every `look`: its size ─ a portion more is final: take(now) ─▶ Store::grown() on an uploader ─ done ─▶ …
//     └─▶ end: it was submitted, discarded, or its file is gone

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "storage/delivery_entry.hpp"
#include "storage/stores/store.hpp"

namespace storage {

struct GrowthOptions {
  std::chrono::milliseconds look{10'000};
  std::chrono::milliseconds longest_pause{300'000};  // of a store that fails
};

class Growth {
 public:
  explicit Growth(GrowthOptions options) : options_(options) {}

  // `portion`: of the store, not 0.
  void add(Growing growing, std::string store, std::uint64_t portion, WallTime now);
  // No more of it is to be given. What is being uploaded at the moment goes on, and done() ends it.
  void end(const std::string& id);

  struct Job {
    Growing growing;
    std::string store;
  };
  std::optional<Job> take(WallTime now);
  // What came of a job: true: there is more.
  void done(const std::string& id, const base::Result<bool>& result, WallTime now);

  std::optional<WallTime> next_due() const;
  // A job of it is under way.
  bool is_busy(const std::string& id) const;
  bool knows(const std::string& id) const { return places_.count(id) > 0; }
  // The file <name> is one of those that grow.
  bool holds(const std::string& name) const;

 private:
  struct Place {
    Growing growing;
    std::string store;
    std::uint64_t portion = 0;
    std::uint64_t given = 0;  // bytes that were final at the last call that left nothing
    WallTime next{};
    bool busy = false, ended = false;
  };
  struct Pause {
    int failures = 0;
    WallTime until{};
  };

  WallTime when(const Place& place) const;

  const GrowthOptions options_;
  std::map<std::string, Place> places_;  // by id
  std::map<std::string, Pause> pauses_;  // of stores
};

}  // namespace storage
