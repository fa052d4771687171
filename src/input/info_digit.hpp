#pragma once
// A key in the body of a SIP INFO: application/dtmf-relay ("Signal=5", "Duration=160") and application/dtmf ("5"). No
// RFC has them; these are the forms that are found. Bytes from the network; any thread.

#include <chrono>
#include <optional>
#include <string_view>

namespace input {

struct InfoDigit {
  char key = '0';
  std::chrono::milliseconds duration{0};  // 0: it does not say
};

// Nothing where it is another content type, or not a key.
std::optional<InfoDigit> parse_info(std::string_view content_type, std::string_view body);

}  // namespace input
