#include "seal/bech32.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace seal {
namespace {

constexpr std::string_view kLetters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::size_t kChecksum = 6;
constexpr std::size_t kLongest = 1024;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::uint32_t polymod(const std::vector<unsigned char>& values) {
  constexpr std::array<std::uint32_t, 5> kGenerator = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
  std::uint32_t checksum = 1;
  for (const unsigned char value : values) {
    const std::uint32_t top = checksum >> 25U;
    checksum = (checksum & 0x1ffffffU) << 5U ^ value;
    for (std::size_t i = 0; i < kGenerator.size(); ++i) {
      if ((top >> i & 1U) != 0) checksum ^= kGenerator[i];
    }
  }
  return checksum;
}

std::vector<unsigned char> expanded(std::string_view prefix) {
  std::vector<unsigned char> values;
  for (const char c : prefix) values.push_back(static_cast<unsigned char>(c) >> 5U);
  values.push_back(0);
  for (const char c : prefix) values.push_back(static_cast<unsigned char>(c) & 31U);
  return values;
}

// Groups of `from` bits into groups of `to`; nothing where what is left over is no padding.
std::optional<std::vector<unsigned char>> regrouped(std::span<const unsigned char> in, unsigned from, unsigned to,
                                                    bool pads) {
  std::vector<unsigned char> out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const unsigned char value : in) {
    bits = (bits << from | value) & 0xfffU;
    count += from;
    while (count >= to) {
      count -= to;
      out.push_back(static_cast<unsigned char>(bits >> count & ((1U << to) - 1)));
    }
  }
  if (pads && count > 0) out.push_back(static_cast<unsigned char>(bits << (to - count) & ((1U << to) - 1)));
  if (!pads && (count >= from || (bits & ((1U << count) - 1)) != 0)) return std::nullopt;
  return out;
}

}  // namespace

std::optional<Bech32> parse_bech32(std::string_view text) {
  if (text.size() > kLongest) return std::nullopt;
  const bool has_lower = std::any_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  const bool has_upper = std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (has_lower && has_upper) return std::nullopt;
  const auto one = text.rfind('1');
  if (one == std::string_view::npos || one == 0 || text.size() - one - 1 < kChecksum) return std::nullopt;
  Bech32 result;
  for (const char c : text.substr(0, one)) {
    if (c < 33 || c > 126) return std::nullopt;
    result.prefix += lower(c);
  }
  std::vector<unsigned char> values;
  for (const char c : text.substr(one + 1)) {
    const auto value = kLetters.find(lower(c));
    if (value == std::string_view::npos) return std::nullopt;
    values.push_back(static_cast<unsigned char>(value));
  }
  std::vector<unsigned char> checked = expanded(result.prefix);
  checked.insert(checked.end(), values.begin(), values.end());
  if (polymod(checked) != 1) return std::nullopt;
  auto bytes = regrouped(std::span(values).first(values.size() - kChecksum), 5, 8, false);
  if (!bytes) return std::nullopt;
  result.bytes = std::move(*bytes);
  return result;
}

std::string bech32_text(std::string_view prefix, std::span<const unsigned char> bytes) {
  std::vector<unsigned char> values = *regrouped(bytes, 8, 5, true);
  std::vector<unsigned char> checked = expanded(prefix);
  checked.insert(checked.end(), values.begin(), values.end());
  checked.resize(checked.size() + kChecksum);
  const std::uint32_t checksum = polymod(checked) ^ 1U;
  for (std::size_t i = 0; i < kChecksum; ++i) {
    values.push_back(static_cast<unsigned char>(checksum >> 5 * (kChecksum - 1 - i) & 31U));
  }
  std::string text = std::string(prefix) + '1';
  for (const unsigned char value : values) text += kLetters[value];
  return text;
}

}  // namespace seal
