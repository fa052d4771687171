#include "storage/stores/s3/old_uploads.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/utc.hpp"
#include "storage/stores/s3/xml_answer.hpp"

namespace storage::s3 {
namespace {

constexpr int kMostPages = 100;  // of a thousand
// Digits stand for any digit.
constexpr std::string_view kStem = "00000000T000000Z-";
constexpr std::string_view kMoment = "0000-00-00T00:00:00";

bool looks_like(std::string_view text, std::string_view form) {
  return text.size() >= form.size() && std::equal(form.begin(), form.end(), text.begin(), [](char wanted, char c) {
           return wanted == '0' ? c >= '0' && c <= '9' : c == wanted;
         });
}

}  // namespace

bool is_of_template(std::string_view key, std::string_view key_template) {
  if (!key.starts_with(key_template.substr(0, key_template.find('{')))) return false;
  if (std::count(key.begin(), key.end(), '/') != std::count(key_template.begin(), key_template.end(), '/'))
    return false;
  for (std::size_t at = 0; at < key.size(); ++at) {
    if (looks_like(key.substr(at), kStem)) return true;
  }
  return false;
}

base::Result<void> abort_old_uploads(Bucket& bucket, const std::string& key_template,
                                     std::chrono::system_clock::time_point before, const std::atomic<bool>& stopping) {
  const std::string limit = base::utc_text(before).substr(0, kMoment.size());
  std::map<std::string, std::string> query = {{"uploads", ""},
                                              {"prefix", key_template.substr(0, key_template.find('{'))}};
  for (int page = 0; page < kMostPages && !stopping; ++page) {
    const auto answer = bucket.perform(BucketRequest{.method = "GET", .key = "", .query = query}, stopping);
    if (!answer) return answer.error();
    for (const std::string_view upload : all_of(answer->body, "Upload")) {
      const std::string key = text_of(upload, "Key");
      const std::string begun = text_of(upload, "Initiated");
      if (!is_of_template(key, key_template) || !looks_like(begun, kMoment)) continue;
      if (begun.substr(0, kMoment.size()) >= limit) continue;
      const auto aborted = bucket.perform(
          BucketRequest{.method = "DELETE", .key = key, .query = {{"uploadId", text_of(upload, "UploadId")}}},
          stopping);
      if (!aborted && aborted.error().kind != base::Kind::not_found) return aborted.error();
      base::log::info("s3", "aborted the upload of {} that was begun {}", key, begun);
    }
    query["key-marker"] = text_of(answer->body, "NextKeyMarker");
    query["upload-id-marker"] = text_of(answer->body, "NextUploadIdMarker");
    if (text_of(answer->body, "IsTruncated") != "true" || query["key-marker"].empty()) break;
  }
  return {};
}

}  // namespace storage::s3
