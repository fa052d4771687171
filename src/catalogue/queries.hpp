#pragma once
// Reads the catalogue; by any connection, beside a server that writes and without one.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "catalogue/database.hpp"
#include "catalogue/recording.hpp"

namespace catalogue {

// What is not said does not matter. Newest first.
struct Filter {
  std::optional<State> state{};
  std::optional<Delivery> delivery{};
  std::string call{}, account{}, format{}, reason{};
  std::string party{};                       // part of either party's address
  std::optional<Instant> since{}, before{};  // when it began: since <= opened < before
  std::optional<bool> is_deleted{};
  std::optional<bool> is_held{};
  std::optional<std::int64_t> limit{};
};

// Opens a file for reading, if it is a catalogue that this program understands.
base::Result<Database> open_for_reading(const std::filesystem::path& file);

// Without their details: those are what add_details() reads, gaps and the files beside it.
base::Result<std::vector<Recording>> list(const Database& database, const Filter& filter);
// Each of them instead of all at once, until `take` is false. Nothing may be written meanwhile.
using Take = std::function<bool(Recording&&)>;
base::Result<void> each(const Database& database, const Filter& filter, const Take& take);
// Those that ended at `latest` or before and those whose deletion has begun, of all that are not deleted; the oldest
// end first.
base::Result<void> each_not_deleted(const Database& database, std::optional<Instant> latest, const Take& take);
// By its id, with its details.
base::Result<Recording> get(const Database& database, const std::string& id);
// By its id, the id of its component, its file's name or its uri; with its details. not_found, or bad_request where
// several fit.
base::Result<Recording> find(const Database& database, const std::string& key);
base::Result<void> add_details(const Database& database, Recording& recording);
base::Result<std::vector<Attempt>> attempts_of(const Database& database, const std::string& id);

// Those that have ended or were deleted and are not in the manifest yet; oldest first.
base::Result<std::vector<Recording>> not_in_manifest(const Database& database);
base::Result<std::vector<Recording>> deletions_not_in_manifest(const Database& database);

struct Counts {
  std::int64_t started = 0, recording = 0, completed = 0, failed = 0, interrupted = 0;
  std::int64_t waiting = 0, deleted = 0, held = 0;
};
base::Result<Counts> count(const Database& database);

}  // namespace catalogue
