#pragma once
// Bech32 (BIP 173) as age uses it for keys: a lower-case or upper-case text of a prefix, '1', and 5-bit letters with a
// checksum. Without BIP 173's limit of 90 characters, as in age. Pure functions.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace seal {

struct Bech32 {
  std::string prefix;  // in lower case
  std::vector<unsigned char> bytes;
};

std::optional<Bech32> parse_bech32(std::string_view text);
// In lower case. `prefix` is in lower case.
std::string bech32_text(std::string_view prefix, std::span<const unsigned char> bytes);

}  // namespace seal
