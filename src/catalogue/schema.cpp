#include "catalogue/schema.hpp"

#include <array>
#include <string>

namespace catalogue {
namespace {

constexpr const char* kFirst = R"sql(
CREATE TABLE recordings (
  id            TEXT PRIMARY KEY NOT NULL CHECK (id <> ''),
  call          TEXT NOT NULL,
  component     TEXT NOT NULL,
  mixer         INTEGER NOT NULL DEFAULT 0 CHECK (mixer IN (0, 1)),
  account       TEXT NOT NULL DEFAULT '',
  from_party    TEXT NOT NULL DEFAULT '',
  to_party      TEXT NOT NULL DEFAULT '',
  format        TEXT NOT NULL,
  channels      TEXT NOT NULL,
  sample_rate   INTEGER NOT NULL,
  encrypted     INTEGER NOT NULL DEFAULT 0 CHECK (encrypted IN (0, 1)),
  file          TEXT NOT NULL DEFAULT '',
  opened        INTEGER NOT NULL,
  state         TEXT NOT NULL DEFAULT 'recording'
                CHECK (state IN ('recording', 'completed', 'failed', 'interrupted')),
  ended         INTEGER CHECK ((ended IS NULL) = (state = 'recording')),
  reason        TEXT NOT NULL DEFAULT '' CHECK ((reason = '') = (state = 'recording')),
  error         TEXT NOT NULL DEFAULT '',
  duration      INTEGER NOT NULL DEFAULT 0 CHECK (duration >= 0),
  size          INTEGER NOT NULL DEFAULT 0 CHECK (size >= 0),
  sha256        TEXT NOT NULL DEFAULT '' CHECK (length(sha256) IN (0, 64)),
  uri           TEXT NOT NULL DEFAULT '',
  store         TEXT NOT NULL DEFAULT '',
  delivery      TEXT NOT NULL DEFAULT 'none' CHECK (delivery IN ('none', 'waiting', 'stored', 'refused')),
  retry_asked   INTEGER,
  loss          TEXT NOT NULL DEFAULT '{}',
  gaps_complete INTEGER NOT NULL DEFAULT 1,
  manifest      INTEGER,
  hold          TEXT,
  deleting      INTEGER,
  deleted       INTEGER,
  delete_reason TEXT NOT NULL DEFAULT '',
  deletion_manifest INTEGER
) STRICT;
CREATE INDEX recordings_opened ON recordings (opened);
CREATE INDEX recordings_call ON recordings (call);
CREATE INDEX recordings_ended ON recordings (ended) WHERE deleted IS NULL AND state <> 'recording';
CREATE INDEX recordings_deleting ON recordings (id) WHERE deleted IS NULL AND deleting IS NOT NULL;
CREATE INDEX recordings_deletion_unsigned ON recordings (id) WHERE deleted IS NOT NULL AND deletion_manifest IS NULL;
CREATE INDEX recordings_unsigned ON recordings (id) WHERE state <> 'recording' AND manifest IS NULL;
CREATE INDEX recordings_growing ON recordings (id) WHERE state = 'recording';
CREATE INDEX recordings_waiting ON recordings (id) WHERE delivery = 'waiting';

CREATE TABLE gaps (
  recording TEXT NOT NULL REFERENCES recordings (id),
  number    INTEGER NOT NULL,
  kind      TEXT NOT NULL,
  at        INTEGER NOT NULL,
  length    INTEGER NOT NULL,
  skipped   INTEGER NOT NULL,
  PRIMARY KEY (recording, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE files (
  recording TEXT NOT NULL REFERENCES recordings (id),
  file      TEXT NOT NULL,
  size      INTEGER NOT NULL,
  sha256    TEXT NOT NULL,
  PRIMARY KEY (recording, file)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
  recording TEXT NOT NULL REFERENCES recordings (id),
  number    INTEGER NOT NULL,
  store     TEXT NOT NULL,
  began     INTEGER NOT NULL,
  ended     INTEGER NOT NULL,
  error     TEXT NOT NULL,
  uri       TEXT NOT NULL,
  PRIMARY KEY (recording, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE holds (
  recording TEXT NOT NULL REFERENCES recordings (id),
  at        INTEGER NOT NULL,
  hold      TEXT
) STRICT;

CREATE TRIGGER born_growing BEFORE INSERT ON recordings WHEN new.state <> 'recording' BEGIN
  SELECT RAISE(ABORT, 'a recording begins as recording');
END;
CREATE TRIGGER one_end BEFORE UPDATE OF state ON recordings WHEN old.state <> 'recording' BEGIN
  SELECT RAISE(ABORT, 'a recording ends once');
END;
CREATE TRIGGER facts_stay BEFORE UPDATE OF ended, reason, duration, size, sha256 ON recordings
  WHEN old.state <> 'recording' BEGIN
  SELECT RAISE(ABORT, 'what a recording was when it ended stays');
END;
CREATE TRIGGER birth_stays BEFORE UPDATE OF id, call, component, opened ON recordings BEGIN
  SELECT RAISE(ABORT, 'what a recording was when it began stays');
END;
CREATE TRIGGER nothing_is_forgotten BEFORE DELETE ON recordings BEGIN
  SELECT RAISE(ABORT, 'the catalogue keeps what was deleted');
END;
CREATE TRIGGER held_stays BEFORE UPDATE OF deleting, deleted ON recordings
  WHEN old.hold IS NOT NULL AND (new.deleting IS NOT NULL OR new.deleted IS NOT NULL) BEGIN
  SELECT RAISE(ABORT, 'the recording is under a legal hold');
END;
CREATE TRIGGER growing_stays BEFORE UPDATE OF deleting, deleted ON recordings
  WHEN old.state = 'recording' BEGIN
  SELECT RAISE(ABORT, 'the recording has not ended');
END;
CREATE TRIGGER deleted_once BEFORE UPDATE OF deleted ON recordings WHEN old.deleted IS NOT NULL BEGIN
  SELECT RAISE(ABORT, 'the recording is deleted already');
END;
CREATE TRIGGER gaps_stay_update BEFORE UPDATE ON gaps BEGIN
  SELECT RAISE(ABORT, 'what was told of a recording stays');
END;
CREATE TRIGGER gaps_stay_delete BEFORE DELETE ON gaps BEGIN
  SELECT RAISE(ABORT, 'what was told of a recording stays');
END;
CREATE TRIGGER files_stay_update BEFORE UPDATE ON files BEGIN
  SELECT RAISE(ABORT, 'what was told of a recording stays');
END;
CREATE TRIGGER files_stay_delete BEFORE DELETE ON files BEGIN
  SELECT RAISE(ABORT, 'what was told of a recording stays');
END;
CREATE TRIGGER attempts_stay_update BEFORE UPDATE ON attempts BEGIN
  SELECT RAISE(ABORT, 'what was told of a recording stays');
END;
CREATE TRIGGER attempts_stay_delete BEFORE DELETE ON attempts BEGIN
  SELECT RAISE(ABORT, 'what was told of a recording stays');
END;
CREATE TRIGGER holds_stay_update BEFORE UPDATE ON holds BEGIN
  SELECT RAISE(ABORT, 'what was told of a recording stays');
END;
CREATE TRIGGER holds_stay_delete BEFORE DELETE ON holds BEGIN
  SELECT RAISE(ABORT, 'what was told of a recording stays');
END;
)sql";

constexpr std::array kMigrations = {kFirst};

base::Result<int> version_of(const Database& database) {
  auto query = database.prepare("PRAGMA user_version");
  if (!query) return std::move(query.error());
  if (auto row = query->step(); !row) return std::move(row.error());
  return static_cast<int>(query->number(0));
}

}  // namespace

int newest_schema() { return static_cast<int>(kMigrations.size()); }

base::Result<void> migrate(const Database& database) {
  while (true) {
    auto transaction = Transaction::begin(database);  // two programs that start at once go one after the other
    if (!transaction) return std::move(transaction.error());
    const auto version = version_of(database);
    if (!version) return version.error();
    if (*version == newest_schema()) return {};
    if (*version > newest_schema()) {
      return base::Error{base::Kind::not_supported, "the catalogue was written by a newer Telegraphone"};
    }
    const std::string step = std::string(kMigrations.at(static_cast<std::size_t>(*version))) +
                             "PRAGMA user_version = " + std::to_string(*version + 1);
    if (auto made = database.run(step); !made) return std::move(made.error()).in("migrate");
    if (auto committed = transaction->commit(); !committed) return committed;
  }
}

base::Result<void> check_schema(const Database& database) {
  const auto version = version_of(database);
  if (!version) return version.error();
  if (*version == newest_schema()) return {};
  return base::Error{base::Kind::not_supported, "the catalogue has schema " + std::to_string(*version) +
                                                    ", this program reads " + std::to_string(newest_schema())};
}

}  // namespace catalogue
