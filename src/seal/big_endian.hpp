#pragma once
// Numbers as the format of sealed files writes them: the highest byte first. Pure functions.

#include <cstdint>
#include <span>
#include <vector>

namespace seal {

template <class Number>
void put_number(Number value, std::vector<std::uint8_t>& out) {
  for (std::size_t i = sizeof value; i-- > 0;) out.push_back(static_cast<std::uint8_t>(value >> 8 * i));
}

// `bytes` has as many as a Number.
template <class Number>
Number number_at(std::span<const std::uint8_t> bytes) {
  Number value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) value = static_cast<Number>(value << 8U | bytes[i]);
  return value;
}

}  // namespace seal
