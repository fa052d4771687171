#include "storage/stores/s3/bucket.hpp"

#include "storage/checksum.hpp"
#include "storage/path_template.hpp"
#include "storage/stores/s3/xml_answer.hpp"

namespace storage::s3 {

Bucket::Bucket(BucketOptions options, CredentialSource credentials, HttpOptions http)
    : options_(std::move(options)), credentials_(std::move(credentials)), http_(std::move(http)) {
  const std::size_t colon = options_.endpoint.find("://");
  scheme_ = options_.endpoint.substr(0, colon);
  host_ = options_.endpoint.substr(colon + 3);
  if (options_.is_virtual_host) host_ = options_.bucket + "." + host_;
}

std::string Bucket::path_of(const std::string& key) const {
  return (options_.is_virtual_host ? "/" : "/" + options_.bucket + (key.empty() ? "" : "/")) + path_encoded(key);
}

std::string Bucket::url_of(const std::string& key) const { return scheme_ + "://" + host_ + path_of(key); }

base::Result<HttpAnswer> Bucket::perform(BucketRequest request, const std::atomic<bool>& stopping,
                                         const std::function<void(std::string_view)>& on_body) {
  const auto credentials = credentials_.get();
  if (!credentials) return credentials.error();
  if (request.payload_sha256.empty()) request.payload_sha256 = hex(digest_of(Digest::sha256, request.body));
  const std::string query = query_text(request.query);
  HttpRequest http;
  http.method = request.method;
  http.url = url_of(request.key) + (query.empty() ? "" : "?" + query);
  http.headers = signed_headers({request.method, host_, path_of(request.key), std::move(request.query),
                                 std::move(request.headers), std::move(request.payload_sha256)},
                                *credentials, options_.region, std::chrono::system_clock::now());
  http.body = std::move(request.body);
  http.file = std::move(request.file);
  http.offset = request.offset;
  http.length = request.length;
  auto answer = http_.perform(http, stopping, on_body);
  if (!answer) return answer;
  // Some operations say 200 before they know how it ends.
  const std::string code = text_of(answer->body, "Code");
  const bool failed_late = answer->body.find("<Error>") != std::string::npos;
  if (answer->is_success() && !failed_late) return answer;
  std::string detail = code;
  if (const std::string message = text_of(answer->body, "Message"); !message.empty()) detail += ": " + message;
  base::Error error = status_error(*answer, detail);
  if (code == "AccessDenied" || code == "NotImplemented") error.kind = base::Kind::not_allowed;
  if (code == "NoSuchUpload") error.kind = base::Kind::not_found;
  if (code == "InvalidPart" || code == "InvalidPartOrder" || code == "EntityTooSmall")
    error.kind = base::Kind::conflict;
  return std::move(error).in(request.method + " " + (request.key.empty() ? options_.bucket : request.key));
}

}  // namespace storage::s3
