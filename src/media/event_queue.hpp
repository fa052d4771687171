#pragma once
// Events that arise in a tick, kept until it is over. Never allocates in push(); room is made beforehand for everything
// that must not be lost. Owned by a worker.

#include <vector>

#include "media/engine.hpp"

namespace media {

class EventQueue {
 public:
  // Room for this many endpoints (a stream on a bridge is one more), for so many taps and outputs, and some digits. Not
  // in a tick.
  void make_room(std::size_t endpoints, std::size_t ends) {
    const std::size_t needed = events_.size() + kDigits + 4 * endpoints + 2 * ends;
    if (needed > events_.capacity()) events_.reserve(2 * needed);
  }
  // What is bound to come at most once per stream or tap.
  void push(Event event) {
    if (events_.size() < events_.capacity()) events_.push_back(event);
  }
  // Digits: as many as come at once in a burst are dropped.
  void push_digit(Digit digit) {
    if (digits_++ < kDigits) push(digit);
  }
  template <class Handle>
  void drain(Handle&& handle) {
    for (const Event& event : events_) handle(event);
    events_.clear();
    digits_ = 0;
  }

 private:
  static constexpr std::size_t kDigits = 256;

  std::vector<Event> events_;
  std::size_t digits_ = 0;
};

}  // namespace media
