#pragma once
// A thread whose end is waited for within bounds: one that hangs in the kernel, on a disk that does not answer, can be
// joined by nobody. What such a thread uses has to stay: join() says so, and its owner then lets all of it live as long
// as the process. Owned by the thread that started it.

#include <chrono>
#include <functional>
#include <future>
#include <string>
#include <system_error>
#include <thread>

#include "base/result.hpp"

namespace base {

class Thread {
 public:
  Thread() = default;
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  ~Thread() {
    if (!join(std::chrono::milliseconds(0))) thread_.detach();
  }

  // `what`: for the error, "writer thread".
  Result<void> start(const std::string& what, std::function<void()> run) {
    std::promise<void> end;
    end_ = end.get_future();
    try {
      thread_ = std::thread([run = std::move(run), end = std::move(end)]() mutable {
        run();
        end.set_value();
      });
    } catch (const std::system_error& error) {
      return Error{Kind::no_resources, "start the " + what + ": " + error.what()};
    }
    return {};
  }

  bool is_started() const { return thread_.joinable(); }
  // True once it has ended, and where it never began. False: it is still at work, or hangs.
  bool join(std::chrono::milliseconds at_most) {
    if (!thread_.joinable()) return true;
    if (end_.wait_for(at_most) != std::future_status::ready) return false;
    thread_.join();
    return true;
  }

 private:
  std::thread thread_;
  std::future<void> end_;
};

}  // namespace base
