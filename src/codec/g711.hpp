#pragma once
// ITU-T G.711: the two companding laws as tables, and the plug-in that both laws share. Values are 16-bit: G.711's 14-bit
// (µ-law) and 13-bit (A-law) steps shifted up. Tables are made by the compiler; any thread may read them.

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "codec/codec.hpp"

namespace codec::g711 {

// G.711 table 2: 14-bit magnitude is ((2 * step + 33) << segment) - 33.
constexpr std::int16_t mulaw_to_linear(std::uint8_t code) {
  const int bits = ~code & 0xff;
  const int segment = (bits >> 4) & 7;
  const int magnitude = ((((bits & 15) << 1) + 33) << segment) - 33;
  return static_cast<std::int16_t>(((bits & 0x80) != 0 ? -magnitude : magnitude) * 4);
}

constexpr std::uint8_t linear_to_mulaw(std::int16_t sample) {
  const bool negative = sample < 0;
  int magnitude = negative ? -static_cast<int>(sample) : sample;
  magnitude = std::min(magnitude >> 2, 8158) + 33;  // 14 bits; the highest decision value is 8159
  const int segment = std::bit_width(static_cast<unsigned>(magnitude)) - 6;
  const int step = (magnitude >> (segment + 1)) & 15;
  return static_cast<std::uint8_t>(~((negative ? 0x80 : 0) | segment << 4 | step));
}

// G.711 table 1: 13-bit magnitude is 2 * step + 1 in segment 0, (2 * step + 33) << (segment - 1) above.
constexpr std::int16_t alaw_to_linear(std::uint8_t code) {
  const int bits = code ^ 0x55;  // even bits are inverted on the line
  const int segment = (bits >> 4) & 7;
  const int step = bits & 15;
  const int magnitude = segment == 0 ? 2 * step + 1 : (2 * step + 33) << (segment - 1);
  return static_cast<std::int16_t>(((bits & 0x80) != 0 ? magnitude : -magnitude) * 8);
}

constexpr std::uint8_t linear_to_alaw(std::int16_t sample) {
  const bool negative = sample < 0;
  // One's complement for negative values, as G.711's reference coder does: 0 and -1 are neighbours.
  const int magnitude = (negative ? ~static_cast<int>(sample) : sample) >> 4;  // 0..2047
  const int segment = std::max(0, std::bit_width(static_cast<unsigned>(magnitude)) - 4 - 0);
  int code = 0;
  if (magnitude < 16) {
    code = magnitude;
  } else {
    code = segment << 4 | ((magnitude >> (segment - 1)) & 15);
  }
  return static_cast<std::uint8_t>((code | (negative ? 0 : 0x80)) ^ 0x55);
}

using DecodeTable = std::array<std::int16_t, 256>;
using EncodeTable = std::array<std::uint8_t, 8192>;  // by the upper 13 bits (A-law) or 14 bits folded (see law)

template <std::int16_t (*expand)(std::uint8_t)>
constexpr DecodeTable make_decode_table() {
  DecodeTable table{};
  for (int code = 0; code < 256; ++code) table[static_cast<std::size_t>(code)] = expand(static_cast<std::uint8_t>(code));
  return table;
}

}  // namespace codec::g711
