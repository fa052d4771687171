#pragma once
// One file as an object of a bucket: uploaded whole or in parts, and not believed to be there until the service's
// checksum has been compared with ours. What has been uploaded in parts while it grew, or by an attempt before this
// one, is proven by the digests of the file as it is now.
//
//   put ───────────────────────────────────────────▶ HEAD: size, SHA-256, else ETag, else read back ─▶ confirmed
//   parts that are missing or differ ─▶ complete ───────────┘

#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "storage/stores/s3/multipart.hpp"
#include "storage/stores/store.hpp"

namespace storage::s3 {

struct UploadOptions {
  std::uint64_t part_size = 8U << 20U;
  std::uint64_t multipart_above = 32U << 20U;
};

// How the object of a piece is to be called and kept.
struct Naming {
  std::string key;                             // it holds a name that only this recording has
  std::map<std::string, std::string> headers;  // metadata, encryption, class …
  std::filesystem::path state_file;            // of its upload in parts
};

class Object {
 public:
  Object(Bucket& bucket, Naming naming, const Piece& piece, const UploadOptions& options,
         const std::atomic<bool>& stopping);

  // Uploads it, where it is not there already, and makes sure. `may_be_there`: an earlier attempt may have been here.
  base::Result<void> store(bool may_be_there);

  // While the piece grows: uploads the first part that is final and not there. True: there are more.
  base::Result<bool> grow();

 private:
  base::Result<void> choose_parts();
  base::Result<void> put();
  base::Result<void> upload_parts();
  base::Result<void> confirm();
  base::Result<void> read_back();
  base::Result<std::string> expected_etag() const;
  bool is_multipart() const { return !parts_.empty(); }

  Bucket& bucket_;
  const Naming naming_;
  const std::string& key_;
  const Piece& piece_;
  const UploadOptions options_;
  const std::atomic<bool>& stopping_;
  Multipart upload_;
  std::vector<Multipart::Range> parts_;  // none: in one go
};

}  // namespace storage::s3
