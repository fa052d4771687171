#include "xmpp/verifier.hpp"

#include <charconv>
#include <gsasl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "xmpp/listener.hpp"

namespace xmpp {
namespace {

const EVP_MD* digest_of(Hash hash) { return hash == Hash::sha1 ? EVP_sha1() : EVP_sha256(); }
std::size_t size_of(Hash hash) { return hash == Hash::sha1 ? 20 : 32; }

unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string salted(Hash hash, const std::string& password, std::string_view salt, unsigned iterations) {
  std::string out(size_of(hash), '\0');
  const std::string clean = prepared(password);
  PKCS5_PBKDF2_HMAC(clean.data(), static_cast<int>(clean.size()), bytes_of(salt), static_cast<int>(salt.size()),
                    static_cast<int>(iterations), digest_of(hash), static_cast<int>(out.size()), bytes_of(out));
  return out;
}

base::Error bad_verifier(const char* what) {
  return base::bad_request(std::string(what) +
                           "; expected SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey> with base64");
}

}  // namespace

std::string hmac(Hash hash, std::string_view key, std::string_view text) {
  std::string out(size_of(hash), '\0');
  HMAC(digest_of(hash), key.data(), static_cast<int>(key.size()), bytes_of(text), text.size(), bytes_of(out), nullptr);
  return out;
}

base::Result<Verifier> Verifier::parse(std::string_view text) {
  Verifier verifier;
  if (text.starts_with("SCRAM-SHA-256$")) {
    text.remove_prefix(14);
  } else if (text.starts_with("SCRAM-SHA-1$")) {
    verifier.hash = Hash::sha1;
    text.remove_prefix(12);
  } else {
    return bad_verifier("verifier of an unknown kind");
  }
  const std::size_t dollar = text.find('$');
  const std::string_view front = text.substr(0, dollar);
  const std::string_view back = dollar == std::string_view::npos ? "" : text.substr(dollar + 1);
  const std::size_t first = front.find(':');
  const std::size_t second = back.find(':');
  if (first == std::string_view::npos || second == std::string_view::npos) return bad_verifier("verifier cut short");
  const char* end = front.data() + first;
  const auto [stop, failed] = std::from_chars(front.data(), end, verifier.iterations);
  if (failed != std::errc() || stop != end || verifier.iterations == 0 || verifier.iterations > kMaxIterations) {
    return base::bad_request("verifier's iterations are not 1 to " + std::to_string(kMaxIterations));
  }
  const auto salt = from_base64(front.substr(first + 1));
  const auto stored = from_base64(back.substr(0, second));
  const auto server = from_base64(back.substr(second + 1));
  if (!salt || salt->empty() || !stored || !server) return bad_verifier("verifier is not base64");
  if (stored->size() != size_of(verifier.hash) || server->size() != size_of(verifier.hash)) {
    return bad_verifier("verifier's keys do not have the length of its hash");
  }
  verifier.salt = *salt;
  verifier.stored_key = *stored;
  verifier.server_key = *server;
  return verifier;
}

Verifier Verifier::derive(Hash hash, const std::string& password, std::string salt, unsigned iterations) {
  const std::string key = salted(hash, password, salt, iterations);
  const std::string client_key = hmac(hash, key, "Client Key");
  Verifier verifier{hash, iterations, std::move(salt), std::string(size_of(hash), '\0'), hmac(hash, key, "Server Key")};
  EVP_Digest(client_key.data(), client_key.size(), bytes_of(verifier.stored_key), nullptr, digest_of(hash), nullptr);
  return verifier;
}

bool Verifier::matches(const std::string& password) const {
  return equal_secrets(derive(hash, password, salt, iterations).stored_key, stored_key);
}

std::string prepared(const std::string& password) {
  char* out = nullptr;
  if (password.find('\0') != std::string::npos ||
      gsasl_saslprep(password.c_str(), GSASL_ALLOW_UNASSIGNED, &out, nullptr) != GSASL_OK) {
    return password;
  }
  std::string clean = out;
  gsasl_free(out);
  return clean;
}

bool equal_secrets(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string base64(std::string_view bytes) {
  char* out = nullptr;
  std::size_t length = 0;
  if (bytes.empty() || gsasl_base64_to(bytes.data(), bytes.size(), &out, &length) != GSASL_OK) return {};
  std::string text(out, length);
  gsasl_free(out);
  return text;
}

base::Result<std::string> from_base64(std::string_view text) {
  if (text.empty()) return std::string();
  char* out = nullptr;
  std::size_t length = 0;
  if (gsasl_base64_from(text.data(), text.size(), &out, &length) != GSASL_OK) return base::bad_request("not base64");
  std::string bytes(out, length);
  gsasl_free(out);
  return bytes;
}

base::Result<void> check_verifier(const std::string& verifier) {
  const auto parsed = Verifier::parse(verifier);
  if (!parsed) return parsed.error();
  return {};
}

}  // namespace xmpp
