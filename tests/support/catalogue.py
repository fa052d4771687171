"""`telegraphone recordings` and `telegraphone explain`, with a server's configuration, and what they are asked about."""

import json
import sqlite3
import time

from support import signals
from support.server import LIMIT, run

WAV = "format='wav' start-beep='false'"


def wait_until(done, limit=LIMIT):
    until = time.monotonic() + limit
    while not done():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


class Commands:
    """The commands, with a server's configuration."""

    def __init__(self, server):
        self.server = server

    def __call__(self, *arguments, status=0):
        command = arguments if arguments[0] == "explain" else ("recordings", *arguments)
        ran = run(*command, "--config", self.server.config_file, folder=self.server.folder,
                  environment={"XDG_DATA_HOME": str(self.server.folder / "data")})
        assert ran.returncode == status, f"{arguments}: {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout + ran.stderr

    def list(self, *filters):
        return [json.loads(line) for line in self("list", "--json", *filters).splitlines()]

    def show(self, id_):
        return json.loads(self("show", id_, "--json"))

    def settled(self, component):
        """The row of a component once it is there, stored and signed."""
        id_ = component.split("/")[1]
        def is_settled():
            rows = [row for row in self.list("--all") if row["component"] == id_]
            return rows and rows[0].get("manifest") and rows[0].get("delivery") in ("stored", "none")
        wait_until(is_settled)
        return self.show(id_)

    def findings(self, *arguments):
        """What verify finds: [(kind, id, text)]; its exit status says whether there is anything."""
        command = ("recordings", "verify", "--json", *arguments, "--config", self.server.config_file)
        ran = run(*command, folder=self.server.folder,
                  environment={"XDG_DATA_HOME": str(self.server.folder / "data")})
        found = json.loads(ran.stdout)["findings"]
        assert ran.returncode == (1 if found else 0), ran.stderr
        return [(one["kind"], one["id"], one["text"]) for one in found]

    @property
    def data(self):
        return self.server.folder / "data" / "telegraphone"

    def sql(self, text):
        """As somebody would who has the file: past the triggers."""
        with sqlite3.connect(self.data / "catalogue.sqlite", timeout=30) as database:
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                database.execute(f"DROP TRIGGER {name}")
            database.execute(text)
        database.close()


def recorded(bench, client, attributes=WAV, children="", seconds=1.0, **options):
    """A call that was recorded for so long and hung up: (complete, component, call JID, leg)."""
    leg, jid = bench.answered(client, play=signals.marks(20), **options)
    component = client.record(jid, attributes, children)
    leg.media.wait_position(leg.media.position + signals.samples(seconds))
    client.stop(component)
    done = client.expect_complete(component)
    client.hangup(jid)
    client.expect_end(jid)
    return done, component, jid, leg
