#include "storage/stores/s3/signature.hpp"

#include <ctime>

#include "storage/checksum.hpp"
#include "storage/path_template.hpp"

namespace storage::s3 {
namespace {

std::string encoded(const std::string& text) {
  std::string out;
  for (const char c : path_encoded(text)) c == '/' ? out += "%2F" : out += c;
  return out;
}

std::string time_text(std::chrono::system_clock::time_point now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc)};
}

// Without blanks at the ends, and one where there are several.
std::string canonical_value(const std::string& value) {
  std::string out;
  for (const char c : value) {
    if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace

std::string query_text(const std::map<std::string, std::string>& query) {
  std::map<std::string, std::string> in_order;  // by the encoded name
  for (const auto& [name, value] : query) in_order[encoded(name)] = encoded(value);
  std::string text;
  for (const auto& [name, value] : in_order) text += (text.empty() ? "" : "&") + name + "=" + value;
  return text;
}

std::vector<std::string> signed_headers(Signable request, const Credentials& credentials, const std::string& region,
                                        std::chrono::system_clock::time_point now) {
  const std::string time = time_text(now);
  const std::string scope = time.substr(0, 8) + "/" + region + "/s3/aws4_request";
  request.headers["host"] = request.host;
  request.headers["x-amz-date"] = time;
  request.headers["x-amz-content-sha256"] = request.payload_sha256;
  if (!credentials.session_token.empty()) request.headers["x-amz-security-token"] = credentials.session_token;

  std::string canonical = request.method + "\n" + request.path + "\n" + query_text(request.query) + "\n";
  std::string names;
  for (const auto& [name, value] : request.headers) {
    canonical += name + ":" + canonical_value(value) + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  canonical += "\n" + names + "\n" + request.payload_sha256;

  const std::string to_sign =
      "AWS4-HMAC-SHA256\n" + time + "\n" + scope + "\n" + hex(digest_of(Digest::sha256, canonical));
  std::string key = hmac_sha256("AWS4" + credentials.secret_key, time.substr(0, 8));
  for (const std::string& part : {region, std::string("s3"), std::string("aws4_request")}) key = hmac_sha256(key, part);

  std::vector<std::string> lines;
  for (const auto& [name, value] : request.headers) lines.push_back(name + ": " + canonical_value(value));
  lines.push_back("authorization: AWS4-HMAC-SHA256 Credential=" + credentials.access_key + "/" + scope +
                  ",SignedHeaders=" + names + ",Signature=" + hex(hmac_sha256(key, to_sign)));
  return lines;
}

}  // namespace storage::s3
