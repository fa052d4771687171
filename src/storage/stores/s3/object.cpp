#include "storage/stores/s3/object.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <openssl/evp.h>

#include "storage/checksum.hpp"
#include "storage/stores/s3/xml_answer.hpp"

namespace storage::s3 {
namespace {

using base::Result;

base::Error differs(const std::string& key, const std::string& what) {
  return {base::Kind::unavailable, key + ": what the store holds is not what was sent: " + what,
          base::Fault::destination};
}

std::string without_quotes(std::string text) {
  std::erase(text, '"');
  return text;
}

// MD5 of the content, as services say it of what is not encrypted: 32 digits, "-" and the number of parts.
bool is_md5(const std::string& etag) {
  const std::string digits = etag.substr(0, etag.find('-'));
  return digits.size() == 32 && digits.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// The number behind a checksum of checksums, "…-3"; 0 if there is none.
std::size_t parts_of(const std::string& checksum) {
  const std::size_t dash = checksum.find('-');
  return dash == std::string::npos ? 0 : std::strtoul(checksum.c_str() + dash + 1, nullptr, 10);
}

}  // namespace

Object::Object(Bucket& bucket, Naming naming, const Piece& piece, const UploadOptions& options,
               const std::atomic<bool>& stopping)
    : bucket_(bucket),
      naming_(std::move(naming)),
      key_(naming_.key),
      piece_(piece),
      options_(options),
      stopping_(stopping),
      upload_(bucket_, naming_.state_file, stopping_) {}

Result<void> Object::store(bool may_be_there) {
  if (auto chosen = choose_parts(); !chosen) return chosen;
  if (may_be_there && confirm()) return upload_.leave();
  Result<void> uploaded = is_multipart() ? upload_parts() : put();
  // What is not there any more is begun again, once: another attempt would do the same.
  const bool is_lost = !uploaded && is_multipart() && upload_.is_known() && !upload_.is_begun() &&
                       uploaded.error().kind == base::Kind::not_found;
  if (is_lost && !stopping_) uploaded = upload_parts();
  return uploaded ? confirm() : uploaded;
}

// Those of an upload that goes on, if there is one: the settings may have changed since.
Result<void> Object::choose_parts() {
  const std::uint64_t needed = (piece_.size + kMostParts - 1) / kMostParts;
  if (upload_.is_known() &&
      (upload_.key() != key_ || upload_.part_size() >= piece_.size || upload_.part_size() < needed)) {
    if (auto aborted = upload_.abort(); !aborted) return aborted;
  }
  if (!upload_.is_known() && piece_.size <= options_.multipart_above) return {};
  const std::uint64_t size = upload_.is_known() ? upload_.part_size() : std::max(options_.part_size, needed);
  for (std::uint64_t at = 0; at < piece_.size; at += size) {
    const std::uint64_t length = std::min(size, piece_.size - at);
    auto digest = digest_of_file(Digest::sha256, piece_.path, at, length);
    if (!digest) return std::move(digest.error());
    parts_.push_back({piece_.path, at, length, std::move(*digest)});
  }
  return {};
}

Result<bool> Object::grow() {
  if (upload_.is_known() && upload_.key() != key_) {
    if (auto aborted = upload_.abort(); !aborted) return std::move(aborted.error());
  }
  const std::uint64_t size = upload_.is_known() ? upload_.part_size() : options_.part_size;
  const std::size_t final_parts = std::min<std::uint64_t>(piece_.size / size, kMostParts - 1);
  // Part 1 holds the header, which changes until the end.
  std::size_t number = 2;
  while (upload_.is_known() && number <= final_parts && upload_.has(number)) ++number;
  if (number > final_parts) return false;
  if (!upload_.is_begun()) {
    if (auto begun = upload_.begin(key_, naming_.headers, size); !begun) return std::move(begun.error());
    if (!upload_.is_kept()) {
      [[maybe_unused]] const auto aborted = upload_.abort();
      return base::Error{base::Kind::internal, naming_.state_file.string() + " cannot be written"};
    }
  }
  const std::uint64_t offset = (number - 1) * size;
  auto digest = digest_of_file(Digest::sha256, piece_.path, offset, size);
  if (!digest) return std::move(digest.error());
  if (auto sent = upload_.upload(number, {piece_.path, offset, size, std::move(*digest)}); !sent) {
    if (!upload_.is_kept()) [[maybe_unused]]
      const auto aborted = upload_.abort();
    return std::move(sent.error());
  }
  return number < final_parts;
}

Result<void> Object::put() {
  BucketRequest request{.method = "PUT", .key = key_, .headers = naming_.headers, .payload_sha256 = piece_.sha256};
  request.headers["x-amz-checksum-sha256"] = base64(from_hex(piece_.sha256));
  request.file = piece_.path;
  request.length = piece_.size;
  const auto answer = bucket_.perform(std::move(request), stopping_);
  return answer ? Result<void>() : answer.error();
}

// One that fails stays as it is: the next attempt goes on with it.
Result<void> Object::upload_parts() {
  Result<void> done;
  if (!upload_.is_begun()) done = upload_.begin(key_, naming_.headers, parts_.front().length);
  for (std::size_t i = 0; done && i < parts_.size(); ++i) {
    if (!upload_.has(i + 1, parts_[i].sha256)) done = upload_.upload(i + 1, parts_[i]);
  }
  if (done) done = upload_.complete(parts_.size());
  if (!done && !upload_.is_kept()) [[maybe_unused]]
    const auto aborted = upload_.abort();
  return done;
}

Result<std::string> Object::expected_etag() const {
  if (!is_multipart()) {
    auto digest = digest_of_file(Digest::md5, piece_.path);
    return digest ? hex(*digest) : std::move(digest);
  }
  std::string digests;
  for (const Multipart::Range& part : parts_) {
    auto digest = digest_of_file(Digest::md5, piece_.path, part.offset, part.length);
    if (!digest) return digest;
    digests += *digest;
  }
  return hex(digest_of(Digest::md5, digests)) + "-" + std::to_string(parts_.size());
}

Result<void> Object::confirm() {
  const auto head = bucket_.perform(
      BucketRequest{.method = "HEAD", .key = key_, .headers = {{"x-amz-checksum-mode", "ENABLED"}}}, stopping_);
  if (!head) return head.error();
  if (head->header("content-length") != std::to_string(piece_.size)) {
    return differs(key_, head->header("content-length") + " bytes of " + std::to_string(piece_.size));
  }
  if (std::string checksum = head->header("x-amz-checksum-sha256"); !checksum.empty()) {
    std::string digests;
    for (const Multipart::Range& part : parts_) digests += part.sha256;
    const std::string whole = base64(from_hex(piece_.sha256));
    const std::string composite = base64(digest_of(Digest::sha256, digests)) + "-" + std::to_string(parts_.size());
    if (checksum == (is_multipart() ? composite : whole)) return {};
    if (parts_of(checksum) != parts_.size()) return read_back();  // an earlier attempt made it of others
    return differs(key_, "its SHA-256 is " + checksum);
  }
  const std::string etag = without_quotes(head->header("etag"));
  const bool encrypted = head->header("x-amz-server-side-encryption") == "aws:kms";
  if (encrypted || !is_md5(etag)) return read_back();
  auto expected = expected_etag();
  if (!expected) return std::move(expected.error());
  if (etag == *expected) return {};
  return read_back();  // some services make ETags their own way
}

Result<void> Object::read_back() {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  const auto answer =
      bucket_.perform(BucketRequest{.method = "GET", .key = key_}, stopping_,
                      [&](std::string_view bytes) { EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()); });
  if (!answer) return answer.error();
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  EVP_DigestFinal_ex(context.get(), digest, &length);
  const std::string sha256 = hex({reinterpret_cast<char*>(digest), length});
  if (sha256 == piece_.sha256) return {};
  return differs(key_, "read back, its SHA-256 is " + sha256);
}

}  // namespace storage::s3
