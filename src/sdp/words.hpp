#pragma once
// How SDP writes words and numbers. Pure functions, any thread.

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <strings.h>

namespace sdp {

// Names of media, transports and codecs are the same in any case.
inline bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// Whatever follows it, as in "20.0" or "5004 IN IP4 192.0.2.1".
inline std::optional<unsigned> leading_number(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

}  // namespace sdp
