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

// conflict where a hold or a recording that grows forbids it.
base::Result<void> delete_recording(Catalogue& catalogue, const std::string& id, const std::string& reason, Instant now,
                                    const Remove& remove);

struct Retention {
  std::vector<RetentionRule> rules{};
  Remove remove = remove_local_files;
};
struct Sweep {
  std::vector<std::string> deleted;  // ids
  std::size_t held = 0;              // due, but under a hold
  std::vector<std::string> errors;   // what will be tried again at the next sweep
  bool is_cut_short = false;         // there may be more
};
// Deletes what is due and has been stored, and completes deletions that were begun. At most `most` at once, the oldest
// first.
base::Result<Sweep> sweep(Catalogue& catalogue, const Retention& retention, Instant now, std::size_t most = 100);

}  // namespace catalogue
