#pragma once
// A mailbox that its thread can wait for, alone or with other descriptors (an eventfd). Made before the thread starts.

#include <chrono>
#include <poll.h>
#include <sys/eventfd.h>
#include <utility>

#include "base/fd.hpp"
#include "base/mailbox.hpp"

namespace base {

template <class Message>
class Inbox {
 public:
  Inbox() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), mailbox_([this] { ring(); }) {}

  explicit operator bool() const { return static_cast<bool>(wake_); }

  // Any thread.
  void post(Message message) { mailbox_.post(std::move(message)); }
  // The owner wakes as if something had come.
  void ring() {
    const std::uint64_t one = 1;
    // Fails only when the counter is full, and then the owner is awake.
    [[maybe_unused]] const ssize_t ignored = ::write(wake_.get(), &one, sizeof one);
  }
  // Readable when there is something; whoever waits for it reads it.
  int fd() const { return wake_.get(); }

  // The owner. Until there is something, at most so long; negative: without limit.
  void wait(std::chrono::milliseconds at_most) {
    if (!mailbox_.empty()) return;
    pollfd wake{wake_.get(), POLLIN, 0};
    if (::poll(&wake, 1, static_cast<int>(at_most.count())) <= 0) return;
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t ignored = ::read(wake_.get(), &count, sizeof count);
  }
  template <class Handle>
  void drain(Handle&& handle) {
    mailbox_.drain(std::forward<Handle>(handle));
  }

 private:
  Fd wake_;
  Mailbox<Message> mailbox_;
};

}  // namespace base
