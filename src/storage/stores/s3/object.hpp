#pragma once
// One file as an object of a bucket: uploaded whole or in parts, and not believed to be there until the service's
// checksum has been compared with ours.
//
//   put ──────────────────────────────────────────────▶ HEAD: size, SHA-256, else ETag, else read back ─▶ confirmed
//   create ─▶ part 1 … part n, each with its SHA-256 ─▶ complete ──────────────┘        (abort where anything fails)

#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "storage/stores/s3/bucket.hpp"
#include "storage/stores/store.hpp"

namespace storage::s3 {

struct UploadOptions {
  std::uint64_t part_size = 16U << 20U;
  std::uint64_t multipart_above = 32U << 20U;
};

class Object {
 public:
  // `headers`: of the object (metadata, encryption, class …).
  Object(Bucket& bucket, std::string key, const Piece& piece, std::map<std::string, std::string> headers,
         const UploadOptions& options, const std::atomic<bool>& stopping);

  // Uploads it, where it is not there already, and makes sure. `may_be_there`: an earlier attempt may have been here,
  // and may have left parts.
  base::Result<void> store(bool may_be_there);

 private:
  struct Part {
    std::uint64_t offset, length;
    std::string sha256{};  // bytes
    std::string etag{};
    bool has_checksum = false;  // the service has said it back
  };

  base::Result<void> put();
  base::Result<void> upload_parts();
  base::Result<void> upload_part(Part& part, std::size_t number, const std::string& upload_id);
  base::Result<void> complete(const std::string& upload_id);
  void abort(const std::string& upload_id);
  void abort_earlier();
  base::Result<void> confirm();
  base::Result<void> read_back();
  base::Result<void> hash_parts();
  base::Result<std::string> expected_etag() const;
  bool is_multipart() const { return !parts_.empty(); }

  Bucket& bucket_;
  const std::string key_;
  const Piece& piece_;
  const std::map<std::string, std::string> headers_;
  const std::atomic<bool>& stopping_;
  std::vector<Part> parts_;  // none: in one go
};

}  // namespace storage::s3
