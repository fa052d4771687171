#pragma once
// What has been uploaded of one file in parts, as a small JSON file beside it (<name>.<place>.upload): what another
// thread or process needs to go on with it, or to abort it. A value. Reading one never trusts it.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace storage::s3 {

constexpr std::size_t kMostParts = 10'000;  // of S3

struct UploadState {
  struct Part {
    std::string sha256;         // 64 hexadecimal digits, of what was sent
    std::string etag;           // as the service said it
    bool has_checksum = false;  // the service has said the SHA-256 back
  };

  std::string key;
  std::string id;  // of the service; empty: asked for, and the answer was not seen
  // It was asked for before, and that may still come true: there may be others under its key, which are to be aborted.
  bool is_second = false;
  std::uint64_t part_size = 0;
  std::map<std::size_t, Part> parts;  // by number, from 1; those that are there
};

std::string state_text(const UploadState& state);
// bad_request says what is wrong.
base::Result<UploadState> parse_state(std::string_view text);

// Of `file` in the bucket that `place` names.
std::filesystem::path state_path(const std::filesystem::path& file, const std::string& place);

}  // namespace storage::s3
