#pragma once
// A folder of small files that says what must be known again after the process was killed: each note is written whole,
// replaced whole and removed by name. That happens on a thread of its own, in the order it was asked for, so that
// nobody waits for a disk. Nothing is synced: a note outlives a kill at once, a loss of power once the kernel has
// written it, or somebody has synced the file system.
//
//   write(), remove() ──▶ inbox ──▶ [notes] <folder>/<name>.json.new ── rename ──▶ <folder>/<name>.json
//
// Owned by one thread. One process at a time: the folder is locked.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/fd.hpp"
#include "base/inbox.hpp"
#include "base/result.hpp"

namespace base {

class Notes {
 public:
  static constexpr std::size_t kLargest = 262144;  // bytes; what is larger is not read

  explicit Notes(std::filesystem::path folder) : folder_(std::move(folder)) {}
  ~Notes();  // writes what has been asked for
  Notes(const Notes&) = delete;
  Notes& operator=(const Notes&) = delete;

  // Makes the folder, starts the thread, and gives what is there: texts by name, whatever bytes they are. `unavailable`
  // where another process has it. Without it, or where it failed, write() and remove() do nothing.
  Result<std::map<std::string, std::string>> start();

  // `name`: letters, digits, '-' and '_'.
  void write(std::string name, std::string text);
  void remove(std::string name);

  static bool is_name(std::string_view name);

 private:
  struct Change {
    std::string name;
    std::optional<std::string> text;  // nothing: it goes
    bool is_last = false;             // of this process
  };
  void run();
  void apply(const std::string& name, const std::optional<std::string>& text);
  std::filesystem::path path_of(const std::string& name) const { return folder_ / (name + ".json"); }
  std::map<std::string, std::string> read() const;

  const std::filesystem::path folder_;
  Fd lock_;
  Inbox<Change> changes_;
  bool has_complained_ = false;
  std::thread thread_;
};

}  // namespace base
