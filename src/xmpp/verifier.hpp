#pragma once
// What a server keeps of a password for SCRAM (RFC 5802 §3: salt, iterations, StoredKey, ServerKey). Pure functions.

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace xmpp {

enum class Hash { sha1, sha256 };

struct Verifier {
  Hash hash = Hash::sha256;
  unsigned iterations = 4096;
  std::string salt;  // these three are raw bytes
  std::string stored_key;
  std::string server_key;

  // "SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>", the three in base64.
  static base::Result<Verifier> parse(std::string_view text);
  // Costs `iterations` rounds of the hash: about a millisecond for 4096.
  static Verifier derive(Hash hash, const std::string& password, std::string salt, unsigned iterations);
  bool matches(const std::string& password) const;
};

// At most this many iterations are accepted: a login by PLAIN computes them on the control thread (some 30 ms).
inline constexpr unsigned kMaxIterations = 100000;

// By SASLprep (RFC 4013) where that is possible, else unchanged.
std::string prepared(const std::string& password);
// In a time that does not tell where they differ.
bool equal_secrets(std::string_view a, std::string_view b);
std::string hmac(Hash hash, std::string_view key, std::string_view text);

std::string base64(std::string_view bytes);
// Nothing if it is not base64 of RFC 4648 §4, without white space.
base::Result<std::string> from_base64(std::string_view text);

}  // namespace xmpp
