// Whatever lies in the spool: it is refused, or means the same when it is written and read again.

#include <cstdint>
#include <cstdlib>

#include "storage/stores/s3/upload_state.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto state = storage::s3::parse_state({reinterpret_cast<const char*>(data), size});
  if (!state) return 0;
  const std::string text = storage::s3::state_text(*state);
  const auto again = storage::s3::parse_state(text);
  if (!again || storage::s3::state_text(*again) != text || again->parts.size() != state->parts.size()) std::abort();
  return 0;
}
