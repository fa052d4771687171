#pragma once
// The folder in which recordings grow: <directory>/<name>.part. A file leaves it whole, for a Store, or is removed.
// What a crash left here can be told by its name alone: <name> is what the file is to be called. Has no state of its
// own: any writer thread.

#include <filesystem>
#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace storage {

// One file that is growing.
struct SpoolFile {
  base::Fd fd;
  std::filesystem::path path;  // <spool>/<stem>.<extension>.part
  std::string stem;
  std::string extension;  // without the dot

  std::string name() const { return stem + "." + extension; }
};

class Spool {
 public:
  // `directory` is absolute.
  explicit Spool(std::filesystem::path directory) : directory_(std::move(directory)) {}

  // Makes the directory where it is missing.
  base::Result<void> make() const;
  // Makes the directory and proves by a file that it can be written to.
  base::Result<void> prove() const;
  // A new file that no other has been called; `stem` gets "-2", "-3" … where the name is taken.
  base::Result<SpoolFile> create(const std::string& stem, const std::string& extension) const;
  void remove(const SpoolFile& file) const;

  const std::filesystem::path& directory() const { return directory_; }

 private:
  std::filesystem::path directory_;
};

}  // namespace storage
