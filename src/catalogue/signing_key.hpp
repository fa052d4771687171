#pragma once
// The Ed25519 key (RFC 8032, by libsodium) that signs the manifest. It is made at the first start and kept in a file
// of mode 0600: 32 bytes in hexadecimal, the seed. The public key lies beside it as <file>.pub; whoever shall be able
// to prove something later keeps a copy of that elsewhere. A value; any thread.

#include <array>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace catalogue {

struct PublicKey {
  std::array<unsigned char, 32> bytes{};

  // From hexadecimal, white space around it allowed.
  static std::optional<PublicKey> parse(std::string_view text);
  static base::Result<PublicKey> read(const std::filesystem::path& file);
  std::string text() const;
  bool has_signed(std::string_view message, std::span<const unsigned char, 64> signature) const;

  bool operator==(const PublicKey&) const = default;
};

class SigningKey {
 public:
  // Reads it; makes it where there is no file. A file that others may read is refused.
  static base::Result<SigningKey> open_or_make(const std::filesystem::path& file);
  SigningKey(const SigningKey&) = default;
  SigningKey& operator=(const SigningKey&) = default;
  ~SigningKey();  // leaves nothing in memory

  const PublicKey& public_key() const { return public_key_; }
  std::array<unsigned char, 64> sign(std::string_view message) const;

 private:
  explicit SigningKey(const std::array<unsigned char, 32>& seed);

  std::array<unsigned char, 64> secret_{};
  PublicKey public_key_;
};

}  // namespace catalogue
