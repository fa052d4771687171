#pragma once
// Which recording goes to which store next, and what happens when it does not work. Decides only: no thread, no clock,
// no network; the journal is its memory. Owned by one thread (storage/delivery.hpp).
//
//   add ─▶ waiting ─ take(now) ─▶ being delivered ─ succeeded ─▶ stored ─ keep has passed, collect(now) ─▶ gone
//             ▲                          │
//             └── back-off with jitter ──┴ failed: next store of the list if it is time for it, else later
//
// A store that fails is tried with one recording at a time, not oftener than once a minute in the end, however many
// wait for it; once it works again all of them are due within seconds. A recording that no store wants waits longer and
// longer and does not hold up others.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "storage/delivery_journal.hpp"

namespace storage {

struct DeliveryOptions {
  int concurrency = 4;  // recordings being delivered at a time
  std::chrono::milliseconds first_retry{2000};
  std::chrono::milliseconds longest_retry{900'000};  // of a recording
  std::chrono::milliseconds longest_probe{60'000};   // of a store that fails
  // How long the stores before it must have failed a recording until a fallback gets it.
  std::chrono::milliseconds fallback_after{60'000};
  std::chrono::milliseconds keep{0};  // local copies stay so long after they are stored
  bool until_told = false;            // and, whatever `keep` says, until told()
};

// As it can be asked for: `telegraphone` counters and states.
struct StoreState {
  int failures = 0;  // in a row
  WallTime failing_since{};
  WallTime next{};    // while it fails: not before
  std::string error;  // the last
  std::uint64_t stored = 0;
  std::uint64_t failed = 0;  // attempts
  int busy = 0;
};

class DeliveryQueue {
 public:
  // `jitter` gives a number from 0 to 1.
  DeliveryQueue(DeliveryOptions options, DeliveryJournal& journal, std::function<double()> jitter);

  // What a process before this one left: all of it, and of that what is stored and may not have been announced.
  // `unreadable` entries are for the log.
  struct Recovered {
    std::vector<DeliveryEntry> stored, found;
    std::size_t waiting = 0;
    std::vector<std::string> unreadable;
  };
  base::Result<Recovered> recover(WallTime now);

  // A recording whose pieces are whole and synced. It is certain once this has returned without an error. Where it
  // cannot be written down now it is delivered all the same, and write_down() tries again; until one of both has
  // happened what makes it obsolete stays in the spool.
  base::Result<void> add(DeliveryEntry entry, WallTime now);
  // Entries that had no room on the disk; gives the ids of those that have found it.
  std::vector<std::string> write_down(WallTime now);
  // Whoever waited for it knows.
  void told(const std::string& id);

  struct Job {
    Item item;
    std::string store;
  };
  // The next one to deliver now, if there is one. The attempt is journaled.
  std::optional<Job> take(WallTime now);
  // What came of a job. succeeded() gives the entry as it is now kept; an error if that could not be written down: then
  // it is tried again, which the store must bear.
  base::Result<DeliveryEntry> succeeded(const std::string& id, const Receipt& receipt, WallTime now);
  void failed(const std::string& id, const std::string& error, WallTime now);
  // What is in the spool is not what was put there. It stays; retry() with its id tries it again.
  void spoiled(const std::string& id, const std::string& error);
  // The job was given up because the server stops: no attempt of the store's.
  void abandoned(const std::string& id, WallTime now);
  // Everything is due now, or one recording: somebody has repaired something.
  void retry(WallTime now, const std::string& id = {});

  // Removes local files whose time has come; gives the ids.
  std::vector<std::string> collect(WallTime now);
  // When take() or collect() may have something to do, if anything is left.
  std::optional<WallTime> next_due() const;

  std::size_t waiting() const;  // neither stored nor being delivered
  std::size_t busy() const { return busy_; }
  const std::map<std::string, StoreState>& stores() const { return states_; }
  const DeliveryEntry* find(const std::string& id) const;

 private:
  struct Place {
    DeliveryEntry entry;
    std::size_t store = 0;  // of entry.stores
    int rounds = 0;         // that failed, of this process
    bool busy = false;
    std::optional<WallTime> write_due{};  // it is not on the disk yet
  };

  std::chrono::milliseconds back_off(int failures, std::chrono::milliseconds longest) const;
  // When the place's recording may go to the store of that number; nothing: once the store has done another one.
  std::optional<WallTime> when(const Place& place, std::size_t store) const;
  void release(const std::string& store, WallTime now);
  Place& given_back(const std::string& id);

  const DeliveryOptions options_;
  DeliveryJournal& journal_;
  const std::function<double()> jitter_;
  std::map<std::string, Place> places_;
  std::map<std::string, StoreState> states_;
  std::size_t busy_ = 0;
};

}  // namespace storage
