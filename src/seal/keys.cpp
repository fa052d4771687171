#include "seal/keys.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sodium.h>

#include "base/random.hpp"
#include "seal/bech32.hpp"

namespace seal {
namespace {

using Bytes = std::array<unsigned char, 32>;

constexpr std::string_view kRecipientPrefix = "age";
constexpr std::string_view kIdentityPrefix = "age-secret-key-";
constexpr std::size_t kLongestFile = 64 * 1024;

std::optional<Bytes> parse_key(std::string_view text, std::string_view prefix) {
  Bytes bytes{};
  std::size_t length = 0;
  if (text.size() == 2 * bytes.size() &&
      sodium_hex2bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &length, nullptr) == 0) {
    return bytes;
  }
  const auto parsed = parse_bech32(text);
  if (!parsed || parsed->prefix != prefix || parsed->bytes.size() != bytes.size()) return std::nullopt;
  std::copy(parsed->bytes.begin(), parsed->bytes.end(), bytes.begin());
  return bytes;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text;
}

}  // namespace

std::optional<Recipient> Recipient::parse(std::string_view text) {
  const auto bytes = parse_key(text, kRecipientPrefix);
  if (!bytes) return std::nullopt;
  // A point of small order would make the same secret for everybody.
  Bytes secret{};
  Bytes shared{};
  base::random_bytes(secret);
  if (crypto_scalarmult(shared.data(), secret.data(), bytes->data()) != 0) return std::nullopt;
  return Recipient{*bytes};
}

std::string Recipient::text() const { return bech32_text(kRecipientPrefix, bytes); }

Identity::Identity(const Bytes& secret) : secret_(secret) {
  crypto_scalarmult_base(recipient_.bytes.data(), secret_.data());
}

Identity::~Identity() { sodium_memzero(secret_.data(), secret_.size()); }

Identity Identity::make() {
  Bytes secret{};
  base::random_bytes(secret);
  Identity identity(secret);
  sodium_memzero(secret.data(), secret.size());
  return identity;
}

std::optional<Identity> Identity::parse(std::string_view text) {
  const auto bytes = parse_key(text, kIdentityPrefix);
  if (!bytes) return std::nullopt;
  return Identity(*bytes);
}

std::string Identity::text() const { return upper(bech32_text(kIdentityPrefix, secret_)); }

base::Result<std::vector<Identity>> parse_identities(std::string_view text) {
  std::vector<Identity> identities;
  int number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    auto identity = Identity::parse(line);
    if (!identity) return base::bad_request("line " + std::to_string(number) + ": expected AGE-SECRET-KEY-1…");
    identities.push_back(std::move(*identity));
  }
  if (identities.empty()) return base::bad_request("there is no key in it");
  return identities;
}

base::Result<std::vector<Identity>> read_identities(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text(kLongestFile, '\0');
  if (in.is_open()) in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.is_open() || in.bad()) return base::Error{base::Kind::not_found, "key " + file.string() + ": cannot be read"};
  text.resize(static_cast<std::size_t>(in.gcount()));
  auto identities = parse_identities(text);
  sodium_memzero(text.data(), text.size());
  if (!identities) return std::move(identities.error()).in("key " + file.string());
  return identities;
}

}  // namespace seal
