// Whatever a .delivery file holds: it is refused, or what was read of it prints and reads back to the same, and names
// nothing outside the spool.

#include <cstdint>
#include <cstdlib>

#include "storage/delivery_entry.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto entry = storage::parse_entry({reinterpret_cast<const char*>(data), size}, "/spool");
  if (!entry) return 0;
  const std::string text = entry_text(*entry);
  const auto again = storage::parse_entry(text, "/spool");
  if (!again || entry_text(*again) != text) std::abort();
  for (const auto& piece : again->item.pieces) {
    if (piece.path.parent_path() != "/spool") std::abort();
  }
  return 0;
}
