#pragma once
// Finds at start what a crash left in the spool, and puts it right, one recording after the other, on a thread of its
// own, of low priority: calls are recorded meanwhile. What it does not come to before it is stopped stays for the next
// start.

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "base/thread.hpp"
#include "record/ledger.hpp"
#include "record/leftovers.hpp"
#include "record/ready.hpp"

namespace record {

class Recovery {
 public:
  // Called on the thread: for each recording, and once behind the last (by start() where there is none at all), but not
  // where it is stopped before that. `kept`: what stays in the spool for the next start, component ids.
  struct Answers {
    std::function<void(Ready)> recovered;
    std::function<void(const std::vector<std::string>& kept)> over;
  };
  // `spool` and `ledger` (or none) outlive this.
  Recovery(const storage::Spool& spool, Ledger* ledger, Answers answers);
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

  const storage::Spool& spool_;
  Ledger* const ledger_;
  const Answers answers_;
  std::vector<Leftover> leftovers_;
  std::atomic<bool> stopping_{false};
  base::Thread thread_;
};

}  // namespace record
