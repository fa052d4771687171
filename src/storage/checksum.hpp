#pragma once
// Digests and encodings that stores ask for (FIPS 180-4, RFC 1321 for S3's ETag, RFC 4648). Any thread that may block
// on the disk.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace storage {

enum class Digest { sha256, md5 };

// The digest itself, in bytes: see hex() and base64().
std::string digest_of(Digest kind, std::string_view bytes);
// Of `length` bytes of the file from `offset`, or to its end. `gets_on` is called now and then.
base::Result<std::string> digest_of_file(Digest kind, const std::filesystem::path& path, std::uint64_t offset = 0,
                                         std::uint64_t length = UINT64_MAX, const std::function<void()>& gets_on = {});
std::string hmac_sha256(std::string_view key, std::string_view bytes);

std::string hex(std::string_view bytes);  // lower case
std::string base64(std::string_view bytes);
// Of hex() alone; what is no hexadecimal digit counts as 0.
std::string from_hex(std::string_view digits);

}  // namespace storage
