#include "record/formats/hint_value.hpp"

#include <charconv>
#include <string>

namespace record {

base::Result<int> whole_number(const Hint& hint, int lowest, int highest) {
  int value = 0;
  const char* end = hint.value.data() + hint.value.size();
  const auto [stopped, error] = std::from_chars(hint.value.data(), end, value);
  if (error != std::errc() || stopped != end || value < lowest || value > highest) {
    return base::bad_request("hint '" + hint.name + "': expected a whole number from " + std::to_string(lowest) +
                             " to " + std::to_string(highest));
  }
  return value;
}

base::Result<bool> boolean(const Hint& hint) {
  if (hint.value == "true" || hint.value == "1") return true;
  if (hint.value == "false" || hint.value == "0") return false;
  return base::bad_request("hint '" + hint.name + "': expected true or false");
}

}  // namespace record
