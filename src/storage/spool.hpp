#pragma once
// The folder in which recordings grow: <directory>/<name>.part. A file leaves it whole, for a Store, or is removed.
// Beside them lie their journals, <stem>.journal (record/journal.hpp): what a crash left here is told by those, and
// where there is none by the name alone: <name> is what the file is to be called. Has no state of its own: any writer
// thread.

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace storage {

// One file that is growing.
struct SpoolFile {
  base::Fd fd;
  std::filesystem::path path;  // <spool>/<stem>.<extension>.part, or without ".part"
  std::string stem;
  std::string extension;  // without the dot

  std::string name() const { return stem + "." + extension; }
};

class Spool {
 public:
  // `directory` is absolute. `reserve`: bytes of its file system that no new recording may begin in.
  explicit Spool(std::filesystem::path directory, std::uint64_t reserve = 0)
      : directory_(std::move(directory)), reserve_(reserve) {}

  // Makes the directory where it is missing.
  base::Result<void> make() const;
  // Makes the directory and proves by a file that it can be written to.
  base::Result<void> prove() const;
  // no_resources where less than the reserve is free. What is being recorded goes on into it.
  base::Result<void> check_reserve() const;
  // A new file that no other has been called; `stem` gets "-2", "-3" … where the name is taken.
  base::Result<SpoolFile> create(const std::string& stem, const std::string& extension) const;
  // The same without ".part".
  base::Result<SpoolFile> create_whole(const std::string& stem, const std::string& extension) const;
  void remove(const SpoolFile& file) const;

  const std::filesystem::path& directory() const { return directory_; }

 private:
  base::Result<SpoolFile> create(const std::string& stem, const std::string& extension, const char* suffix) const;

  std::filesystem::path directory_;
  std::uint64_t reserve_;  // bytes
};

}  // namespace storage
