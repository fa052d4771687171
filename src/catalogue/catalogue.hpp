#pragma once
// Writes into the catalogue: each change of a recording's life is one function. What contradicts what is known already
// is a conflict and changes nothing (a second end, a deletion under a hold …). Owned by one thread, which may block on
// the disk; commands of `telegraphone recordings` have their own in their own process.

#include <chrono>
#include <filesystem>
#include <map>
#include <string>

#include "catalogue/database.hpp"
#include "catalogue/recording.hpp"

namespace catalogue {

class Catalogue {
 public:
  // Makes the file, or brings it up to date.
  static base::Result<Catalogue> open(const std::filesystem::path& file,
                                      std::chrono::milliseconds busy = std::chrono::seconds(5));

  base::Result<void> begin(const Begun& begun);
  // Once: not_found for what never began, conflict for what has ended.
  base::Result<void> end(const std::string& id, const Ended& ended);

  // One try to store it, whatever came of it; a good one makes it `stored`.
  base::Result<void> attempt(const std::string& id, const Attempt& attempt);
  base::Result<void> set_delivery(const std::string& id, Delivery delivery);
  // Somebody asks that it be stored again; the delivery queue looks for this.
  base::Result<void> ask_retry(const std::string& id, Instant now);
  // Those that have been asked for; they are asked for no more.
  base::Result<std::vector<std::string>> take_retries();
  // The local copy is gone, or lies elsewhere.
  base::Result<void> set_file(const std::string& id, const std::string& file);

  // Nothing: lets go.
  base::Result<void> set_hold(const std::string& id, const std::optional<std::string>& why, Instant now);
  // In two steps, so that a crash between them is seen: first it is said, then done, then said again.
  base::Result<void> begin_deletion(const std::string& id, const std::string& reason, Instant now);
  base::Result<void> end_deletion(const std::string& id, Instant now);

  // Where in the manifest it is written.
  base::Result<void> set_manifest(const std::string& id, std::int64_t number);
  base::Result<void> set_deletion_manifest(const std::string& id, std::int64_t number);

  // Several changes as one, and one sync of the disk.
  base::Result<Transaction> transaction() const { return Transaction::begin(database_); }
  const Database& database() const { return database_; }

 private:
  explicit Catalogue(Database database) : database_(std::move(database)) {}

  // The statement, prepared once.
  base::Result<Statement*> statement(const char* sql);
  // Runs what changes one recording; not_found if there is none.
  base::Result<void> change(Statement& statement, const std::string& id) const;

  Database database_;
  std::map<const char*, Statement> statements_;  // by their text's address: each is written down once
};

}  // namespace catalogue
