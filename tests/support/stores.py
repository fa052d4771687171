"""Stores on loopback for the real server, as processes of their own, and what the server's own catalogue says of them."""

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from support.server import LIMIT, free_port, run

HERE = Path(__file__).resolve().parent


def wait_until(done, what="it", limit=LIMIT):
    until = time.monotonic() + limit
    while True:
        value = done()
        if value:
            return value
        assert time.monotonic() < until, f"{what} did not happen in time"
        time.sleep(0.02)


class StoreServer:
    """One of s3_server.py and upload_server.py. `start=False`: a store that is away, on the port that it will have."""

    script = None

    def __init__(self, start=True):
        self.port, self.process = free_port(), None
        if start:
            self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        self.process = subprocess.Popen([sys.executable, str(HERE / self.script), "--port", str(self.port)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert int(self.process.stdout.readline()) == self.port

    def close(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait(LIMIT)
            self.process.stdout.close()
            self.process = None

    def state(self):
        with urllib.request.urlopen(self.url + "/_state", timeout=LIMIT) as answer:
            return json.load(answer)


class S3(StoreServer):
    script = "s3_server.py"

    def settings(self, **more):
        return {"strategy": "s3", "endpoint": self.url, "bucket": "recordings", "region": "eu-test-1",
                "access-key": "test-access", "secret-key": "test-secret", **more}

    def misbehave(self, *faults):
        request = urllib.request.Request(self.url + "/_misbehave", json.dumps(faults).encode(), method="POST")
        urllib.request.urlopen(request, timeout=LIMIT).close()

    def objects(self):
        return self.state()["objects"]

    def object_at(self, uri):
        """What is kept under the key that the uri says; None where there is nothing."""
        root = f"{self.url}/recordings/"
        assert uri.startswith(root), uri
        return self.objects().get(uri[len(root):])


class Uploads(StoreServer):
    script = "upload_server.py"


def listed(server, *filters):
    """The catalogue's rows: {component: row}."""
    done = run("recordings", "list", "--json", "--config", server.config_file, *filters, environment=server.environment)
    assert done.returncode == 0, done.stderr
    return {row["component"]: row for row in map(json.loads, done.stdout.splitlines())}


def shown(server, component):
    """All that the catalogue knows of a recording; None: nothing yet."""
    done = run("recordings", "show", "--json", component.split("/")[-1], "--config", server.config_file,
               environment=server.environment)
    return json.loads(done.stdout) if done.returncode == 0 else None


def row_of(server, component, fits=lambda row: row["delivery"] == "stored", limit=LIMIT):
    """The same, as soon as it is so."""
    def row():
        found = shown(server, component)
        return found if found and "delivery" in found and fits(found) else None
    return wait_until(row, f"the row of {component}", limit)


def spooled(server):
    """All that is in the spool but its lock."""
    return sorted(path.name for path in (server.recordings / "spool").glob("*") if path.name != ".lock")


def wait_spool_empty(server, limit=LIMIT):
    wait_until(lambda: not spooled(server), f"an empty spool ({server.recordings})", limit)
