#include "storage/stores/s3/object.hpp"

#include <algorithm>
#include <memory>
#include <openssl/evp.h>

#include "storage/checksum.hpp"
#include "storage/stores/s3/xml_answer.hpp"

namespace storage::s3 {
namespace {

using base::Result;

constexpr std::uint64_t kMostParts = 10'000;

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

}  // namespace

Object::Object(Bucket& bucket, std::string key, const Piece& piece, std::map<std::string, std::string> headers,
               const UploadOptions& options, const std::atomic<bool>& stopping)
    : bucket_(bucket), key_(std::move(key)), piece_(piece), headers_(std::move(headers)), stopping_(stopping) {
  if (piece.size <= options.multipart_above) return;
  const std::uint64_t part = std::max(options.part_size, (piece.size + kMostParts - 1) / kMostParts);
  for (std::uint64_t at = 0; at < piece.size; at += part) parts_.push_back({at, std::min(part, piece.size - at)});
}

Result<void> Object::store(bool may_be_there) {
  if (is_multipart()) {
    if (auto hashed = hash_parts(); !hashed) return hashed;
  }
  if (may_be_there && confirm()) return {};
  if (may_be_there && is_multipart()) abort_earlier();
  auto uploaded = is_multipart() ? upload_parts() : put();
  return uploaded ? confirm() : uploaded;
}

Result<void> Object::hash_parts() {
  for (Part& part : parts_) {
    auto digest = digest_of_file(Digest::sha256, piece_.path, part.offset, part.length);
    if (!digest) return std::move(digest.error());
    part.sha256 = std::move(*digest);
  }
  return {};
}

Result<void> Object::put() {
  BucketRequest request{.method = "PUT", .key = key_, .headers = headers_, .payload_sha256 = piece_.sha256};
  request.headers["x-amz-checksum-sha256"] = base64(from_hex(piece_.sha256));
  request.file = piece_.path;
  request.length = piece_.size;
  const auto answer = bucket_.perform(std::move(request), stopping_);
  return answer ? Result<void>() : answer.error();
}

Result<void> Object::upload_parts() {
  BucketRequest request{.method = "POST", .key = key_, .query = {{"uploads", ""}}, .headers = headers_};
  request.headers["x-amz-checksum-algorithm"] = "SHA256";
  const auto created = bucket_.perform(std::move(request), stopping_);
  if (!created) return created.error();
  const std::string id = text_of(created->body, "UploadId");
  if (id.empty()) return differs(key_, "an upload without an id");
  Result<void> done;
  for (std::size_t i = 0; done && i < parts_.size(); ++i) done = upload_part(parts_[i], i + 1, id);
  if (done) done = complete(id);
  if (!done) abort(id);
  return done;
}

Result<void> Object::upload_part(Part& part, std::size_t number, const std::string& upload_id) {
  BucketRequest request{.method = "PUT",
                        .key = key_,
                        .query = {{"partNumber", std::to_string(number)}, {"uploadId", upload_id}},
                        .headers = {{"x-amz-checksum-sha256", base64(part.sha256)}},
                        .payload_sha256 = hex(part.sha256)};
  request.file = piece_.path;
  request.offset = part.offset;
  request.length = part.length;
  const auto answer = bucket_.perform(std::move(request), stopping_);
  if (!answer) return answer.error();
  part.etag = answer->header("etag");
  const std::string checksum = answer->header("x-amz-checksum-sha256");
  part.has_checksum = !checksum.empty();
  if (part.has_checksum && checksum != base64(part.sha256)) return differs(key_, "SHA-256 of a part");
  if (part.etag.empty()) return differs(key_, "a part without ETag");
  return {};
}

Result<void> Object::complete(const std::string& upload_id) {
  std::string body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    body += "<Part>";
    if (parts_[i].has_checksum) body += "<ChecksumSHA256>" + base64(parts_[i].sha256) + "</ChecksumSHA256>";
    body +=
        "<ETag>" + xml_escaped(parts_[i].etag) + "</ETag><PartNumber>" + std::to_string(i + 1) + "</PartNumber></Part>";
  }
  body += "</CompleteMultipartUpload>";
  BucketRequest request{.method = "POST", .key = key_, .query = {{"uploadId", upload_id}}, .headers = {}};
  request.headers["content-type"] = "application/xml";
  request.body = std::move(body);
  const auto answer = bucket_.perform(std::move(request), stopping_);
  return answer ? Result<void>() : answer.error();
}

void Object::abort(const std::string& upload_id) {
  // The next attempt aborts it where this does not work.
  [[maybe_unused]] const auto answer =
      bucket_.perform(BucketRequest{.method = "DELETE", .key = key_, .query = {{"uploadId", upload_id}}}, stopping_);
}

// A key holds a name that only this recording has: what was begun under it was begun by us.
void Object::abort_earlier() {
  const auto answer = bucket_.perform(
      BucketRequest{.method = "GET", .key = "", .query = {{"uploads", ""}, {"prefix", key_}}}, stopping_);
  if (!answer) return;
  for (const std::string_view upload : all_of(answer->body, "Upload")) {
    if (text_of(upload, "Key") == key_) abort(text_of(upload, "UploadId"));
  }
}

Result<std::string> Object::expected_etag() const {
  if (!is_multipart()) {
    auto digest = digest_of_file(Digest::md5, piece_.path);
    return digest ? hex(*digest) : std::move(digest);
  }
  std::string digests;
  for (const Part& part : parts_) {
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
    for (const Part& part : parts_) digests += part.sha256;
    const std::string whole = base64(from_hex(piece_.sha256));
    const std::string composite = base64(digest_of(Digest::sha256, digests)) + "-" + std::to_string(parts_.size());
    if (checksum == (is_multipart() ? composite : whole)) return {};
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
