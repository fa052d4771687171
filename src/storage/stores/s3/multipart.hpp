#pragma once
// An upload of one file in parts that outlives attempts, threads and processes: each step is in its state file before
// the next, so that it is gone on with or aborted, whatever happens. Owned by one delivery thread, which it blocks.
//
//   begin: asked for (on disk) ─▶ id (on disk) ─▶ parts in any order (on disk, each) ─▶ complete ─▶ state file gone
//            └─ an answer that nobody saw: what the service has under that key is aborted first

#include <atomic>
#include <filesystem>
#include <optional>

#include "storage/stores/s3/bucket.hpp"
#include "storage/stores/s3/upload_state.hpp"

namespace storage::s3 {

class Multipart {
 public:
  // Reads the state file, if there is one.
  Multipart(Bucket& bucket, std::filesystem::path state_file, const std::atomic<bool>& stopping);

  bool is_known() const { return state_.has_value(); }
  bool is_begun() const { return is_known() && !state_->id.empty(); }  // else begin() is next
  // Of one that is known:
  const std::string& key() const { return state_->key; }
  std::uint64_t part_size() const { return state_->part_size; }
  bool has(std::size_t number) const { return state_->parts.count(number) > 0; }
  bool has(std::size_t number, const std::string& sha256) const;  // that very content

  // A part of a file; `sha256` in bytes.
  struct Range {
    std::filesystem::path file;
    std::uint64_t offset, length;
    std::string sha256;
  };
  // `headers`: of the object. The key must hold a name that nobody else has: what the service has begun under it is
  // ours.
  base::Result<void> begin(const std::string& key, std::map<std::string, std::string> headers, std::uint64_t part_size);
  // not_found: the service does not know this upload, here and in complete(); it is to be begun again then.
  base::Result<void> upload(std::size_t number, const Range& range);
  base::Result<void> complete(std::size_t count);
  // The object is there without it.
  base::Result<void> leave();
  // Where the service cannot be asked it stays known.
  base::Result<void> abort();
  // Where nobody could go on with it because the disk did not take its state.
  bool is_kept() const { return kept_; }

 private:
  void keep();
  void settle();
  void drop();
  base::Error lost(base::Error error);
  base::Result<void> abort_all(const std::string& key);

  Bucket& bucket_;
  const std::filesystem::path state_file_;
  const std::atomic<bool>& stopping_;
  std::optional<UploadState> state_;
  bool kept_ = true;
};

}  // namespace storage::s3
