#pragma once
// X25519 keys (RFC 7748) that recordings are encrypted to, written as age writes them (bech32, BIP 173): "age1…" and
// "AGE-SECRET-KEY-1…", so that age-keygen's keys serve; or as 64 hexadecimal digits. Values; any thread.

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace seal {

struct Recipient {
  std::array<unsigned char, 32> bytes{};

  static std::optional<Recipient> parse(std::string_view text);
  std::string text() const;  // "age1…"

  bool operator==(const Recipient&) const = default;
};

class Identity {
 public:
  static Identity make();
  static std::optional<Identity> parse(std::string_view text);
  Identity(const Identity&) = default;
  Identity& operator=(const Identity&) = default;
  ~Identity();  // leaves nothing in memory

  const Recipient& recipient() const { return recipient_; }
  const std::array<unsigned char, 32>& secret() const { return secret_; }
  std::string text() const;  // "AGE-SECRET-KEY-1…"

 private:
  explicit Identity(const std::array<unsigned char, 32>& secret);

  std::array<unsigned char, 32> secret_;
  Recipient recipient_;
};

// A file of identities, one a line; empty lines and those that begin with '#' say nothing.
base::Result<std::vector<Identity>> read_identities(const std::filesystem::path& file);
base::Result<std::vector<Identity>> parse_identities(std::string_view text);

}  // namespace seal
