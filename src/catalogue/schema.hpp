#pragma once
// The tables of the catalogue, and how an older file becomes a newer one (PRAGMA user_version counts the migrations).
// What must never happen is refused by the file itself, whoever writes to it: see the triggers in schema.cpp.
// Any thread, with its own connection.
//
//   state     recording ─┬▶ completed     exactly once: a terminal state never changes again
//                        ├▶ failed
//                        └▶ interrupted
//   deletion  there ─▶ being deleted ─▶ deleted      only of what has ended, and never under a hold
//
// Times are milliseconds since 1970, UTC.

#include "catalogue/database.hpp"

namespace catalogue {

// Of the catalogue that this program writes.
int newest_schema();

// Brings the file to the newest schema, in one transaction a step. A file that is newer than the program is refused.
base::Result<void> migrate(const Database& database);
// For those who only read: not_supported where the file is of another schema than this program's.
base::Result<void> check_schema(const Database& database);

}  // namespace catalogue
