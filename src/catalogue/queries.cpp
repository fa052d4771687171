#include "catalogue/queries.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "catalogue/schema.hpp"

namespace catalogue {
namespace {

const std::string kColumns =
    "SELECT id, call, component, mixer, account, from_party, to_party, format, channels, sample_rate, encrypted, file, "
    "opened, state, ended, reason, error, duration, size, sha256, uri, store, delivery, loss, gaps_complete, "
    "retry_asked, manifest, deletion_manifest, hold, deleting, deleted, delete_reason FROM recordings ";

std::optional<Instant> optional_instant(const Statement& row, int column) {
  const auto number = row.optional_number(column);
  if (!number) return std::nullopt;
  return instant_of(*number);
}

// A row of kColumns. What a foreign hand made of the file is no reason to fall over.
Recording recording_of(const Statement& row) {
  int at = 0;
  const auto text = [&] { return row.text(at++); };
  const auto number = [&] { return row.number(at++); };
  const auto whole = [&] { return static_cast<std::uint64_t>(std::max<std::int64_t>(row.number(at++), 0)); };
  Recording recording;
  Begun& begun = recording.begun;
  begun.id = text();
  begun.call = text();
  begun.component = text();
  begun.is_of_mixer = number() != 0;
  begun.account = text();
  begun.from = text();
  begun.to = text();
  begun.format = text();
  begun.channels = text();
  begun.sample_rate = static_cast<std::uint32_t>(number());
  begun.is_encrypted = number() != 0;
  begun.file = text();
  begun.opened = instant_of(number());
  Ended& ended = recording.ended;
  ended.file = begun.file;
  ended.state = parse_state(text()).value_or(State::recording);
  ended.ended = instant_of(number());
  ended.reason = text();
  ended.error = text();
  ended.duration = std::chrono::milliseconds(number());
  ended.size = whole();
  ended.sha256 = text();
  ended.uri = text();
  ended.store = text();
  ended.delivery = parse_delivery(text()).value_or(Delivery::none);
  ended.loss = parse_loss(text());
  ended.has_all_gaps = number() != 0;
  recording.retry_asked = optional_instant(row, at++);
  recording.manifest = row.optional_number(at++);
  recording.deletion_manifest = row.optional_number(at++);
  if (!row.is_null(at)) recording.hold = row.text(at);
  ++at;
  recording.deleting = optional_instant(row, at++);
  recording.deleted = optional_instant(row, at++);
  recording.delete_reason = text();
  return recording;
}

base::Result<void> take_each(Statement& query, const Take& take) {
  while (true) {
    auto row = query.step();
    if (!row) return std::move(row.error());
    if (!*row || !take(recording_of(query))) return {};
  }
}

base::Result<std::vector<Recording>> recordings_of(Statement& query) {
  std::vector<Recording> recordings;
  auto read = take_each(query, [&recordings](Recording&& recording) {
    recordings.push_back(std::move(recording));
    return true;
  });
  if (!read) return std::move(read.error());
  return recordings;
}

base::Result<std::vector<Recording>> recordings_where(const Database& database, const std::string& condition) {
  auto query = database.prepare(kColumns + "WHERE " + condition);
  if (!query) return std::move(query.error());
  return recordings_of(*query);
}

// Conditions with the values that belong to their question marks.
struct Where {
  std::string text = "WHERE true";
  std::vector<std::variant<std::string, std::int64_t>> values;

  void equal(const char* column, const std::string& value) {
    if (value.empty()) return;
    text += std::string(" AND ") + column + " = ?";
    values.emplace_back(value);
  }
  void compare(const char* condition, std::optional<Instant> value) {
    if (!value) return;
    text += std::string(" AND ") + condition + " ?";
    values.emplace_back(milliseconds_of(*value));
  }
  void is_set(const char* column, std::optional<bool> wanted) {
    if (wanted) text += std::string(" AND ") + column + (*wanted ? " IS NOT NULL" : " IS NULL");
  }
};

Where where(const Filter& filter) {
  Where where;
  if (filter.state) where.equal("state", std::string(name_of(*filter.state)));
  if (filter.delivery) where.equal("delivery", std::string(name_of(*filter.delivery)));
  where.equal("call", filter.call);
  where.equal("account", filter.account);
  where.equal("format", filter.format);
  where.equal("reason", filter.reason);
  if (!filter.party.empty()) {
    where.text += " AND (instr(from_party, ?) > 0 OR instr(to_party, ?) > 0)";
    where.values.insert(where.values.end(), {filter.party, filter.party});
  }
  where.compare("opened >=", filter.since);
  where.compare("opened <", filter.before);
  where.is_set("deleted", filter.is_deleted);
  where.is_set("hold", filter.is_held);
  where.text += " ORDER BY opened DESC, id DESC";
  if (filter.limit) {
    where.text += " LIMIT ?";
    where.values.emplace_back(*filter.limit);
  }
  return where;
}

// Each row of a query about one recording.
template <class Take>
base::Result<void> each_row(const Database& database, std::string_view sql, const std::string& id, Take&& take) {
  auto query = database.prepare(sql);
  if (!query) return std::move(query.error());
  query->bind(id);
  while (true) {
    auto row = query->step();
    if (!row) return std::move(row.error());
    if (!*row) return {};
    take(*query);
  }
}

}  // namespace

base::Result<Database> open_for_reading(const std::filesystem::path& file) {
  auto database = Database::open(file, Database::Access::read);
  if (!database) return database;
  if (auto checked = check_schema(*database); !checked) return std::move(checked.error()).in(file.string());
  return database;
}

base::Result<void> add_details(const Database& database, Recording& recording) {
  const auto whole = [](const Statement& row, int column) { return static_cast<std::uint64_t>(row.number(column)); };
  recording.ended.gaps.clear();
  recording.ended.beside.clear();
  const std::string& id = recording.begun.id;
  auto added = each_row(database, "SELECT kind, at, length, skipped FROM gaps WHERE recording = ? ORDER BY number", id,
                        [&](const Statement& row) {
                          recording.ended.gaps.push_back({row.text(0), whole(row, 1), whole(row, 2), whole(row, 3)});
                        });
  if (!added) return added;
  return each_row(database, "SELECT file, size, sha256 FROM files WHERE recording = ? ORDER BY file", id,
                  [&](const Statement& row) {
                    recording.ended.beside.push_back({row.text(0), whole(row, 1), row.text(2)});
                  });
}

base::Result<void> each(const Database& database, const Filter& filter, const Take& take) {
  const Where conditions = where(filter);
  auto query = database.prepare(kColumns + conditions.text);
  if (!query) return std::move(query.error());
  for (const auto& value : conditions.values) std::visit([&](const auto& one) { query->bind(one); }, value);
  return take_each(*query, take);
}

base::Result<void> each_not_deleted(const Database& database, std::optional<Instant> latest, const Take& take) {
  auto query =
      database.prepare(kColumns + "WHERE deleted IS NULL AND state <> 'recording' AND ended <= ?1 UNION ALL " +
                       kColumns + "WHERE deleted IS NULL AND deleting IS NOT NULL AND ended > ?1 ORDER BY ended");
  if (!query) return std::move(query.error());
  query->bind(latest ? milliseconds_of(*latest) : std::int64_t{-1});
  return take_each(*query, take);
}

base::Result<std::vector<Recording>> list(const Database& database, const Filter& filter) {
  std::vector<Recording> recordings;
  auto read = each(database, filter, [&recordings](Recording&& recording) {
    recordings.push_back(std::move(recording));
    return true;
  });
  if (!read) return std::move(read.error());
  return recordings;
}

base::Result<Recording> get(const Database& database, const std::string& id) {
  auto query = database.prepare(kColumns + "WHERE id = ?");
  if (!query) return std::move(query.error());
  query->bind(id);
  auto found = recordings_of(*query);
  if (!found) return std::move(found.error());
  if (found->empty()) return base::Error{base::Kind::not_found, "no recording is called '" + id + "'"};
  if (auto added = add_details(database, found->front()); !added) return std::move(added.error());
  return std::move(found->front());
}

base::Result<Recording> find(const Database& database, const std::string& key) {
  if (auto found = get(database, key); found || found.error().kind != base::Kind::not_found) return found;
  // The file's name is the last part of its path.
  auto query = database.prepare(kColumns +
                                "WHERE component = ?1 OR (uri = ?1 AND uri <> '') OR file = ?1 OR "
                                "(length(file) > length(?1) AND substr(file, -length(?1) - 1) = '/' || ?1) "
                                "LIMIT 2");
  if (!query) return std::move(query.error());
  query->bind(key);
  auto found = recordings_of(*query);
  if (!found) return std::move(found.error());
  if (found->empty()) return base::Error{base::Kind::not_found, "no recording is called '" + key + "'"};
  Recording& one = found->front();
  if (found->size() > 1) {
    return base::bad_request("several recordings are called '" + key + "': give the whole id");
  }
  if (auto added = add_details(database, one); !added) return std::move(added.error());
  return std::move(one);
}

base::Result<std::vector<Attempt>> attempts_of(const Database& database, const std::string& id) {
  std::vector<Attempt> attempts;
  auto read =
      each_row(database, "SELECT store, began, ended, error, uri FROM attempts WHERE recording = ? ORDER BY number", id,
               [&](const Statement& row) {
                 attempts.push_back(
                     {row.text(0), instant_of(row.number(1)), instant_of(row.number(2)), row.text(3), row.text(4)});
               });
  if (!read) return std::move(read.error());
  return attempts;
}

base::Result<std::vector<Recording>> not_in_manifest(const Database& database) {
  return recordings_where(database, "state <> 'recording' AND manifest IS NULL ORDER BY ended, id");
}

base::Result<std::vector<Recording>> deletions_not_in_manifest(const Database& database) {
  return recordings_where(database, "deleted IS NOT NULL AND deletion_manifest IS NULL ORDER BY deleted, id");
}

base::Result<Counts> count(const Database& database) {
  auto query = database.prepare(
      "SELECT count(*), sum(state = 'recording'), sum(state = 'completed'), sum(state = 'failed'), "
      "sum(state = 'interrupted'), sum(delivery = 'waiting'), sum(deleted IS NOT NULL), sum(hold IS NOT NULL) "
      "FROM recordings");
  if (!query) return std::move(query.error());
  if (auto row = query->step(); !row) return std::move(row.error());
  return Counts{query->number(0), query->number(1), query->number(2), query->number(3),
                query->number(4), query->number(5), query->number(6), query->number(7)};
}

}  // namespace catalogue
