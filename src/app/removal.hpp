#pragma once
// Deletes recordings for retention and `recordings delete`: what their store has of them, then what is on this machine.
// Owned by the catalogue keeper's thread, which waits for the store; stop() is for any thread. A store that is away is
// not asked again for a while: however many are due, the catalogue waits for one of them.

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "catalogue/recording.hpp"
#include "storage/stores/store.hpp"

namespace app {

class Removal {
 public:
  explicit Removal(
      std::map<std::string, storage::Settings> stores,
      std::function<base::Time()> now = [] { return base::Clock::now(); });

  // What is gone already is no error. Whatever fails may be tried again.
  base::Result<void> remove(const catalogue::Recording& recording);
  // From now on nothing is waited for, or done.
  void stop() { stopping_ = true; }

 private:
  struct Place {
    std::unique_ptr<storage::Store> store;
    base::Time not_before{};
  };

  base::Result<void> remove_at_store(const catalogue::Recording& recording);
  base::Result<Place*> place_of(const std::string& store);

  const std::map<std::string, storage::Settings> settings_;
  const std::function<base::Time()> now_;
  std::map<std::string, Place> places_;
  std::atomic<bool> stopping_{false};
};

// What the catalogue knows of a recording, as it was given to its store.
storage::Item item_of(const catalogue::Recording& recording);

}  // namespace app
