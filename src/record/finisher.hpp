#pragma once
// A thread of its own, of low priority, that finishes recordings one after the other (record/finishing.hpp): whoever
// records or listens never waits for it. Jobs come through a mailbox, what is made of them goes through `finished`.

#include <atomic>
#include <deque>
#include <functional>

#include "base/clock.hpp"
#include "base/inbox.hpp"
#include "base/thread.hpp"
#include "record/finishing.hpp"
#include "record/pulse.hpp"

namespace record {

class Finisher {
 public:
  // `finished` is called on the finisher's thread. `spool` outlives this.
  Finisher(const storage::Spool& spool, std::function<void(Ready)> finished);
  ~Finisher();  // stop()

  base::Result<void> start();
  // Any thread.
  void add(FinishingJob job);
  // Any thread.
  bool is_overdue(base::Time now, std::chrono::milliseconds patience) const { return pulse_.is_overdue(now, patience); }
  // Finishes what was added; what would take longer than `at_most` stays in the spool in parts that play. False where
  // the thread hangs: then all of this has to stay.
  bool stop(std::chrono::milliseconds at_most = std::chrono::seconds(30));

 private:
  void run();

  const storage::Spool& spool_;
  const std::function<void(Ready)> finished_;
  base::Inbox<FinishingJob> jobs_;
  std::atomic<bool> stopping_{false};
  std::atomic<base::Time> deadline_{base::Time::max()};
  Pulse pulse_;
  base::Thread thread_;
};

}  // namespace record
