"""What a server's catalogue says of its recordings, by the file itself and by `telegraphone recordings verify`."""

import sqlite3
import time
from contextlib import closing

from support.server import LIMIT, run

TERMINAL = ("completed", "failed", "interrupted")


class Books:
    def __init__(self, server):
        self.server = server
        self.data = server.data / "telegraphone"

    def rows(self):
        """Every row, as dictionaries by the component that asked for it."""
        with closing(sqlite3.connect(f"file:{self.data / 'catalogue.sqlite'}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            found = [dict(row) for row in database.execute("SELECT * FROM recordings ORDER BY opened")]
        by_component = {row["component"]: row for row in found}
        assert len(by_component) == len(found), "a component has two rows"
        return by_component

    def verify(self):
        """(exit status, what it said). What has just ended is signed first, as long as the server can."""
        until = time.monotonic() + LIMIT
        while True:
            done = run("recordings", "verify", "--config", self.server.config_file, folder=self.server.folder,
                       environment={"XDG_DATA_HOME": str(self.server.data)})
            if done.returncode == 0 or not self.server.is_alive() or time.monotonic() > until:
                return done.returncode, done.stdout + done.stderr
            time.sleep(0.2)

    def check(self, components):
        """Each of these has one row, in one terminal state, and nothing else has one; started is the sum of the states;
        every file is what was signed. Gives the rows."""
        until = time.monotonic() + LIMIT
        while any(row["state"] == "recording" or row["delivery"] == "waiting" for row in self.rows().values()):
            if time.monotonic() > until:
                break
            time.sleep(0.05)
        rows = self.rows()
        assert set(rows) == set(components), (set(components) - set(rows), set(rows) - set(components))
        counts = {state: sum(row["state"] == state for row in rows.values()) for state in TERMINAL}
        assert sum(counts.values()) == len(rows), [row for row in rows.values() if row["state"] not in TERMINAL]
        assert all(row["delivery"] in ("stored", "none") for row in rows.values()), rows
        status, said = self.verify()
        assert status == 0, said
        return rows

    def check_spool_is_empty(self):
        """But for its lock. The server has been stopped."""
        spool = self.server.recordings / "spool"
        assert [path.name for path in spool.iterdir() if path.name != ".lock"] == []
