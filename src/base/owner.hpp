#pragma once
// Remembers the thread that an object belongs to; debug builds assert that nobody else touches it.
// The first thread that calls check() becomes the owner.

#include <cassert>
#include <thread>

namespace base {

class Owner {
 public:
  void check() {
#ifndef NDEBUG
    if (thread_ == std::thread::id()) thread_ = std::this_thread::get_id();
    assert(thread_ == std::this_thread::get_id() && "called on a thread that does not own this object");
#endif
  }

 private:
#ifndef NDEBUG
  std::thread::id thread_;
#endif
};

}  // namespace base
