"""Runs the real binary: `telegraphone serve` with a configuration of its own, free ports and a directory of its own."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LIMIT = 60.0


def binary():
    return Path(os.environ.get("TELEGRAPHONE", ROOT / "build/release/telegraphone")).resolve()


def free_port(kind=socket.SOCK_STREAM, address="127.0.0.1"):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind) as one:
        one.bind((address, 0))
        return one.getsockname()[1]


def free_sip_port(address="127.0.0.1"):
    """A port that is free for UDP and for TCP."""
    for _ in range(100):
        port = free_port(socket.SOCK_DGRAM, address)
        try:
            with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as one:
                one.bind((address, port))
                return port
        except OSError:
            continue
    raise OSError("no port is free for both UDP and TCP")


def toml(config):
    """The tables of a configuration as TOML; lists of dictionaries become arrays of tables."""
    lines = []
    for table, keys in config.items():
        if isinstance(keys, list):
            for one in keys:
                lines += [f"[[{table}]]", *(f"{k} = {json.dumps(v)}" for k, v in one.items())]
            continue
        plain = {k: v for k, v in keys.items() if not (isinstance(v, list) and v and isinstance(v[0], dict))}
        if plain:
            lines.append(f"[{table}]")
            lines += [f"{k} = {json.dumps(v)}" for k, v in plain.items()]
        for k, v in keys.items():
            if k not in plain:
                for one in v:
                    lines.append(f"[[{table}.{k}]]")
                    lines += [f"{kk} = {json.dumps(vv)}" for kk, vv in one.items()]
    return "\n".join(lines) + "\n"


ACCOUNTS = [{"name": "app", "password": "secret"}, {"name": "other", "password": "secret2"}]


class Server:
    """`changes` are merged over the defaults, table by table: Server(folder, rtp={"timeout": "1s"}). `prefix`: what the
    program is run by."""

    # Ranges of RTP ports: 30 of them; each of pytest's processes (xdist's gw0, gw1 …) begins at another place.
    next_rtp = 7 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])

    def __init__(self, folder, start=True, environment=None, address="127.0.0.1", prefix=(), **changes):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.domain = "localhost"
        self.address, self.prefix = address, list(prefix)
        self.xmpp_port = free_port()
        self.sip_port = free_sip_port()
        self.recordings = self.folder / "recordings"
        first = 20000 + 400 * (Server.next_rtp % 30)
        Server.next_rtp += 1
        self.config = {
            "xmpp": {"domain": self.domain, "listen": [f"{address}:{self.xmpp_port}"], "tls": "optional",
                     "account": [dict(a) for a in ACCOUNTS]},
            "rayo": {},
            "sip": {"listen": [f"udp:{address}:{self.sip_port}", f"tcp:{address}:{self.sip_port}"]},
            "rtp": {"address": address, "ports": f"{first}-{first + 399}"},
            "recording": {"directory": str(self.recordings)},
            "output": {"files": [str(self.folder)]},
            "log": {"level": "debug"},
        }
        for table, keys in changes.items():
            if isinstance(keys, list):
                self.config[table] = keys
                continue
            self.config.setdefault(table, {}).update(keys)
        self.domain = self.config["xmpp"]["domain"]
        self.config_file = self.folder / "telegraphone.toml"
        self.log_file = self.folder / "stderr.log"
        self.environment = {**os.environ, "XDG_DATA_HOME": str(self.folder / "data"), **(environment or {})}
        self.data = Path(self.environment["XDG_DATA_HOME"])
        self.process = None
        self.write_config()
        if start:
            self.start()

    def write_config(self):
        self.config_file.write_text(toml(self.config))

    def start(self, arguments=None):
        command = [*self.prefix, str(binary()), "serve"] + (["--config", str(self.config_file)] if arguments is None else arguments)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=open(self.log_file, "ab"),
                                        stdin=subprocess.DEVNULL, env=self.environment, cwd=self.folder)
        os.set_blocking(self.process.stdout.fileno(), False)
        said, until = b"", time.monotonic() + LIMIT
        while b"telegraphone ready\n" not in said:
            said += self.process.stdout.read() or b""
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode} before it was ready: {self.log()}")
            assert time.monotonic() < until, f"the server did not say that it is ready; it said {said!r}; {self.log()}"
            time.sleep(0.01)

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, limit=LIMIT):
        """SIGTERM; it must end by itself, with status 0."""
        if self.process is None or self.process.poll() is not None:
            status = None if self.process is None else self.process.returncode
            assert status in (None, 0, -signal.SIGKILL), f"the server ended with {status}: {self.log()[-4000:]}"
            return
        self.signal(signal.SIGTERM)
        status = self.wait(limit)
        assert status == 0, f"the server ended with {status} on SIGTERM: {self.log()[-4000:]}"

    def wait(self, limit=LIMIT):
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not end within {limit:g} s: {self.log()[-4000:]}") from None

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def recorded_files(self):
        """Every file of the recording directory that is neither in the spool nor a sidecar."""
        if not self.recordings.exists():
            return []
        return sorted(p for p in self.recordings.rglob("*") if p.is_file() and p.suffix != ".json"
                      and "spool" not in p.relative_to(self.recordings).parts)

    def sidecars(self):
        return sorted(p for p in self.recordings.rglob("*.json") if "spool" not in p.relative_to(self.recordings).parts)

    def spooled_files(self):
        """Audio that grows; its journals are beside it. What has just ended is delivered first, as long as the server can."""
        spool = self.recordings / "spool"
        deadline = time.monotonic() + 60
        while any(spool.glob("*.delivery*")) and self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        return sorted(p for p in spool.glob("*") if p.is_file() and p.suffix != ".journal" and p.name != ".lock")

    def journals(self):
        return sorted((self.recordings / "spool").glob("*.journal"))

    def open_descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def run(*arguments, environment=None, folder=None, limit=LIMIT):
    """One run of the binary to its end."""
    return subprocess.run([str(binary()), *map(str, arguments)], capture_output=True, text=True, timeout=limit,
                          env={**os.environ, **(environment or {})}, cwd=folder)
