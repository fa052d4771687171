#pragma once
// A small file that is replaced at once: after a power cut there is the old one or the new one. Any thread that may
// block on the disk.

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace storage {

// Writes "<path>.new", syncs it and gives it the name.
base::Result<void> replace_file(const std::filesystem::path& path, std::string_view text);

// Empty where there is none, it cannot be read, or is larger than `most` bytes.
std::string file_text(const std::filesystem::path& path, std::uintmax_t most);

}  // namespace storage
