#include "sip/digest.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <openssl/evp.h>
#include <utility>

#include "base/random.hpp"

namespace sip {
namespace {

bool same_word(const std::string& a, const char* b) { return su_casematch(a.c_str(), b) != 0; }

std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return text;
}

std::string param_of(const msg_auth_t& header, const char* name) {
  const char* value = msg_header_find_param(header.au_common, name);
  return value != nullptr ? std::string(unquoted(value)) : std::string();
}

bool lists(std::string_view list, const char* word) {
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    std::string item(list.substr(0, end));
    item.erase(std::remove_if(item.begin(), item.end(), [](char c) { return c == ' ' || c == '\t'; }), item.end());
    if (same_word(item, word)) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

const EVP_MD* hash_of(const std::string& algorithm) {
  if (algorithm.empty() || same_word(algorithm, "MD5")) return EVP_md5();
  if (same_word(algorithm, "SHA-256")) return EVP_sha256();
  if (same_word(algorithm, "SHA-512-256")) return EVP_sha512_256();
  return nullptr;
}

bool is_sofias(const Challenge& challenge) {
  const std::string& algorithm = challenge.algorithm;
  return (algorithm.empty() || same_word(algorithm, "MD5") || same_word(algorithm, "MD5-sess")) &&
         (!challenge.has_qop || (challenge.offers_auth && !challenge.offers_auth_int));
}

std::string hex_of(const EVP_MD* hash, const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, hash, nullptr);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex += "0123456789abcdef"[digest[i] >> 4];
    hex += "0123456789abcdef"[digest[i] & 15];
  }
  return hex;
}

std::string count_of(std::uint32_t count) {
  char text[9];
  std::snprintf(text, sizeof text, "%08x", count);
  return text;
}

// As it goes between quotes.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) continue;
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

bool Challenge::is_known() const { return hash_of(algorithm) != nullptr && (!has_qop || offers_auth); }

std::vector<Challenge> challenges_of(const sip_t& response) {
  std::vector<Challenge> challenges;
  const bool by_proxy = response.sip_status->st_status == 407;
  for (const msg_auth_t* each = by_proxy ? response.sip_proxy_authenticate : response.sip_www_authenticate;
       each != nullptr; each = each->au_next) {
    if (each->au_scheme == nullptr || su_casematch(each->au_scheme, "Digest") == 0) continue;
    if (msg_header_find_param(each->au_common, "realm=") == nullptr) continue;
    Challenge challenge;
    challenge.by_proxy = by_proxy;
    challenge.realm = param_of(*each, "realm=");
    challenge.nonce = param_of(*each, "nonce=");
    challenge.has_opaque = msg_header_find_param(each->au_common, "opaque=") != nullptr;
    challenge.opaque = param_of(*each, "opaque=");
    challenge.algorithm = param_of(*each, "algorithm=");
    challenge.has_qop = msg_header_find_param(each->au_common, "qop=") != nullptr;
    challenge.offers_auth = lists(param_of(*each, "qop="), "auth");
    challenge.offers_auth_int = lists(param_of(*each, "qop="), "auth-int");
    challenge.is_stale = same_word(param_of(*each, "stale="), "true");
    challenges.push_back(std::move(challenge));
  }
  return challenges;
}

std::string digest_response(const Challenge& challenge, const Credentials& credentials, std::string_view method,
                            std::string_view uri, std::uint32_t count, std::string_view client_nonce) {
  const EVP_MD* hash = hash_of(challenge.algorithm);
  if (hash == nullptr) return {};
  const std::string secret = hex_of(hash, credentials.user + ":" + challenge.realm + ":" + credentials.password);
  const std::string request = hex_of(hash, std::string(method) + ":" + std::string(uri));
  if (!challenge.has_qop) return hex_of(hash, secret + ":" + challenge.nonce + ":" + request);
  return hex_of(hash, secret + ":" + challenge.nonce + ":" + count_of(count) + ":" + std::string(client_nonce) +
                          ":auth:" + request);
}

Digest::Outcome Digest::answer(nua_handle_t* handle, const sip_t& response) {
  if (!credentials_) return Outcome::kNone;
  auto challenges = challenges_of(response);
  // Sofia's way to hand over credentials knows no quoting.
  const bool by_sofia = (credentials_->user + credentials_->password).find_first_of(":\"\\") == std::string::npos &&
                        std::all_of(challenges.begin(), challenges.end(), is_sofias);
  if (!credentials_->realm.empty()) {
    std::erase_if(challenges, [&](const Challenge& each) { return each.realm != credentials_->realm; });
  }
  if (by_sofia) return answer_by_sofia(handle, challenges) ? Outcome::kBySofia : Outcome::kNone;
  return take(challenges) ? Outcome::kByUs : Outcome::kNone;
}

bool Digest::answer_by_sofia(nua_handle_t* handle, const std::vector<Challenge>& challenges) {
  if (challenges.empty()) return false;
  std::vector<std::string> texts;
  for (const auto& each : challenges) {
    // Sofia itself answers whatever else its handle is asked for that realm; what comes here again has been refused.
    if (!given_.insert(key_of(each)).second) return false;
    texts.push_back("Digest:\"" + each.realm + "\":" + credentials_->user + ":" + credentials_->password);
  }
  std::vector<tagi_t> tags;
  for (const auto& text : texts) tags.push_back({NUTAG_AUTH(text.c_str())});
  tags.push_back({TAG_END()});
  nua_authenticate(handle, TAG_NEXT(tags.data()));
  return true;
}

bool Digest::take(const std::vector<Challenge>& challenges) {
  std::set<std::string> taken;  // of one realm's challenges the first that we know, as the server prefers (RFC 8760)
  for (const auto& each : challenges) {
    const std::string key = key_of(each);
    if (!each.is_known() || taken.count(key) != 0) continue;
    const auto before = taken_.find(key);
    if (before != taken_.end() && !before->second.is_accepted &&
        (!each.is_stale || before->second.challenge.nonce == each.nonce)) {
      return false;
    }
    taken_[key] = {each, 0, false};
    taken.insert(key);
  }
  return !taken.empty();
}

std::string Digest::lines(std::string_view method, std::string_view uri) {
  std::string lines;
  for (auto& [key, taken] : taken_) {
    const Challenge& challenge = taken.challenge;
    const std::string client_nonce = base::random_id(16);
    ++taken.count;
    lines += challenge.by_proxy ? "Proxy-Authorization: " : "Authorization: ";
    lines += "Digest username=\"" + escaped(credentials_->user) + "\", realm=\"" + challenge.realm + "\", nonce=\"" +
             challenge.nonce + "\", uri=\"" + std::string(uri) + "\", response=\"" +
             digest_response(challenge, *credentials_, method, uri, taken.count, client_nonce) + "\"";
    if (!challenge.algorithm.empty()) lines += ", algorithm=" + challenge.algorithm;
    if (challenge.has_opaque) lines += ", opaque=\"" + challenge.opaque + "\"";
    if (challenge.has_qop) lines += ", qop=auth, nc=" + count_of(taken.count) + ", cnonce=\"" + client_nonce + "\"";
    lines += "\r\n";
  }
  return lines;
}

void Digest::set_accepted() {
  for (auto& [key, taken] : taken_) taken.is_accepted = true;
}

void Digest::clear() {
  given_.clear();
  taken_.clear();
}

}  // namespace sip
