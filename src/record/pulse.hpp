#pragma once
// When a thread was last at work on anything, so that another one can tell that it hangs. Written by that thread alone.

#include <atomic>
#include <chrono>

#include "base/clock.hpp"

namespace record {

class Pulse {
 public:
  void beat(base::Time now) { last_.store(now, std::memory_order_relaxed); }
  // It has nothing to do, and waits for nobody.
  void rest() { beat(kIdle); }
  // Any thread: it has work, and has done none of it for longer than `patience`.
  bool is_overdue(base::Time now, std::chrono::milliseconds patience) const {
    const base::Time last = last_.load(std::memory_order_relaxed);
    return last != kIdle && now - last > patience;
  }

 private:
  static constexpr base::Time kIdle = base::Time::max();

  std::atomic<base::Time> last_{kIdle};
};

}  // namespace record
