// The strategy "s3": any service that speaks Amazon's S3 (AWS, Ceph, MinIO …). Settings: docs/stores.md.

#include <array>

#include "storage/path_template.hpp"
#include "storage/stores/s3/object.hpp"
#include "storage/stores/s3/old_uploads.hpp"

namespace storage::s3 {
namespace {

using base::Result;
using Texts = std::map<std::string, std::string>;

struct Options {
  PathTemplate key;
  std::string public_url;
  std::string encryption, kms_key, storage_class;
  Texts tags, metadata;  // values may hold words in braces
  UploadOptions upload;
  std::string key_template;
  std::chrono::hours abort_uploads_after{0};  // 0: never
};

// Header fields hold printable ASCII.
std::string header_value(const std::string& text) {
  std::string out;
  for (const char c : text) c >= 32 && c < 127 ? out += c : out += path_encoded({&c, 1});
  return out;
}

class S3Store final : public Store {
 public:
  S3Store(Bucket bucket, Options options) : bucket_(std::move(bucket)), options_(std::move(options)) {}

  Result<Receipt> store(const Item& item, const std::atomic<bool>& stopping) override {
    for (auto piece = item.pieces.rbegin(); piece != item.pieces.rend(); ++piece) {
      Object object(bucket_, naming(item.about, *piece), *piece, options_.upload, stopping);
      if (auto stored = object.store(item.attempt > 1); !stored) return std::move(stored.error());
    }
    return Receipt{expected_uri(item)};
  }

  std::string expected_uri(const Item& item) const override {
    if (item.pieces.empty()) return {};
    const std::string key = options_.key.path(item.about, item.pieces.front());
    return options_.public_url.empty() ? bucket_.url_of(key) : options_.public_url + "/" + path_encoded(key);
  }

  Result<void> remove(const Item& item, const std::string& uri, const std::atomic<bool>& stopping) override {
    const Piece& recording = item.pieces.front();
    const std::string key = key_of(uri);
    const bool is_of_template = uri == expected_uri(item);
    if (!is_of_template && key.find(recording.name) == std::string::npos) {
      return base::Error{base::Kind::conflict, uri + " is none of this bucket's, as it is configured now"};
    }
    for (const Piece& piece : item.pieces) {  // the recording first: what is beside it says less
      std::string whose = key;
      if (is_of_template) {
        whose = options_.key.path(item.about, piece);
      } else {
        whose.replace(key.find(recording.name), recording.name.size(), piece.name);
      }
      auto answer = bucket_.perform({.method = "DELETE", .key = whose}, stopping);
      if (!answer) return std::move(answer.error());
    }
    return {};
  }

  std::uint64_t portion() const override { return options_.upload.part_size; }

  Result<bool> grown(const Growing& growing, const std::atomic<bool>& stopping) override {
    return Object(bucket_, naming(growing.about, growing.piece), growing.piece, options_.upload, stopping).grow();
  }

  Result<void> forget(const std::filesystem::path& file, const std::atomic<bool>& stopping) override {
    return Multipart(bucket_, state_path(file, bucket_.url_of("")), stopping).abort();
  }

  Result<void> tidy(std::chrono::system_clock::time_point now, const std::atomic<bool>& stopping) override {
    if (options_.abort_uploads_after == std::chrono::hours(0)) return {};
    return abort_old_uploads(bucket_, options_.key_template, now - options_.abort_uploads_after, stopping);
  }

 private:
  Naming naming(const About& about, const Piece& piece) const {
    return {options_.key.path(about, piece), headers(about, piece),
            state_path(piece.path.parent_path() / piece.name, bucket_.url_of(""))};
  }

  // Empty where it is of another place.
  std::string key_of(const std::string& uri) const {
    std::string root = options_.public_url.empty() ? bucket_.url_of("") : options_.public_url;
    if (!root.ends_with('/')) root += '/';
    return uri.starts_with(root) ? path_decoded(uri.substr(root.size())) : "";
  }

  Texts headers(const About& about, const Piece& piece) const {
    Texts headers = {{"content-type", piece.content_type},
                     {"x-amz-meta-sha256", piece.sha256},
                     {"x-amz-meta-recording", about.id},
                     {"x-amz-server-side-encryption", options_.encryption},
                     {"x-amz-server-side-encryption-aws-kms-key-id", options_.kms_key},
                     {"x-amz-storage-class", options_.storage_class}};
    Texts tags;
    for (const auto& [name, value] : options_.tags) tags[name] = filled(value, about, piece);
    headers["x-amz-tagging"] = query_text(tags);
    for (const auto& [name, value] : options_.metadata) {
      headers["x-amz-meta-" + name] = header_value(filled(value, about, piece));
    }
    std::erase_if(headers, [](const auto& header) { return header.second.empty(); });
    return headers;
  }

  Bucket bucket_;
  const Options options_;
};

bool is_bucket_name(const std::string& text) {
  return text.size() >= 3 && text.size() <= 63 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
             std::string::npos;
}

void check_texts(Settings& settings, const std::string& key, const Texts& texts) {
  for (const auto& [name, value] : texts) {
    if (const std::string word = unknown_word(value); !word.empty()) settings.refuse(key, "no {" + word + "}");
    const bool fits = name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos;
    if (key == "metadata" && (name.empty() || !fits)) settings.refuse(key, "names of small letters, digits and '-'");
  }
}

class S3Strategy final : public Strategy {
 public:
  std::string_view name() const override { return "s3"; }

  Result<std::unique_ptr<Store>> open(Settings& settings) const override {
    BucketOptions bucket;
    bucket.region = settings.text("region", "us-east-1");
    bucket.bucket = settings.text("bucket");
    const bool amazon = !settings.has("endpoint");
    bucket.endpoint = settings.text("endpoint", "https://s3." + bucket.region + ".amazonaws.com");
    while (bucket.endpoint.ends_with('/')) bucket.endpoint.pop_back();
    bucket.is_virtual_host = settings.choice("style", amazon ? "virtual" : "path", {"virtual", "path"}) == "virtual";
    if (!is_bucket_name(bucket.bucket)) settings.refuse("bucket", "the name of a bucket");
    const std::size_t host = bucket.endpoint.find("://");
    const bool is_url = bucket.endpoint.starts_with("https://") || bucket.endpoint.starts_with("http://");
    if (!is_url || bucket.endpoint.find_first_of("/?# ", host + 3) != std::string::npos) {
      settings.refuse("endpoint", "http(s)://host or http(s)://host:port");
      bucket.endpoint = "http://invalid";
    }
    const std::string key_template = settings.text("key", "{date}/{name}");
    auto key = PathTemplate::parse(key_template);
    if (!key) return std::move(key.error()).in("key");
    Options options{.key = std::move(*key),
                    .public_url = settings.text("public-url"),
                    .encryption = settings.choice("encryption", "", {"AES256", "aws:kms"}),
                    .kms_key = settings.text("kms-key"),
                    .storage_class = settings.text("storage-class"),
                    .tags = settings.table("tags"),
                    .metadata = settings.table("metadata"),
                    .upload = {},
                    .key_template = key_template};
    constexpr std::int64_t kHours = 24;
    constexpr std::int64_t kMostDays = 3650;
    options.abort_uploads_after = std::chrono::hours(kHours * settings.number("abort-uploads-after", 0, 0, kMostDays));
    while (options.public_url.ends_with('/')) options.public_url.pop_back();
    constexpr std::int64_t kMegabyte = 1 << 20;
    options.upload.part_size =
        static_cast<std::uint64_t>(settings.number("part-size", 8 * kMegabyte, 5 * kMegabyte, 5000 * kMegabyte));
    options.upload.multipart_above =
        static_cast<std::uint64_t>(settings.number("multipart-above", 32 * kMegabyte, 0, 5000 * kMegabyte));
    check_texts(settings, "tags", options.tags);
    check_texts(settings, "metadata", options.metadata);
    HttpOptions http;
    http.take(settings);
    Bucket opened(std::move(bucket), CredentialSource::take(settings), std::move(http));
    return std::unique_ptr<Store>(std::make_unique<S3Store>(std::move(opened), std::move(options)));
  }
};

}  // namespace

std::span<const Strategy* const> stores() {
  static const S3Strategy instance;
  static const std::array<const Strategy*, 1> all = {&instance};
  return all;
}

}  // namespace storage::s3
