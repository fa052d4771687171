#pragma once
// AWS Signature Version 4 of a request, in its Authorization header ("Authenticating Requests", Amazon S3 API
// Reference). Our own and not CURLOPT_AWS_SIGV4: see docs/decisions/0020-s3-signatures.md. Pure.

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace storage::s3 {

struct Credentials {
  std::string access_key, secret_key;
  std::string session_token;  // may be empty
};

struct Signable {
  std::string method;
  std::string host;  // with its port where that is not the scheme's own
  std::string path;  // as it goes over the wire
  std::map<std::string, std::string> query;
  std::map<std::string, std::string> headers;  // names in lower case; all of them are signed
  std::string payload_sha256;                  // hexadecimal
};

// The headers to send, the signable's own among them: "name: value".
std::vector<std::string> signed_headers(Signable request, const Credentials& credentials, const std::string& region,
                                        std::chrono::system_clock::time_point now);

// "a=1&b=" as it goes over the wire, in the order that is signed.
std::string query_text(const std::map<std::string, std::string>& query);

}  // namespace storage::s3
