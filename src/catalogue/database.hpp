#pragma once
// SQLite as this program uses it: WAL, every commit synced (synchronous=FULL), a busy database waited for, errors as
// Results. A connection and its statements belong to one thread, which may block on the disk; other threads, and other
// processes, have connections of their own to the same file.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <sqlite3.h>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace catalogue {

class Database;

// One prepared statement. Parameters are bound in order from 1; columns count from 0.
class Statement {
 public:
  Statement& bind(std::string_view text);
  Statement& bind(std::int64_t number);
  Statement& bind(std::nullopt_t);
  template <class T>
  Statement& bind(const std::optional<T>& value) {
    return value ? bind(*value) : bind(std::nullopt);
  }

  // True: there is a row. False: there is none (any more).
  base::Result<bool> step();
  // For statements without rows, once.
  base::Result<void> run();
  // As new: nothing is bound.
  void reset();

  bool is_null(int column) const;
  std::string text(int column) const;
  std::int64_t number(int column) const;
  std::optional<std::int64_t> optional_number(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
};

class Database {
 public:
  enum class Access { read, write };
  // write makes the file where it is missing (mode 0640). read opens what is there, also while a server writes to it.
  // `busy`: so long another writer is waited for.
  static base::Result<Database> open(const std::filesystem::path& file, Access access,
                                     std::chrono::milliseconds busy = std::chrono::seconds(5));

  base::Result<Statement> prepare(std::string_view sql) const;
  // One statement or several, without parameters or rows.
  base::Result<void> run(const std::string& sql) const;
  // Of the last statement that changed rows.
  int changes() const { return sqlite3_changes(handle_.get()); }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  explicit Database(sqlite3* handle) : handle_(handle) {}

  std::unique_ptr<sqlite3, Close> handle_;
};

// Rolls back unless commit() succeeds.
class Transaction {
 public:
  static base::Result<Transaction> begin(const Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  base::Result<void> commit();

 private:
  explicit Transaction(const Database& database) : database_(&database) {}
  const Database* database_;
};

}  // namespace catalogue
