#pragma once
// Keeps recordings in the file system: <directory>/<YYYY-MM-DD>/<name>. A file appears there at once and whole, and
// never in the place of another. Has no state of its own: any writer thread.

#include <filesystem>

#include "base/result.hpp"
#include "storage/spool.hpp"

namespace storage {

class FileStore {
 public:
  // `directory` is absolute, and of the same file system as the spool.
  explicit FileStore(std::filesystem::path directory) : directory_(std::move(directory)) {}

  // Makes the folder that the file will go to, so that what can fail does so early.
  base::Result<void> prepare(const SpoolFile& file) const;
  // Moves a file that is complete and synced out of the spool; gives its path. Where the name is taken the next free
  // one is used ("-2", "-3" …).
  base::Result<std::filesystem::path> store(const SpoolFile& file) const;

 private:
  std::filesystem::path folder_of(const SpoolFile& file) const;

  std::filesystem::path directory_;
};

}  // namespace storage
