#pragma once
// Brings what was written onto the disk, for all recordings at once: as long as anything is written, one syncfs of the
// spool's file system every interval, on a thread of its own. Nobody waits for it; a disk that hangs holds up this
// thread alone. What power is lost on is therefore at most an interval old, and the time a sync takes.
//
//   writers: touch() ─▶ flag ─▶ syncer: flag set? syncfs ─▶ wait for the rest of the interval ─▶ …

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/thread.hpp"

namespace storage {

class Syncer {
 public:
  struct Counts {
    std::uint64_t syncs = 0, failed = 0;
    std::chrono::milliseconds longest{0};
  };

  Syncer(std::filesystem::path directory, std::chrono::milliseconds interval);
  Syncer(const Syncer&) = delete;
  Syncer& operator=(const Syncer&) = delete;
  ~Syncer();  // stop()

  // The directory must be there.
  base::Result<void> start();
  // False where the thread hangs on the disk for longer than `at_most`: then all of this has to stay.
  bool stop(std::chrono::milliseconds at_most = std::chrono::seconds(5));
  // Any thread: something was written.
  void touch() { is_dirty_.store(true, std::memory_order_release); }
  // Any thread.
  Counts counts() const;

 private:
  void run();

  const std::filesystem::path directory_;
  const std::chrono::milliseconds interval_;
  base::Fd fd_;     // of the directory
  base::Fd leave_;  // an eventfd
  std::atomic<bool> is_dirty_{false};
  std::atomic<std::uint64_t> syncs_{0}, failed_{0};
  std::atomic<std::int64_t> longest_{0};  // ms
  base::Thread thread_;
};

}  // namespace storage
