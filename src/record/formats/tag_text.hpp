#pragma once
// Tags as texts that every format can hold. Parties are what a peer sent, so texts are made valid UTF-8 without control
// characters and cut to kLongestTag bytes. What is not known is left out. Pure functions.

#include <string>
#include <string_view>
#include <vector>

#include "record/formats/format.hpp"

namespace record {

inline constexpr std::size_t kLongestTag = 256;  // bytes

// Cut where a character ends; what is no UTF-8 becomes '?'.
std::string tag_text(std::string_view text, std::size_t longest = kLongestTag);
// '?' for every character outside ASCII.
std::string ascii_tag_text(std::string_view text, std::size_t longest);

// "sip:alice@example.org -> sip:bob@example.org"
std::string title_of(const Tags& tags);
// "2026-11-22T23:56:01.250Z"; empty if not known.
std::string started_of(const Tags& tags);
// "2026-11-22"
std::string date_of(const Tags& tags);

struct TagField {
  std::string_view name;
  std::string value;
};
// Those that no format has a place of its own for: call-id, component-id, from, to, channels, started.
std::vector<TagField> own_fields(const Tags& tags);

}  // namespace record
