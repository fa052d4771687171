#pragma once
// Walks UTF-8 (RFC 3629) one character at a time, and knows which characters XML 1.0 allows. Any thread.

#include <cstdint>
#include <string_view>

namespace xml {

struct Utf8Char {
  std::uint32_t code = 0;
  std::size_t length = 0;  // bytes; 0: not UTF-8 here (overlong, surrogate, cut off …)
};

// The character at the start of `text`, which must not be empty.
Utf8Char first_utf8(std::string_view text);
bool is_utf8(std::string_view text);
// The production Char of XML 1.0.
bool is_xml_char(std::uint32_t code);

}  // namespace xml
