#pragma once
// A change of the session that we have asked for by a re-INVITE: one at a time, and tried again by itself where both
// ends ask at once (RFC 3261 §14.1). Signalling thread.
//
//                 Offer                        2xx, other final
//   kNone -----> kWaiting ----> kSent ---------------------------> kNone
//                   ^             | 491: both asked
//                   +-------------+

#include <chrono>
#include <string>

#include "base/clock.hpp"

namespace sip {

class OurOffer {
 public:
  enum class State { kNone, kWaiting, kSent };

  State state() const { return state_; }
  bool is_open() const { return state_ != State::kNone; }
  const std::string& description() const { return description_; }
  // Asked for by the owner, who is to hear of the outcome; else a refresh of the session.
  bool is_wanted() const { return is_wanted_; }
  base::Time due() const { return due_; }

  void ask(std::string description, bool is_wanted, base::Time now) {
    state_ = State::kWaiting;
    description_ = std::move(description);
    is_wanted_ = is_wanted;
    due_ = now;
  }
  void set_sent() { state_ = State::kSent; }
  // 491 came: 2.1 to 4 s for the end that made the Call-ID, up to 2 s for the other, in steps of 10 ms.
  void set_glare(bool made_call_id, base::Time now);
  void wait_until(base::Time when) {
    state_ = State::kWaiting;
    due_ = when;
  }
  void clear() { state_ = State::kNone; }

 private:
  State state_ = State::kNone;
  bool is_wanted_ = false;
  std::string description_;
  base::Time due_{};
};

}  // namespace sip
