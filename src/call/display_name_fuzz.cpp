#include <cstdint>

#include "call/display_name.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view header(reinterpret_cast<const char*>(data), size);
  if (call::display_name(header).size() > size) __builtin_trap();
  return 0;
}
