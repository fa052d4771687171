#pragma once
// The folders below which clients may have files played. Nothing outside of them can be reached, neither by ".." nor by
// a symbolic link, nor by one that is put there while a file is being opened. Unchanging after it was made: any thread.

#include <filesystem>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace play {

class FileRoots {
 public:
  // Absolute. The folders themselves may be reached through symbolic links; what is below them may not.
  explicit FileRoots(std::vector<std::filesystem::path> roots);

  // not_allowed: it lies outside, or behind a link. not_acceptable: there is no such file.
  base::Result<base::Fd> open(const std::string& path) const;

 private:
  std::vector<std::filesystem::path> roots_;
};

}  // namespace play
