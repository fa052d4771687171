// The strategy "http": every file is the body of one PUT or POST: WebDAV, a web application, whatever takes files.
// Settings: docs/stores.md. Each request says what it brings: Content-Type, Content-Digest and Repr-Digest (RFC 9530),
// and an Idempotency-Key that is the same in every attempt, so that who takes POSTs can tell a repetition.

#include <algorithm>
#include <array>

#include "storage/checksum.hpp"
#include "storage/http_client.hpp"
#include "storage/path_template.hpp"

namespace storage::http {
namespace {

using base::Result;

constexpr long kNotFound = 404;
constexpr long kGone = 410;

struct Options {
  std::string url;  // in front of the path
  PathTemplate path;
  bool appends_path = true;  // POST to the url itself where false
  std::string method;
  std::vector<long> success;  // statuses; empty: 200 to 299
  std::map<std::string, std::string> headers;
  std::string uri;     // a template of words; empty: Location, else where it was sent
  std::string verify;  // "head", "none"
  bool deletes = false;
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

// Location may be relative (RFC 9110 §10.2.2).
std::string absolute(const std::string& location, const std::string& base) {
  if (location.find("://") != std::string::npos) return location;
  const std::size_t host = base.find("://") + 3;
  if (location.starts_with("//")) return base.substr(0, host - 2) + location;
  if (location.starts_with('/'))
    return base.substr(0, std::min(base.find_first_of("/?", host), base.size())) + location;
  return base.substr(0, base.rfind('/') + 1) + location;
}

class HttpStore final : public Store {
 public:
  HttpStore(Options options, HttpOptions http) : options_(std::move(options)), client_(std::move(http)) {}

  Result<Receipt> store(const Item& item, const std::atomic<bool>& stopping) override {
    Receipt receipt;
    for (auto piece = item.pieces.rbegin(); piece != item.pieces.rend(); ++piece) {
      const std::string url = url_of(item.about, *piece);
      auto answer = send(item.about, *piece, url, stopping);
      if (!answer) return std::move(answer.error());
      const std::string location = answer->header("location");
      receipt.uri = location.empty() ? url : absolute(location, url);
      if (options_.verify == "head") {
        if (auto there = verify(*piece, receipt.uri, stopping); !there) return std::move(there.error());
      }
    }
    if (!options_.uri.empty()) receipt.uri = filled_uri(item);
    return receipt;
  }

  std::string expected_uri(const Item& item) const override {
    if (item.pieces.empty()) return {};
    if (!options_.uri.empty()) return filled_uri(item);
    return options_.method == "PUT" ? url_of(item.about, item.pieces.front()) : "";
  }

  // Each file where it was sent to; what was posted can only be asked for by the uri.
  Result<void> remove(const Item& item, const std::string& uri, const std::atomic<bool>& stopping) override {
    if (!options_.deletes)
      return base::Error{base::Kind::not_supported, "this store deletes nothing: 'delete' is false"};
    const bool is_sent_to_its_place = options_.method == "PUT";
    for (const Piece& piece : item.pieces) {
      const bool is_recording = &piece == item.pieces.data();
      if (!is_recording && !is_sent_to_its_place) break;
      const bool by_uri = is_recording && options_.uri.empty();
      HttpRequest request;
      request.method = "DELETE";
      request.url = by_uri || !is_sent_to_its_place ? uri : url_of(item.about, piece);
      if (!request.url.starts_with("http://") && !request.url.starts_with("https://")) {
        return base::Error{base::Kind::conflict, request.url + " is none of this store's, as it is configured now"};
      }
      for (const auto& [name, value] : options_.headers) {
        if (lower(name) != "content-type") request.headers.push_back(name + ": " + filled(value, item.about, piece));
      }
      const auto answer = client_.perform(request, stopping);
      if (!answer) return answer.error();
      const bool is_gone = answer->status == kNotFound || answer->status == kGone;
      if (!answer->is_success() && !is_gone) return status_error(*answer, answer->body).in("DELETE " + request.url);
    }
    return {};
  }

 private:
  std::string filled_uri(const Item& item) const {
    const Piece& piece = item.pieces.front();
    std::string uri = options_.uri;
    if (const std::size_t at = uri.find("{path}"); at != std::string::npos) {
      uri.replace(at, 6, path_encoded(options_.path.path(item.about, piece)));
    }
    return filled(uri, item.about, piece);
  }

  std::string url_of(const About& about, const Piece& piece) const {
    return options_.appends_path ? options_.url + "/" + path_encoded(options_.path.path(about, piece)) : options_.url;
  }

  Result<HttpAnswer> send(const About& about, const Piece& piece, const std::string& url,
                          const std::atomic<bool>& stopping) {
    HttpRequest request;
    request.method = options_.method;
    request.url = url;
    request.file = piece.path;
    request.length = piece.size;
    const std::string digest = "sha-256=:" + base64(from_hex(piece.sha256)) + ":";
    request.headers = {"Content-Type: " + piece.content_type, "Content-Digest: " + digest, "Repr-Digest: " + digest,
                       "Idempotency-Key: \"" + about.id + "/" + piece.name + "\"",
                       "Content-Disposition: attachment; filename=\"" + piece.name + "\""};
    for (const auto& [name, value] : options_.headers) {
      // What is configured stands in the place of what is ours.
      std::erase_if(request.headers, [&](const auto& line) { return lower(line).starts_with(lower(name) + ":"); });
      request.headers.push_back(name + ": " + filled(value, about, piece));
    }
    auto answer = client_.perform(request, stopping);
    if (!answer) return answer;
    const auto& good = options_.success;
    const bool is_good =
        good.empty() ? answer->is_success() : std::find(good.begin(), good.end(), answer->status) != good.end();
    if (is_good) return answer;
    return status_error(*answer, answer->body).in(options_.method + " " + url);
  }

  // That what can be fetched there has the right size, and the right digest where the server tells one.
  Result<void> verify(const Piece& piece, const std::string& uri, const std::atomic<bool>& stopping) {
    HttpRequest request;
    request.method = "HEAD";
    request.url = uri;
    request.headers = {"Want-Repr-Digest: sha-256=10"};
    const auto answer = client_.perform(request, stopping);
    if (!answer) return answer.error();
    if (!answer->is_success()) return status_error(*answer).in("HEAD " + uri);
    const std::string digest = answer->header("repr-digest");
    const std::string ours = "sha-256=:" + base64(from_hex(piece.sha256)) + ":";
    const bool other_digest = digest.find("sha-256=") != std::string::npos && digest.find(ours) == std::string::npos;
    if (answer->header("content-length") == std::to_string(piece.size) && !other_digest) return {};
    return base::Error{base::Kind::unavailable, "HEAD " + uri + ": what is there is not what was sent",
                       base::Fault::destination};
  }

  const Options options_;
  HttpClient client_;
};

std::vector<long> statuses(Settings& settings) {
  std::vector<long> all;
  for (const std::string& text : settings.list("success")) {
    const bool number = text.size() == 3 && text.find_first_not_of("0123456789") == std::string::npos;
    if (!number) settings.refuse("success", "a list of statuses such as [\"201\", \"204\"]");
    all.push_back(number ? std::stol(text) : 0);
  }
  return all;
}

class HttpStrategy final : public Strategy {
 public:
  std::string_view name() const override { return "http"; }

  Result<std::unique_ptr<Store>> open(Settings& settings) const override {
    auto path = PathTemplate::parse(settings.text("path", "{date}/{name}"));
    if (!path) return std::move(path.error()).in("path");
    const std::string method = settings.choice("method", "PUT", {"PUT", "POST"});
    Options options{.url = settings.text("url"),
                    .path = std::move(*path),
                    .appends_path = settings.boolean("append-path", method == "PUT"),
                    .method = method,
                    .success = statuses(settings),
                    .headers = settings.table("headers"),
                    .uri = settings.text("uri"),
                    .verify = settings.choice("verify", method == "PUT" ? "head" : "none", {"head", "none"}),
                    .deletes = settings.boolean("delete", false)};
    if (options.appends_path) {
      while (options.url.ends_with('/')) options.url.pop_back();
    }
    if (!options.url.starts_with("http://") && !options.url.starts_with("https://")) {
      settings.refuse("url", "a URL of http: or https:");
    }
    if (options.method == "PUT" && !options.appends_path) {
      settings.refuse("append-path", "true: a PUT without it would replace one recording by another");
    }
    std::string words = options.uri;
    if (const std::size_t at = words.find("{path}"); at != std::string::npos) words.erase(at, 6);
    if (const std::string word = unknown_word(words); !word.empty()) settings.refuse("uri", "no {" + word + "}");
    for (const auto& [name, value] : options.headers) {
      const bool token = name.find_first_of(" :\r\n\t") == std::string::npos && !name.empty();
      if (!token || value.find_first_of("\r\n") != std::string::npos)
        settings.refuse("headers", "names and values of a line");
      if (const std::string word = unknown_word(value); !word.empty()) settings.refuse("headers", "no {" + word + "}");
    }
    HttpOptions http;
    http.take(settings);
    http.user = settings.text("user");
    http.password = settings.text("password");
    http.bearer = settings.text("bearer");
    return std::unique_ptr<Store>(std::make_unique<HttpStore>(std::move(options), std::move(http)));
  }
};

}  // namespace

std::span<const Strategy* const> stores() {
  static const HttpStrategy instance;
  static const std::array<const Strategy*, 1> all = {&instance};
  return all;
}

}  // namespace storage::http
