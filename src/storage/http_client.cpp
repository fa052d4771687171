#include "storage/http_client.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <thread>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "storage/disk_error.hpp"

namespace storage {
namespace {

constexpr std::size_t kMostOfBody = 1'000'000;
constexpr std::size_t kMostHeaders = 200;

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

struct HeaderList {
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList() { curl_slist_free_all(list); }
  void add(const std::string& line) { list = curl_slist_append(list, line.c_str()); }
  curl_slist* list = nullptr;
};

}  // namespace

void HttpOptions::take(Settings& settings) {
  connect_timeout = settings.seconds("connect-timeout", connect_timeout);
  stall_timeout = settings.seconds("stall-timeout", stall_timeout);
  pace = settings.pace();
  bytes_per_second = settings.number("bytes-per-second", 0, 0, std::int64_t{1} << 40);
  ca_file = settings.text("ca-file");
  certificate = settings.text("client-certificate");
  key = settings.text("client-key");
  if (certificate.empty() != key.empty()) settings.refuse("client-certificate", "a certificate together with its key");
  if (stall_timeout < std::chrono::seconds(1)) settings.refuse("stall-timeout", "at least one second");
  if (connect_timeout < std::chrono::milliseconds(1)) settings.refuse("connect-timeout", "more than nothing");
}

std::string HttpAnswer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

// What curl calls back.
struct HttpClient::Transfer {
  const HttpRequest& request;
  const std::atomic<bool>& stopping;
  const std::function<void(std::string_view)>& on_body;
  const HttpOptions& options;
  base::Fd file{};
  std::uint64_t sent = 0;  // of the body
  curl_off_t moved = 0;    // bytes, in both directions
  base::Time moved_at = base::Clock::now();
  bool stalled = false;
  HttpAnswer answer{};
  std::string disk_failure{};

  std::uint64_t length() const { return request.file.empty() ? request.body.size() : request.length; }

  // How many of `most` bytes may go now: waits for it, which is no stall.
  std::size_t granted(std::size_t most) {
    constexpr std::int64_t kTurns = 20;  // a second
    constexpr std::int64_t kLeast = 256;
    constexpr base::Clock::duration kLook = std::chrono::milliseconds(100);
    const std::int64_t rate = options.bytes_per_second;
    if (rate == 0 || most == 0) return most;
    const std::size_t count = std::min(most, static_cast<std::size_t>(std::max(kLeast, rate / kTurns)));
    const base::Time begin = base::Clock::now();
    const base::Time turn = begin + options.pace->take(count, rate, begin);
    for (base::Time now = begin; now < turn && !stopping; now = base::Clock::now()) {
      std::this_thread::sleep_for(std::min(kLook, turn - now));
    }
    moved_at = base::Clock::now();
    return count;
  }

  static std::size_t on_read(char* place, std::size_t, std::size_t most, void* transfer) {
    auto& self = *static_cast<Transfer*>(transfer);
    const auto left = static_cast<std::size_t>(std::min<std::uint64_t>(most, self.length() - self.sent));
    const std::size_t count = self.granted(left);
    if (self.stopping) return CURL_READFUNC_ABORT;
    if (self.request.file.empty()) {
      std::memcpy(place, self.request.body.data() + self.sent, count);
      self.sent += count;
      return count;
    }
    if (count == 0) return 0;
    const ssize_t got = ::pread(self.file.get(), place, count, static_cast<off_t>(self.request.offset + self.sent));
    if (got <= 0) {
      self.disk_failure = disk_error("read " + self.request.file.string(), got < 0 ? errno : EIO).text;
      return CURL_READFUNC_ABORT;
    }
    self.sent += static_cast<std::size_t>(got);
    return static_cast<std::size_t>(got);
  }
  // The body again, from its start: after a 401 of digest authentication, or on another connection.
  static int on_seek(void* transfer, curl_off_t offset, int origin) {
    auto& self = *static_cast<Transfer*>(transfer);
    if (origin != SEEK_SET || offset < 0 || static_cast<std::uint64_t>(offset) > self.length())
      return CURL_SEEKFUNC_FAIL;
    self.sent = static_cast<std::uint64_t>(offset);
    return CURL_SEEKFUNC_OK;
  }
  static std::size_t on_write(char* bytes, std::size_t, std::size_t count, void* transfer) {
    auto& self = *static_cast<Transfer*>(transfer);
    if (self.on_body) {
      self.on_body({bytes, count});
    } else {
      self.answer.body.append(bytes, std::min(count, kMostOfBody - self.answer.body.size()));
    }
    return count;
  }
  static std::size_t on_header(char* bytes, std::size_t, std::size_t count, void* transfer) {
    auto& self = *static_cast<Transfer*>(transfer);
    const std::string_view line(bytes, count);
    if (line.starts_with("HTTP/")) self.answer.headers.clear();  // of another answer: 100, 401
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || self.answer.headers.size() >= kMostHeaders) return count;
    self.answer.headers[lower(line.substr(0, colon))] = trimmed(line.substr(colon + 1));
    return count;
  }
  // About once a second. curl's own limit of low speed looks at an average, in which a stall is seen late.
  static int on_progress(void* transfer, curl_off_t, curl_off_t received, curl_off_t, curl_off_t sent) {
    auto& self = *static_cast<Transfer*>(transfer);
    const base::Time now = base::Clock::now();
    if (received + sent != self.moved) self.moved_at = now;
    self.moved = received + sent;
    self.stalled = now - self.moved_at > self.options.stall_timeout;
    return self.stopping || self.stalled ? 1 : 0;
  }
};

void HttpClient::configure(CURL* curl) const {
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");  // never by a variable of the environment
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "Telegraphone/" TELEGRAPHONE_VERSION);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
  if (!options_.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, options_.ca_file.c_str());
  if (!options_.certificate.empty()) {
    curl_easy_setopt(curl, CURLOPT_SSLCERT, options_.certificate.c_str());
    curl_easy_setopt(curl, CURLOPT_SSLKEY, options_.key.c_str());
  }
  if (!options_.user.empty()) {
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC | CURLAUTH_DIGEST));
    curl_easy_setopt(curl, CURLOPT_USERNAME, options_.user.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, options_.password.c_str());
  } else if (!options_.bearer.empty()) {
    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BEARER));
    curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, options_.bearer.c_str());
  }
}

base::Result<HttpAnswer> HttpClient::perform(const HttpRequest& request, const std::atomic<bool>& stopping,
                                             const std::function<void(std::string_view)>& on_body) {
  CURL* curl = handle_.get();
  if (curl == nullptr) return base::Error{base::Kind::no_resources, "libcurl cannot be used"};
  Transfer transfer{request, stopping, on_body, options_};
  if (!request.file.empty()) {
    transfer.file = base::Fd(::open(request.file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!transfer.file) return disk_error("open " + request.file.string(), errno);
  }
  curl_easy_reset(curl);
  configure(curl);
  HeaderList headers;
  for (const std::string& line : request.headers) headers.add(line);
  char reason[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, reason);
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  if (request.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  } else if (request.method == "PUT" || request.method == "POST") {
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(transfer.length()));
    headers.add("Transfer-Encoding:");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  } else {
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.list);
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, &Transfer::on_read);
  curl_easy_setopt(curl, CURLOPT_READDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, &Transfer::on_seek);
  curl_easy_setopt(curl, CURLOPT_SEEKDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Transfer::on_write);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
  const CURLcode code = curl_easy_perform(curl);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, nullptr);  // it is not there for longer
  if (!transfer.disk_failure.empty()) return base::Error{base::Kind::internal, transfer.disk_failure};
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &transfer.answer.status);
  if (transfer.stalled) {
    const std::string time = std::to_string(options_.stall_timeout.count());
    return base::Error{base::Kind::unavailable, request.method + ": nothing moved for " + time + " ms",
                       base::Fault::destination};
  }
  // A server that refuses before it has got all of the body may close: its answer says more than the broken pipe.
  const bool refused = code == CURLE_SEND_ERROR && transfer.answer.status >= 300;
  if (code != CURLE_OK && !refused) {
    const std::string why = reason[0] != '\0' ? reason : curl_easy_strerror(code);
    return base::Error{base::Kind::unavailable, request.method + ": " + why, base::Fault::destination};
  }
  return std::move(transfer.answer);
}

base::Error status_error(const HttpAnswer& answer, std::string_view detail) {
  constexpr std::size_t kMostOfDetail = 300;
  std::string text = "HTTP status " + std::to_string(answer.status);
  if (!detail.empty()) text += ": " + std::string(detail.substr(0, kMostOfDetail));
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 32 || c == 127; }, ' ');
  return {base::Kind::unavailable, std::move(text), base::Fault::destination};
}

}  // namespace storage
