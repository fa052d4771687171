#include <cstdint>

#include "play/ssml.hpp"
#include "play/uri_list.hpp"
#include "xml/parser.hpp"

namespace {

// What is spoken is well-formed SSML again, and has nothing in it that an engine would open.
void check(const std::vector<play::SpokenPart>& parts) {
  for (const play::SpokenPart& part : parts) {
    if (part.ssml.empty() == part.audio.empty()) __builtin_trap();
    if (!part.audio.empty()) {
      if (play::scheme_of(part.audio).empty()) __builtin_trap();
      check(part.instead);
      continue;
    }
    const auto again = play::read_ssml(part.ssml);
    if (!again || again->parts.size() != 1 || again->parts.front().ssml != part.ssml) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto ssml = play::read_ssml(text)) check(ssml->parts);
  if (const auto uris = play::read_uri_list(text)) {
    for (const std::string& uri : *uris) {
      const auto path = play::path_of_file_uri(uri);
      if (path && (!path->starts_with('/') || path->find('\0') != std::string::npos)) __builtin_trap();
    }
  }
  return 0;
}
