#include "storage/stores/s3/multipart.hpp"

#include <unistd.h>

#include "storage/checksum.hpp"
#include "storage/stores/s3/xml_answer.hpp"
#include "storage/synced_file.hpp"

namespace storage::s3 {
namespace {

using base::Result;
using Kind = base::Kind;

constexpr std::uintmax_t kLargestState = 4'000'000;

base::Error nonsense(const std::string& key, const std::string& what) {
  return {Kind::unavailable, key + ": the store answered with " + what, base::Fault::destination};
}

}  // namespace

Multipart::Multipart(Bucket& bucket, std::filesystem::path state_file, const std::atomic<bool>& stopping)
    : bucket_(bucket), state_file_(std::move(state_file)), stopping_(stopping) {
  auto state = parse_state(file_text(state_file_, kLargestState));
  if (state) state_ = std::move(*state);
}

bool Multipart::has(std::size_t number, const std::string& sha256) const {
  const auto found = state_->parts.find(number);
  return found != state_->parts.end() && found->second.sha256 == hex(sha256);
}

Result<void> Multipart::begin(const std::string& key, std::map<std::string, std::string> headers,
                              std::uint64_t part_size) {
  const bool is_second = is_known();  // the answer to the first was not seen
  state_ = UploadState{.key = key, .id = {}, .is_second = is_second, .part_size = part_size, .parts = {}};
  keep();
  // Where it must not be listed, it cannot be done, and is no reason not to deliver.
  if (is_second) [[maybe_unused]]
    const auto aborted = abort_all(key);
  BucketRequest request{.method = "POST", .key = key, .query = {{"uploads", ""}}, .headers = std::move(headers)};
  request.headers["x-amz-checksum-algorithm"] = "SHA256";
  const auto created = bucket_.perform(std::move(request), stopping_);
  if (!created) return created.error();
  state_->id = text_of(created->body, "UploadId");
  if (state_->id.empty()) return nonsense(key, "an upload without an id");
  keep();
  return {};
}

Result<void> Multipart::upload(std::size_t number, const Range& range) {
  BucketRequest request{.method = "PUT",
                        .key = key(),
                        .query = {{"partNumber", std::to_string(number)}, {"uploadId", state_->id}},
                        .headers = {{"x-amz-checksum-sha256", base64(range.sha256)}},
                        .payload_sha256 = hex(range.sha256)};
  request.file = range.file;
  request.offset = range.offset;
  request.length = range.length;
  const auto answer = bucket_.perform(std::move(request), stopping_);
  if (!answer) return lost(answer.error());
  UploadState::Part part{hex(range.sha256), answer->header("etag"), false};
  const std::string checksum = answer->header("x-amz-checksum-sha256");
  part.has_checksum = !checksum.empty();
  if (part.has_checksum && checksum != base64(range.sha256)) return nonsense(key(), "another SHA-256 of a part");
  if (part.etag.empty()) return nonsense(key(), "a part without ETag");
  state_->parts[number] = std::move(part);
  keep();
  return {};
}

Result<void> Multipart::complete(std::size_t count) {
  std::string body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (std::size_t number = 1; number <= count; ++number) {
    const UploadState::Part& part = state_->parts.at(number);
    body += "<Part>";
    if (part.has_checksum) body += "<ChecksumSHA256>" + base64(from_hex(part.sha256)) + "</ChecksumSHA256>";
    body += "<ETag>" + xml_escaped(part.etag) + "</ETag><PartNumber>" + std::to_string(number) + "</PartNumber></Part>";
  }
  body += "</CompleteMultipartUpload>";
  BucketRequest request{.method = "POST", .key = key(), .query = {{"uploadId", state_->id}}, .headers = {}};
  request.headers["content-type"] = "application/xml";
  request.body = std::move(body);
  const auto answer = bucket_.perform(std::move(request), stopping_);
  if (!answer) return lost(answer.error());
  settle();
  return {};
}

Result<void> Multipart::leave() {
  if (is_begun() && !state_->is_second) return abort();
  if (is_known()) settle();
  return {};
}

Result<void> Multipart::abort() {
  if (!is_known()) return {};
  if (state_->id.empty() || state_->is_second) {
    if (auto aborted = abort_all(key()); !aborted) return aborted;
  }
  if (!state_->id.empty()) {
    BucketRequest request{.method = "DELETE", .key = key(), .query = {{"uploadId", state_->id}}};
    const auto answer = bucket_.perform(std::move(request), stopping_);
    if (!answer && answer.error().kind != Kind::not_found) return answer.error();
  }
  drop();
  return {};
}

// Who may not list cannot do it: no reason not to deliver.
Result<void> Multipart::abort_all(const std::string& key) {
  const auto answer = bucket_.perform(
      BucketRequest{.method = "GET", .key = "", .query = {{"uploads", ""}, {"prefix", key}}}, stopping_);
  if (!answer && answer.error().kind == Kind::not_allowed) return {};
  if (!answer) return answer.error();
  for (const std::string_view upload : all_of(answer->body, "Upload")) {
    if (text_of(upload, "Key") != key) continue;
    const auto aborted = bucket_.perform(
        BucketRequest{.method = "DELETE", .key = key, .query = {{"uploadId", text_of(upload, "UploadId")}}}, stopping_);
    if (!aborted && aborted.error().kind != Kind::not_found) return aborted.error();
  }
  return {};
}

// The service has forgotten the upload, or what was sent of it: nothing can be made of it any more.
base::Error Multipart::lost(base::Error error) {
  if (error.kind == Kind::conflict) {  // it knows the upload and not our parts: that goes, if it can
    const std::atomic<bool> go_on{false};
    [[maybe_unused]] const auto aborted =
        bucket_.perform(BucketRequest{.method = "DELETE", .key = key(), .query = {{"uploadId", state_->id}}}, go_on);
    error.kind = Kind::not_found;
  }
  if (error.kind == Kind::not_found) {
    state_->id.clear();
    state_->parts.clear();
    keep();
  }
  return error;
}

// What was begun twice keeps its file: a request of a process that died may arrive after all, and abort() is asked for
// once the recording's file is gone.
void Multipart::settle() {
  if (!is_begun() || state_->is_second) {
    state_.reset();
  } else {
    drop();
  }
}

// A disk that cannot take it must not keep a recording from being delivered.
void Multipart::keep() { kept_ = static_cast<bool>(replace_file(state_file_, state_text(*state_))); }

void Multipart::drop() {
  ::unlink(state_file_.c_str());
  state_.reset();
}

}  // namespace storage::s3
