#pragma once
// One bucket of an S3 service: its address, and signed requests to it. Owned by one delivery thread, which it blocks.

#include <atomic>
#include <functional>
#include <map>
#include <string>

#include "storage/http_client.hpp"
#include "storage/stores/s3/credentials.hpp"

namespace storage::s3 {

struct BucketOptions {
  std::string endpoint;  // "https://s3.eu-central-1.amazonaws.com"
  std::string region, bucket;
  bool is_virtual_host = false;  // https://bucket.host/key and not https://host/bucket/key
};

struct BucketRequest {
  std::string method;
  std::string key;  // not encoded; empty: the bucket itself
  std::map<std::string, std::string> query{};
  std::map<std::string, std::string> headers{};
  std::string payload_sha256{};  // hexadecimal; empty: of `body`
  std::string body{};
  std::filesystem::path file{};
  std::uint64_t offset = 0, length = 0;
};

class Bucket {
 public:
  Bucket(BucketOptions options, CredentialSource credentials, HttpOptions http);

  // The answer if it is a success, else an error that says what the service says. not_found: there is no such upload in
  // parts (any more); conflict: it has not the parts that it was told to put together; not_allowed:
  // AccessDenied, NotImplemented. Else unavailable.
  base::Result<HttpAnswer> perform(BucketRequest request, const std::atomic<bool>& stopping,
                                   const std::function<void(std::string_view)>& on_body = {});
  std::string url_of(const std::string& key) const;

 private:
  std::string path_of(const std::string& key) const;

  BucketOptions options_;
  std::string scheme_, host_;
  CredentialSource credentials_;
  HttpClient http_;
};

}  // namespace storage::s3
