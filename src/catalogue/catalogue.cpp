#include "catalogue/catalogue.hpp"

#include <utility>

#include "catalogue/schema.hpp"

namespace catalogue {
namespace {

constexpr const char* kBegin =
    "INSERT INTO recordings (id, call, component, mixer, account, from_party, to_party, format, channels, sample_rate, "
    "encrypted, file, opened) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr const char* kEnd =
    "UPDATE recordings SET state = ?, ended = ?, reason = ?, error = ?, duration = ?, size = ?, sha256 = ?, file = ?, "
    "uri = ?, store = ?, delivery = ?, loss = ?, gaps_complete = ? WHERE id = ?";
constexpr const char* kGap = "INSERT INTO gaps VALUES (?, ?, ?, ?, ?, ?)";
constexpr const char* kBeside = "INSERT INTO files VALUES (?, ?, ?, ?)";
constexpr const char* kAttempt =
    "INSERT INTO attempts SELECT ?1, (SELECT count(*) + 1 FROM attempts WHERE recording = ?1), ?2, ?3, ?4, ?5, ?6 "
    "FROM recordings WHERE id = ?1";
constexpr const char* kStored =
    "UPDATE recordings SET delivery = 'stored', uri = ?, store = ?, retry_asked = NULL WHERE id = ?";
constexpr const char* kDelivery = "UPDATE recordings SET delivery = ? WHERE id = ?";
constexpr const char* kRetry =
    "UPDATE recordings SET retry_asked = ?, delivery = 'waiting' WHERE delivery IN ('waiting', 'refused') AND deleted "
    "IS NULL AND id = ?";
constexpr const char* kRetries =
    "SELECT id FROM recordings WHERE delivery = 'waiting' AND retry_asked IS NOT NULL ORDER BY id";
constexpr const char* kRetried = "UPDATE recordings SET retry_asked = NULL WHERE id = ?";
constexpr const char* kFile = "UPDATE recordings SET file = ? WHERE id = ?";
constexpr const char* kHold = "UPDATE recordings SET hold = ? WHERE deleted IS NULL AND id = ?";
constexpr const char* kHeld = "INSERT INTO holds VALUES (?, ?, ?)";
constexpr const char* kDeleting =
    "UPDATE recordings SET deleting = coalesce(deleting, ?), delete_reason = iif(deleting IS NULL, ?, delete_reason) "
    "WHERE deleted IS NULL AND id = ?";
constexpr const char* kDeleted = "UPDATE recordings SET deleted = ?, file = '' WHERE deleting IS NOT NULL AND id = ?";
constexpr const char* kManifest = "UPDATE recordings SET manifest = ? WHERE id = ?";
constexpr const char* kDeletionManifest = "UPDATE recordings SET deletion_manifest = ? WHERE id = ?";

// SQLite's numbers have a sign; no file is that long.
std::int64_t number_of(std::uint64_t value) { return static_cast<std::int64_t>(value); }

}  // namespace

base::Result<Catalogue> Catalogue::open(const std::filesystem::path& file, std::chrono::milliseconds busy) {
  auto database = Database::open(file, Database::Access::write, busy);
  if (!database) return std::move(database.error());
  if (auto migrated = migrate(*database); !migrated) return std::move(migrated.error()).in(file.string());
  return Catalogue(std::move(*database));
}

base::Result<Statement*> Catalogue::statement(const char* sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) {
    found->second.reset();
    return &found->second;
  }
  auto made = database_.prepare(sql);
  if (!made) return std::move(made.error());
  return &statements_.emplace(sql, std::move(*made)).first->second;
}

base::Result<void> Catalogue::change(Statement& statement, const std::string& id) const {
  statement.bind(id);
  if (auto ran = statement.run(); !ran) return std::move(ran.error()).in(id);
  if (database_.changes() > 0) return {};
  return base::Error{base::Kind::not_found, id + ": no such recording, or not in a state for this"};
}

base::Result<void> Catalogue::begin(const Begun& begun) {
  auto insert = statement(kBegin);
  if (!insert) return std::move(insert.error());
  (*insert)->bind(begun.id).bind(begun.call).bind(begun.component).bind(std::int64_t{begun.is_of_mixer});
  (*insert)->bind(begun.account).bind(begun.from).bind(begun.to).bind(begun.format).bind(begun.channels);
  (*insert)->bind(std::int64_t{begun.sample_rate}).bind(std::int64_t{begun.is_encrypted}).bind(begun.file);
  (*insert)->bind(milliseconds_of(begun.opened));
  if (auto ran = (*insert)->run(); !ran) return std::move(ran.error()).in(begun.id);
  return {};
}

base::Result<void> Catalogue::end(const std::string& id, const Ended& ended) {
  if (auto saved = database_.run("SAVEPOINT ending"); !saved) return saved;
  const auto write = [&]() -> base::Result<void> {
    auto update = statement(kEnd);
    if (!update) return std::move(update.error());
    (*update)->bind(name_of(ended.state)).bind(milliseconds_of(ended.ended)).bind(ended.reason).bind(ended.error);
    (*update)->bind(std::int64_t{ended.duration.count()}).bind(number_of(ended.size)).bind(ended.sha256);
    (*update)->bind(ended.file).bind(ended.uri).bind(ended.store).bind(name_of(ended.delivery));
    (*update)->bind(loss_text(ended.loss)).bind(std::int64_t{ended.has_all_gaps});
    if (auto changed = change(**update, id); !changed) return changed;
    auto insert = statement(kGap);
    if (!insert) return std::move(insert.error());
    std::int64_t number = 0;
    for (const Gap& gap : ended.gaps) {
      (*insert)->bind(id).bind(++number).bind(gap.kind);
      (*insert)->bind(number_of(gap.at)).bind(number_of(gap.length)).bind(number_of(gap.skipped));
      if (auto ran = (*insert)->run(); !ran) return ran;
    }
    insert = statement(kBeside);
    if (!insert) return std::move(insert.error());
    for (const File& file : ended.beside) {
      (*insert)->bind(id).bind(file.path).bind(number_of(file.size)).bind(file.sha256);
      if (auto ran = (*insert)->run(); !ran) return ran;
    }
    return {};
  };
  auto written = write();
  if (!written) [[maybe_unused]]
    const auto ignored = database_.run("ROLLBACK TO ending");
  if (auto released = database_.run("RELEASE ending"); !released && written) return released;
  return written;
}

base::Result<void> Catalogue::attempt(const std::string& id, const Attempt& attempt) {
  auto insert = statement(kAttempt);
  if (!insert) return std::move(insert.error());
  (*insert)->bind(id).bind(attempt.store).bind(milliseconds_of(attempt.began)).bind(milliseconds_of(attempt.ended));
  (*insert)->bind(attempt.error).bind(attempt.uri);
  if (auto ran = (*insert)->run(); !ran) return ran;
  if (database_.changes() == 0) return base::Error{base::Kind::not_found, id + ": no such recording"};
  if (!attempt.error.empty()) return {};
  auto update = statement(kStored);
  if (!update) return std::move(update.error());
  (*update)->bind(attempt.uri).bind(attempt.store);
  return change(**update, id);
}

base::Result<void> Catalogue::set_delivery(const std::string& id, Delivery delivery) {
  auto update = statement(kDelivery);
  if (!update) return std::move(update.error());
  (*update)->bind(name_of(delivery));
  return change(**update, id);
}

base::Result<void> Catalogue::ask_retry(const std::string& id, Instant now) {
  auto update = statement(kRetry);
  if (!update) return std::move(update.error());
  (*update)->bind(milliseconds_of(now));
  return change(**update, id);
}

base::Result<std::vector<std::string>> Catalogue::take_retries() {
  auto query = statement(kRetries);
  if (!query) return std::move(query.error());
  std::vector<std::string> ids;
  for (;;) {
    auto row = (*query)->step();
    if (!row) return std::move(row.error());
    if (!*row) break;
    ids.emplace_back((*query)->text(0));
  }
  (*query)->reset();
  if (ids.empty()) return ids;
  auto clear = statement(kRetried);
  if (!clear) return std::move(clear.error());
  for (const std::string& id : ids) {
    (*clear)->bind(id);
    if (auto ran = (*clear)->run(); !ran) return std::move(ran.error());
  }
  return ids;
}

base::Result<void> Catalogue::set_file(const std::string& id, const std::string& file) {
  auto update = statement(kFile);
  if (!update) return std::move(update.error());
  (*update)->bind(file);
  return change(**update, id);
}

base::Result<void> Catalogue::set_hold(const std::string& id, const std::optional<std::string>& why, Instant now) {
  auto update = statement(kHold);
  if (!update) return std::move(update.error());
  (*update)->bind(why);
  if (auto changed = change(**update, id); !changed) return changed;
  auto insert = statement(kHeld);
  if (!insert) return std::move(insert.error());
  (*insert)->bind(id).bind(milliseconds_of(now)).bind(why);
  return (*insert)->run();
}

base::Result<void> Catalogue::begin_deletion(const std::string& id, const std::string& reason, Instant now) {
  auto update = statement(kDeleting);
  if (!update) return std::move(update.error());
  (*update)->bind(milliseconds_of(now)).bind(reason);
  return change(**update, id);
}

base::Result<void> Catalogue::end_deletion(const std::string& id, Instant now) {
  auto update = statement(kDeleted);
  if (!update) return std::move(update.error());
  (*update)->bind(milliseconds_of(now));
  return change(**update, id);
}

base::Result<void> Catalogue::set_manifest(const std::string& id, std::int64_t number) {
  auto update = statement(kManifest);
  if (!update) return std::move(update.error());
  (*update)->bind(number);
  return change(**update, id);
}

base::Result<void> Catalogue::set_deletion_manifest(const std::string& id, std::int64_t number) {
  auto update = statement(kDeletionManifest);
  if (!update) return std::move(update.error());
  (*update)->bind(number);
  return change(**update, id);
}

}  // namespace catalogue
