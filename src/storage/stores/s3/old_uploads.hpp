#pragma once
// Uploads in parts that were begun by a server of ours whose spool is lost: old ones, under keys that only the template
// can have made. Aborting one of a server that lives would cost it the parts: it begins again.

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

#include "storage/stores/s3/bucket.hpp"

namespace storage::s3 {

// The key begins and is divided as `key_template` says and holds a name as file_stem() makes it. Pure.
bool is_of_template(std::string_view key, std::string_view key_template);

// Aborts those that were begun before `before`.
base::Result<void> abort_old_uploads(Bucket& bucket, const std::string& key_template,
                                     std::chrono::system_clock::time_point before, const std::atomic<bool>& stopping);

}  // namespace storage::s3
