#pragma once
// Files that were fetched or made, kept on disk under a key, up to a size; the least recently used go first. Several
// threads may share it, and a restart keeps it: every step is one rename, and an open file outlives its removal.
//
//   <directory>/<hash of the key>.json            what is known of it: key, name of the body, validators
//   <directory>/<hash of the key>-<random>.body   the file itself

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace play {

class DiskCache {
 public:
  // What HTTP says of a body (RFC 9111); unset for what was made here.
  struct About {
    std::string content_type;
    std::string etag;
    std::string last_modified;
    std::chrono::system_clock::time_point fresh_until;
  };
  struct Entry {
    base::Fd file;
    About about;
  };
  // A body that is being written. Removed unless it is put into the cache.
  class Draft {
   public:
    Draft(base::Fd file, std::filesystem::path path) : file_(std::move(file)), path_(std::move(path)) {}
    Draft(Draft&& other) noexcept : file_(std::move(other.file_)), path_(std::exchange(other.path_, {})) {}
    Draft& operator=(Draft&&) = delete;
    ~Draft();

    int fd() const { return file_.get(); }
    const std::filesystem::path& path() const { return path_; }
    base::Fd take() { return std::move(file_); }  // to be read; it needs no name for that

   private:
    base::Fd file_;
    std::filesystem::path path_;
  };

  DiskCache(std::filesystem::path directory, std::uint64_t bytes) : directory_(std::move(directory)), bytes_(bytes) {}

  // Makes the directory, readable by us alone, and removes what a crash left in it.
  base::Result<void> make() const;
  std::optional<Entry> find(const std::string& key) const;
  // Its name ends in `ending`, for programs that go by that.
  base::Result<Draft> draft(std::string_view ending = {}) const;
  // Gives the file under its key, open for reading. Where it cannot be kept it is still given.
  base::Fd put(const std::string& key, Draft draft, const About& about) const;
  // The body that is there is what it was, with this about it.
  void renew(const std::string& key, const About& about) const;

 private:
  void write_meta(const std::string& key, const std::string& body, const About& about) const;
  void trim() const;

  const std::filesystem::path directory_;
  const std::uint64_t bytes_;
};

}  // namespace play
