#include "storage/syncer.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "storage/disk_error.hpp"

namespace storage {

Syncer::Syncer(std::filesystem::path directory, std::chrono::milliseconds interval)
    : directory_(std::move(directory)), interval_(interval) {}

Syncer::~Syncer() { stop(); }

base::Result<void> Syncer::start() {
  fd_ = base::Fd(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd_) return disk_error("open " + directory_.string(), errno);
  leave_ = base::Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!leave_) return disk_error("start the syncing thread", errno);
  return thread_.start("syncing thread", [this] { run(); });
}

bool Syncer::stop(std::chrono::milliseconds at_most) {
  if (!thread_.is_started()) return true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t ignored = ::write(leave_.get(), &one, sizeof one);
  return thread_.join(at_most);
}

Syncer::Counts Syncer::counts() const {
  return {syncs_.load(), failed_.load(), std::chrono::milliseconds(longest_.load())};
}

void Syncer::run() {
  pthread_setname_np(pthread_self(), "syncer");
  bool is_failing = false;
  base::Time due = base::Clock::now();
  for (;;) {
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(due - base::Clock::now());
    pollfd leave{leave_.get(), POLLIN, 0};
    if (::poll(&leave, 1, static_cast<int>(std::max<std::int64_t>(rest.count(), 0))) > 0) return;
    const base::Time began = base::Clock::now();
    due = began + interval_;
    if (!is_dirty_.exchange(false, std::memory_order_acq_rel)) continue;
    const int error = ::syncfs(fd_.get()) == 0 ? 0 : errno;
    ++(error == 0 ? syncs_ : failed_);
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(base::Clock::now() - began);
    longest_ = std::max<std::int64_t>(longest_, took.count());
    if (error != 0 && !is_failing) {
      base::log::error("storage", "{}", disk_error("sync " + directory_.string(), error).text);
    }
    is_failing = error != 0;
    if (is_failing) touch();  // once more
  }
}

}  // namespace storage
