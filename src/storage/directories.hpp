#pragma once
// Making directories so that they are still there after a power cut. Any thread that may block on the disk.

#include <filesystem>

#include "base/result.hpp"

namespace storage {

// Makes `path` and what is missing above it.
base::Result<void> make_directories(const std::filesystem::path& path);

// fsync of a directory: what was created in it or renamed into it stays.
base::Result<void> sync_directory(const std::filesystem::path& path);

}  // namespace storage
