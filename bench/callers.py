"""Many calls at once, cheaply: set up by one phone, their RTP sent by one thread, for benchmarks of the real server."""

import os
import socket
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support import g711, signals  # noqa: E402
from support.phone import Phone  # noqa: E402
from support.rayo import RayoClient  # noqa: E402
from support.server import Server  # noqa: E402

QUIET = b"\xff" * 160  # 20 ms of PCMU


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Callers(threading.Thread):
    """`count` calls that are answered; from start() on each sends 50 packets a second: the first `speaking` of them
    speech, the others silence."""

    def __init__(self, folder, count, speaking=None, **changes):
        super().__init__(daemon=True)
        self.server = Server(folder, rtp={"ports": "20000-29999", "timeout": 0}, log={"level": "warn"}, **changes)
        self.client = RayoClient(self.server)
        self.calls, self._legs = [], []
        self._stopped, self._packets = False, 0
        self._speaking = count if speaking is None else speaking
        speech = g711.encode("PCMU", signals.join(signals.speech(), signals.silence(1)))
        self._payloads = [speech[i : i + 160] for i in range(0, len(speech) - 160, 160)]
        phone = Phone(self.server.address, self.server.sip_port, user="bench")
        for _ in range(count):
            call = phone.invite(speaks=False)
            jid = self.client.expect_offer("bench").get("from")
            self.client.answer(jid)
            call.wait_answered()
            call.media.close()
            own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            own.bind(("127.0.0.1", 0))
            self._legs.append((own, (call.remote_sdp.address, call.remote_sdp.port)))
            self.calls.append(jid)

    def run(self):
        number, begun = 0, time.monotonic()
        while not self._stopped:
            speech = self._payloads[number % len(self._payloads)]
            head = bytes([0x80, 0]) + (number & 0xFFFF).to_bytes(2, "big") + (number * 160 & 0xFFFFFFFF).to_bytes(4, "big")
            for index, (own, remote) in enumerate(self._legs):
                own.sendto(head + index.to_bytes(4, "big") + (speech if index < self._speaking else QUIET), remote)
            self._packets += len(self._legs)
            number += 1
            time.sleep(max(0, begun + number * 0.02 - time.monotonic()))

    def measure(self, seconds):
        """(CPU seconds of the server, wall seconds, packets a second and call), once all is in its stride."""
        time.sleep(2)
        pid = self.server.process.pid
        before, sent, begun = cpu_seconds(pid), self._packets, time.monotonic()
        time.sleep(seconds)
        spent, lasted = cpu_seconds(pid) - before, time.monotonic() - begun
        return spent, lasted, (self._packets - sent) / lasted / len(self._legs)

    def close(self):
        self._stopped = True
        self.client.close()
        self.server.kill()
