// First line: a template. The rest: what a peer said. Whatever both are, a path stays below its root.

#include <cstdint>
#include <cstdlib>

#include "storage/path_template.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(input.find('\n'), input.size());
  const auto parsed = storage::PathTemplate::parse(input.substr(0, line));
  if (!parsed) return 0;
  storage::About about;
  about.from = about.to = about.account = about.call_id = about.format = input.substr(line);
  storage::Piece piece;
  piece.name = "a-b.mp3";
  for (const bool hostile_name : {false, true}) {
    if (hostile_name) piece.name = input.substr(line);
    const std::filesystem::path path = parsed->path(about, piece);
    if (path.is_absolute() || path.empty()) std::abort();
    for (const auto& segment : path) {
      if (segment == ".." || segment == "." || segment.empty()) std::abort();
    }
    for (const unsigned char c : path.string()) {
      if (c < 32 || c == 127) std::abort();
    }
    if (storage::path_decoded(storage::path_encoded(path.string())) != path.string()) std::abort();
    storage::path_decoded(input);
  }
  return 0;
}
