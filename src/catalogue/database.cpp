#include "catalogue/database.hpp"

#include <fcntl.h>
#include <utility>

#include "base/fd.hpp"

namespace catalogue {
namespace {

base::Error error_of(sqlite3* handle, const std::string& attempt) {
  const int code = sqlite3_errcode(handle);
  base::Kind kind = base::Kind::internal;
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED || code == SQLITE_FULL || code == SQLITE_IOERR) {
    kind = base::Kind::no_resources;
  }
  if (code == SQLITE_CONSTRAINT) kind = base::Kind::conflict;
  if (code == SQLITE_TOOBIG || code == SQLITE_MISMATCH || code == SQLITE_RANGE) kind = base::Kind::bad_request;
  return {kind, attempt + ": " + sqlite3_errmsg(handle)};
}

}  // namespace

Statement& Statement::bind(std::string_view text) {
  sqlite3_bind_text(statement_.get(), ++bound_, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::bind(std::int64_t number) {
  sqlite3_bind_int64(statement_.get(), ++bound_, number);
  return *this;
}

Statement& Statement::bind(std::nullopt_t) {
  sqlite3_bind_null(statement_.get(), ++bound_);
  return *this;
}

base::Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  base::Error error = error_of(sqlite3_db_handle(statement_.get()), "catalogue");
  sqlite3_reset(statement_.get());
  return error;
}

base::Result<void> Statement::run() {
  auto stepped = step();
  reset();
  if (!stepped) return std::move(stepped.error());
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  bound_ = 0;
}

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }

std::string Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::optional<std::int64_t> Statement::optional_number(int column) const {
  if (is_null(column)) return std::nullopt;
  return number(column);
}

base::Result<Database> Database::open(const std::filesystem::path& file, Access access,
                                      std::chrono::milliseconds busy) {
  const std::string attempt = "open catalogue " + file.string();
  if (access == Access::write) {
    // SQLite would make it readable by all.
    const base::Fd made(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  } else if (std::error_code error; !std::filesystem::exists(file, error)) {
    return base::Error{base::Kind::not_found, attempt + ": there is no such file"};
  }
  // A reader opens for writing too where it may: the first one after a crash has to look through the WAL.
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(handle);
  if (code != SQLITE_OK) return error_of(handle, attempt);
  sqlite3_extended_result_codes(handle, 0);
  sqlite3_busy_timeout(handle, static_cast<int>(busy.count()));
  // A catalogue may come from elsewhere: nothing in its schema runs what is not plain SQL.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  const char* settings = access == Access::write
                             ? "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON"
                             : "PRAGMA query_only=ON";
  if (auto set = database.run(settings); !set) return std::move(set.error()).in(attempt);
  return database;
}

base::Result<Statement> Database::prepare(std::string_view sql) const {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr) != SQLITE_OK) {
    return error_of(handle_.get(), "catalogue");
  }
  return Statement(statement);
}

base::Result<void> Database::run(const std::string& sql) const {
  if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return error_of(handle_.get(), "catalogue");
}

base::Result<Transaction> Transaction::begin(const Database& database) {
  // IMMEDIATE: what waits for another writer does so here and not halfway.
  if (auto begun = database.run("BEGIN IMMEDIATE"); !begun) return std::move(begun.error());
  return Transaction(database);
}

Transaction::~Transaction() {
  if (database_ != nullptr) [[maybe_unused]]
    const auto ignored = database_->run("ROLLBACK");
}

base::Result<void> Transaction::commit() {
  auto committed = database_->run("COMMIT");
  if (committed) database_ = nullptr;
  return committed;
}

}  // namespace catalogue
