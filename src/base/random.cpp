#include "base/random.hpp"

#include <cerrno>
#include <cstdlib>
#include <sys/random.h>
#include <vector>

namespace base {

void random_bytes(std::span<std::uint8_t> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = getrandom(out.data() + done, out.size() - done, 0);
    if (got > 0) {
      done += static_cast<std::size_t>(got);
    } else if (errno != EINTR) {
      std::abort();  // a kernel without randomness: nothing secret could be made
    }
  }
}

std::uint32_t random_u32() {
  std::uint32_t value = 0;
  random_bytes({reinterpret_cast<std::uint8_t*>(&value), sizeof value});
  return value;
}

std::uint64_t random_u64() {
  std::uint64_t value = 0;
  random_bytes({reinterpret_cast<std::uint8_t*>(&value), sizeof value});
  return value;
}

std::string random_id(std::size_t length) {
  static constexpr char kLetters[] = "0123456789abcdefghjkmnpqrstvwxyz";
  std::vector<std::uint8_t> bytes(length);
  random_bytes(bytes);
  std::string id(length, '0');
  for (std::size_t i = 0; i < length; ++i) id[i] = kLetters[bytes[i] & 31];
  return id;
}

}  // namespace base
