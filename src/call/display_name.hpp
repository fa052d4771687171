#pragma once
// What a From or To header calls its party (RFC 3261 §25.1: display-name), for people to read. Pure functions.

#include <string>
#include <string_view>

namespace call {

// `"Alice \"A\" Adams" <sip:alice@example.org>;tag=1`: Alice "A" Adams. Empty if there is none.
std::string display_name(std::string_view header);

}  // namespace call
