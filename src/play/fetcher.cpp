#include "play/fetcher.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <sys/stat.h>

#include "play/uri_list.hpp"

namespace play {

using base::Result;

namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

constexpr long kMaxRedirects = 5;
constexpr long kOk = 200;
constexpr long kNotModified = 304;
constexpr seconds kLongestFresh{365 * 86400};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

seconds read_seconds(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value < 0) return seconds(0);
  return std::min(seconds(value), kLongestFresh);
}

struct HeaderList {
  ~HeaderList() { curl_slist_free_all(list); }
  void add(const std::string& line) { list = curl_slist_append(list, line.c_str()); }
  curl_slist* list = nullptr;
};

base::Error unfit(std::string text) { return {base::Kind::not_acceptable, std::move(text), base::Fault::destination}; }

}  // namespace

// One request and what comes back; curl calls it.
struct Fetcher::Transfer {
  const std::string& uri;
  const DiskCache::About* known;  // what the cache has; may be null
  DiskCache::Draft draft;
  std::uint64_t max_bytes;
  const std::atomic<bool>& stopping;

  long status = 0;
  DiskCache::About about{};
  seconds max_age{0};
  seconds age{0};
  bool no_store = false;
  std::uint64_t size = 0;
  bool too_big = false;
  bool disk_failed = false;

  static std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* transfer) {
    auto& self = *static_cast<Transfer*>(transfer);
    self.size += count;
    self.too_big = self.size > self.max_bytes;
    if (self.too_big) return 0;
    self.disk_failed = ::write(self.draft.fd(), bytes, count) != static_cast<ssize_t>(count);
    return self.disk_failed ? 0 : count;
  }
  static std::size_t on_header(char* bytes, std::size_t, std::size_t count, void* transfer) {
    static_cast<Transfer*>(transfer)->take_header({bytes, count});
    return count;
  }
  static int on_progress(void* transfer, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Transfer*>(transfer)->stopping ? 1 : 0;
  }

  void take_header(std::string_view line) {
    if (line.starts_with("HTTP/")) {  // another answer: behind a redirect
      about = {};
      max_age = age = seconds(0);
      no_store = false;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const std::string name = lower(line.substr(0, colon));
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (name == "etag") about.etag = value;
    if (name == "last-modified") about.last_modified = value;
    if (name == "content-type") about.content_type = lower(trimmed(value.substr(0, value.find(';'))));
    if (name == "age") age = read_seconds(value);
    if (name == "cache-control") take_cache_control(lower(value));
  }

  void take_cache_control(std::string_view value) {
    bool no_cache = false;
    while (!value.empty()) {
      const std::size_t comma = std::min(value.find(','), value.size());
      const std::string_view directive = trimmed(value.substr(0, comma));
      value.remove_prefix(std::min(comma + 1, value.size()));
      if (directive == "no-store") no_store = true;
      if (directive.starts_with("no-cache")) no_cache = true;
      if (directive.starts_with("max-age=")) max_age = read_seconds(directive.substr(8));
    }
    if (no_cache) max_age = seconds(0);
  }

  // Once the answer is there.
  void set_freshness() { about.fresh_until = system_clock::now() + std::max(max_age - age, seconds(0)); }
};

Fetcher::Fetcher(const FetchOptions& options, const DiskCache& cache, const std::atomic<bool>& stopping)
    : options_(options), cache_(cache), stopping_(stopping), handle_(curl_easy_init()) {}

Result<Fetcher::Fetched> Fetcher::fetch(const std::string& uri) {
  if (!options_.http) {
    return base::Error{base::Kind::not_supported, "http is switched off on this server", base::Fault::peer};
  }
  const std::string key = "GET " + uri;
  auto kept = cache_.find(key);
  if (kept && kept->about.fresh_until > system_clock::now()) {
    return Fetched{std::move(kept->file), kept->about.content_type};
  }
  auto draft = cache_.draft();
  if (!draft) return std::move(draft.error());
  Transfer transfer{uri, kept ? &kept->about : nullptr, std::move(*draft), options_.max_bytes, stopping_};
  if (auto performed = perform(transfer); !performed) return std::move(performed.error());
  transfer.set_freshness();
  if (transfer.status == kNotModified && kept) {
    kept->about.fresh_until = transfer.about.fresh_until;
    cache_.renew(key, kept->about);
    return Fetched{std::move(kept->file), kept->about.content_type};
  }
  if (transfer.status != kOk) return unfit(in_quotes(uri) + ": HTTP status " + std::to_string(transfer.status));
  std::string type = transfer.about.content_type;
  if (transfer.no_store) return Fetched{transfer.draft.take(), std::move(type)};
  return Fetched{cache_.put(key, std::move(transfer.draft), transfer.about), std::move(type)};
}

Result<void> Fetcher::perform(Transfer& transfer) {
  CURL* curl = handle_.get();
  if (curl == nullptr) return base::Error{base::Kind::no_resources, "libcurl cannot be used"};
  curl_easy_reset(curl);
  HeaderList headers;
  if (transfer.known != nullptr && !transfer.known->etag.empty()) {
    headers.add("If-None-Match: " + transfer.known->etag);
  } else if (transfer.known != nullptr && !transfer.known->last_modified.empty()) {
    headers.add("If-Modified-Since: " + transfer.known->last_modified);
  }
  char reason[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
  curl_easy_setopt(curl, CURLOPT_URL, transfer.uri.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kMaxRedirects);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(options_.max_bytes));
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "Telegraphone/" TELEGRAPHONE_VERSION);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.list);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
  const CURLcode code = curl_easy_perform(curl);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, nullptr);  // it is not there for longer
  if (transfer.too_big || code == CURLE_FILESIZE_EXCEEDED) {
    return unfit(in_quotes(transfer.uri) + " is larger than " + std::to_string(options_.max_bytes) + " bytes");
  }
  if (transfer.disk_failed) return base::Error{base::Kind::no_resources, "the cache cannot be written to"};
  if (code == CURLE_URL_MALFORMAT) return base::bad_request(in_quotes(transfer.uri) + " is not a URI");
  if (code != CURLE_OK) {
    const std::string why = reason[0] != '\0' ? reason : curl_easy_strerror(code);
    return base::Error{base::Kind::unavailable, in_quotes(transfer.uri) + ": " + why, base::Fault::destination};
  }
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &transfer.status);
  return {};
}

}  // namespace play
