#pragma once
// Uploads that stores have begun for files that will never come: an ".upload" in the spool (stores/store.hpp) whose
// file is there neither whole nor as ".part". Any thread that may block on the disk.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace storage {

// Those files, which are to be told to Store::forget(). `is_alive`: a name that is in use though it cannot be seen
// here.
base::Result<std::vector<std::filesystem::path>> abandoned_uploads(
    const std::filesystem::path& spool, const std::function<bool(const std::string& name)>& is_alive);

}  // namespace storage
