// A content type, a line feed, the body of an INFO.
#include <cstdint>
#include <cstdlib>

#include "input/automaton.hpp"
#include "input/info_digit.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t end = bytes.find('\n');
  const auto digit =
      input::parse_info(bytes.substr(0, end), end == std::string_view::npos ? "" : bytes.substr(end + 1));
  if (digit && (input::to_key(digit->key) != digit->key || digit->duration.count() < 0)) std::abort();
  return 0;
}
