#pragma once
// Deletes recordings so that it stays known that they were: said in the catalogue, done, said again, signed. What
// retention rules say is due is judged here too. Any thread that owns a Catalogue.

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "catalogue/catalogue.hpp"
#include "catalogue/queries.hpp"

namespace catalogue {

// The first rule that fits decides.
struct RetentionRule {
  std::string account{}, format{}, reason{};  // empty: any
  std::string party{};                        // part of either party's address; empty: any
  std::optional<State> state{};
  std::optional<std::chrono::hours> keep{};  // since it ended; nothing: for ever
};

// When its time is up; nothing: never. A hold, and a store that has not got it yet, are not asked here.
std::optional<Instant> due(const Recording& recording, const std::vector<RetentionRule>& rules);

// Removes a recording's files, wherever they are; what is gone already is no error.
using Remove = std::function<base::Result<void>(const Recording&)>;
// The local file and those beside it; nothing else.
base::Result<void> remove_local_files(const Recording& recording);

// Whether what is recorded lies with us alone: its file is not only the copy in `spool` of what a store elsewhere has,
// which we cannot delete there.
bool is_here(const Recording& recording, const std::filesystem::path& spool);
// A sentence about one that is not.
std::string elsewhere(const Recording& recording);

// conflict where a hold or a recording that grows forbids it.
base::Result<void> delete_recording(Catalogue& catalogue, const std::string& id, const std::string& reason, Instant now,
                                    const Remove& remove);

struct Retention {
  std::vector<RetentionRule> rules{};
  Remove remove = remove_local_files;
  std::filesystem::path spool{};
};
struct Sweep {
  std::vector<std::string> deleted;  // ids
  std::size_t held = 0;              // due, but under a hold
  std::vector<std::string> errors;   // what will be tried again at the next sweep
};
// Deletes what is due, has been stored and is here, and completes deletions that were begun. At most `most` at once,
// the oldest first.
base::Result<Sweep> sweep(Catalogue& catalogue, const Retention& retention, Instant now, std::size_t most = 1000);

}  // namespace catalogue
