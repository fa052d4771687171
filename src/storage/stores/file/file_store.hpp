#pragma once
// Keeps recordings in the file system: <directory>/<YYYY-MM-DD>/<name>, and beside each its sidecar <stem>.json. A file
// appears there at once and whole, and never in the place of another. Has no state of its own: any writer thread.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "storage/spool.hpp"

namespace storage {

// What belongs beside a recording, for the file name that it gets.
using Sidecar = std::function<base::Result<std::string>(const std::string& file_name)>;

struct Stored {
  std::filesystem::path path;
  std::string sidecar_error;  // why there is no sidecar, if there should be one
};

class FileStore {
 public:
  // `directory` is absolute, and of the same file system as the spool.
  explicit FileStore(std::filesystem::path directory) : directory_(std::move(directory)) {}

  // Makes the folder that the file will go to, so that what can fail does so early.
  base::Result<void> prepare(const SpoolFile& file) const;
  // Moves a file that is complete and synced out of the spool. Where the name is taken the next free one is used ("-2",
  // "-3" …). Its sidecar is there before it; one that cannot be written is no reason to keep the file back.
  base::Result<Stored> store(const SpoolFile& file, const Sidecar& sidecar = {},
                             const std::string& sidecar_extension = ".json") const;
  // Where recordings whose names begin so lie.
  std::filesystem::path folder_of(const std::string& stem) const;
  // Sidecars that such a recording may have, by its name and those with a number behind it.
  std::vector<std::filesystem::path> sidecars_of(const std::string& stem) const;

 private:
  std::filesystem::path directory_;
};

}  // namespace storage
