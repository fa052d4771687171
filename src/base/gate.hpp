#pragma once
// Lets calls through until it is closed: for threads that may outlive whom they report to. Any thread.

#include <functional>
#include <mutex>

namespace base {

class Gate {
 public:
  // `call` runs, unless the gate is closed; close() waits for its end. It must be short.
  void pass(const std::function<void()>& call) {
    const std::lock_guard lock(mutex_);
    if (is_open_) call();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    is_open_ = false;
  }

 private:
  std::mutex mutex_;
  bool is_open_ = true;
};

}  // namespace base
