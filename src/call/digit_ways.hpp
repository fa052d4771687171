#pragma once
// Some phones send each key in more than one way, as an RFC 4733 event and in SIP INFO: a key that comes soon after the
// same key has come in another way is the same press, once. A value; control thread.

#include <algorithm>
#include <deque>

#include "base/clock.hpp"

namespace call {

class DigitWays {
 public:
  enum class Way { media, info };

  // Whether a key that came in this way counts.
  bool counts(Way way, char key, base::Time now) {
    while (!presses_.empty() && now - presses_.front().time >= kSamePress) presses_.pop_front();
    const auto same =
        std::ranges::find_if(presses_, [&](const Press& before) { return before.way != way && before.key == key; });
    if (same != presses_.end()) {
      presses_.erase(same);
      return false;
    }
    if (presses_.size() < kMost) presses_.push_back({way, key, now});
    return true;
  }

 private:
  // An INFO tells of a press when it begins or when it ends, an event when it ends.
  static constexpr base::milliseconds kSamePress{2000};
  static constexpr std::size_t kMost = 32;

  struct Press {
    Way way;
    char key;
    base::Time time;
  };
  std::deque<Press> presses_;  // that counted and have not come in another way
};

}  // namespace call
