#pragma once
// Fetches what an http: or https: URI names into the disk cache, as RFC 9111 asks of a private cache: Cache-Control
// (max-age, no-cache, no-store) and Age; what is stale is asked for again with its ETag or date. libcurl. Owned by one
// thread, which it blocks, at most for the timeout.

#include <atomic>
#include <chrono>
#include <curl/curl.h>
#include <memory>
#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "play/disk_cache.hpp"

namespace play {

struct FetchOptions {
  bool http = true;
  std::uint64_t max_bytes = 50'000'000;  // of one document
  std::chrono::milliseconds timeout{10000};
};

class Fetcher {
 public:
  // `stopping`: given up at once.
  Fetcher(const FetchOptions& options, const DiskCache& cache, const std::atomic<bool>& stopping);

  struct Fetched {
    base::Fd file;
    std::string content_type;  // lower case, without parameters; may be empty
  };
  // not_acceptable: the server has no such thing, or too much of it. unavailable: it cannot be reached.
  base::Result<Fetched> fetch(const std::string& uri);

 private:
  struct Close {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  struct Transfer;

  base::Result<void> perform(Transfer& transfer);

  const FetchOptions options_;
  const DiskCache& cache_;
  const std::atomic<bool>& stopping_;
  std::unique_ptr<CURL, Close> handle_;  // keeps connections for the next time
};

}  // namespace play
