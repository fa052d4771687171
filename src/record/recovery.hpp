#pragma once
// Finds at start what a crash left in the spool, and puts it right, one recording after the other, on a thread of its
// own, of low priority: calls are recorded meanwhile. What it does not come to before it is stopped stays for the next
// start.

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "record/finishing.hpp"
#include "record/leftovers.hpp"
#include "record/recovered.hpp"

namespace record {

class Recovery {
 public:
  // What stays in the spool for the next start: component ids.
  using Over = std::function<void(const std::vector<std::string>& kept)>;

  // Both are called on the thread: for each recording, and once behind the last (by start() where there is none at
  // all), but not where it is stopped before that.
  Recovery(FinishingPlaces places, std::function<void(const Recovered&)> recovered, Over over);
  Recovery(const Recovery&) = delete;
  Recovery& operator=(const Recovery&) = delete;
  ~Recovery();  // stop()

  // Looks at the spool, before anything is opened there.
  base::Result<void> start();
  void ask_to_stop() { stopping_ = true; }
  void stop();

 private:
  void run();

  const FinishingPlaces places_;
  const std::function<void(const Recovered&)> recovered_;
  const Over over_;
  std::vector<Leftover> leftovers_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace record
