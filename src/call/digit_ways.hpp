#pragma once
// Some phones send each key in more than one way, as an RFC 4733 event and in SIP INFO: a key that comes in another way
// than the one before, and soon after it, is the same press. A value; control thread.

#include <optional>

#include "base/clock.hpp"

namespace call {

class DigitWays {
 public:
  enum class Way { media, info };

  // Whether a key that came in this way counts.
  bool counts(Way way, base::Time now) {
    if (last_ && *last_ != way && now - counted_ < kSamePress) return false;
    last_ = way;
    counted_ = now;
    return true;
  }

 private:
  // An INFO tells of a press when it begins or when it ends, an event when it ends.
  static constexpr base::milliseconds kSamePress{2000};

  std::optional<Way> last_;
  base::Time counted_{};
};

}  // namespace call
