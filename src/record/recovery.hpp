#pragma once
// Finds at start what a crash left in the spool, and puts it right, one recording after the other, on a thread of its
// own, of low priority: calls are recorded meanwhile. What it does not come to before it is stopped stays for the next
// start.

#include <atomic>
#include <functional>
#include <vector>

#include "base/thread.hpp"
#include "record/finishing.hpp"
#include "record/leftovers.hpp"
#include "record/recovered.hpp"

namespace record {

class Recovery {
 public:
  // `recovered` is called on the thread.
  Recovery(FinishingPlaces places, std::function<void(const Recovered&)> recovered);
  Recovery(const Recovery&) = delete;
  Recovery& operator=(const Recovery&) = delete;
  ~Recovery();  // stop()

  // Looks at the spool, before anything is opened there.
  base::Result<void> start();
  void ask_to_stop() { stopping_ = true; }
  // False where the thread hangs on the disk: then all of this has to stay.
  bool stop();

 private:
  void run();

  const FinishingPlaces places_;
  const std::function<void(const Recovered&)> recovered_;
  std::vector<Leftover> leftovers_;
  std::atomic<bool> stopping_{false};
  base::Thread thread_;
};

}  // namespace record
