#pragma once
// SHA-256 (FIPS 180-4) of texts and files, in lower-case hexadecimal. Any thread that may block on the disk.

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace catalogue {

std::string hex(std::span<const unsigned char> bytes);
// Nothing where it is not `size` bytes in hexadecimal.
bool parse_hex(std::string_view text, std::span<unsigned char> out);

std::string sha256_of(std::string_view text);

struct FileDigest {
  std::string sha256;
  std::uint64_t size = 0;
};
// not_found where there is no such file.
base::Result<FileDigest> digest_file(const std::filesystem::path& file);

}  // namespace catalogue
