#pragma once
// One HTTP request at a time over libcurl, for stores (RFC 9110). Owned by one delivery thread, which it blocks; keeps
// connections for the next request. Redirections are not followed: what is uploaded goes where it was configured to go.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <curl/curl.h>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "storage/settings.hpp"

namespace storage {

struct HttpOptions {
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds stall_timeout{30'000};        // without one byte in either direction
  std::int64_t bytes_per_second = 0;                      // of bodies that are sent; 0: as fast as it goes
  std::shared_ptr<Pace> pace = std::make_shared<Pace>();  // who has the same shares those
  std::string ca_file;                                    // PEM; empty: the system's
  std::string certificate, key;                           // PEM, of ours (mTLS)
  std::string user, password;                             // Basic or Digest, what the server asks for
  std::string bearer;

  // Takes the keys that all of it is configured by: connect-timeout, stall-timeout, bytes-per-second, ca-file,
  // client-certificate, client-key.
  void take(Settings& settings);
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::string> headers;  // "Name: value"
  std::string body;
  // In its place, where it is not empty: a part of a file.
  std::filesystem::path file;
  std::uint64_t offset = 0, length = 0;
};

struct HttpAnswer {
  long status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // its first megabyte

  std::string header(const std::string& name) const;
  bool is_success() const { return status >= 200 && status < 300; }
};

class HttpClient {
 public:
  explicit HttpClient(HttpOptions options) : options_(std::move(options)), handle_(curl_easy_init()) {}

  // unavailable: no whole answer came. `stopping`: given up at once. `on_body`, if any, gets the answer's body as it
  // comes in place of HttpAnswer::body.
  base::Result<HttpAnswer> perform(const HttpRequest& request, const std::atomic<bool>& stopping,
                                   const std::function<void(std::string_view)>& on_body = {});

 private:
  struct Close {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  struct Transfer;
  void configure(CURL* curl) const;

  const HttpOptions options_;
  std::unique_ptr<CURL, Close> handle_;
};

// "HTTP status 503: slow down", for people; `detail` may be what a server sent.
base::Error status_error(const HttpAnswer& answer, std::string_view detail = {});

}  // namespace storage
