#pragma once
// Randomness from the kernel, for identifiers that nobody can guess or repeat. Any thread.

#include <cstdint>
#include <span>
#include <string>

namespace base {

void random_bytes(std::span<std::uint8_t> out);
std::uint32_t random_u32();
std::uint64_t random_u64();
// `length` characters of 0-9 and a-z without the ones that are easily confused (32 letters: 5 bits each).
std::string random_id(std::size_t length);

}  // namespace base
