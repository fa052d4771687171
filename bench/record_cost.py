#!/usr/bin/python3
"""What a recorded call costs: CPU time of the server per call-minute, at so many calls at once.

    bench/record_cost.py [--calls 200] [--seconds 30] [--formats mp3,wav,none]

Starts the server (build/release/telegraphone, or $TELEGRAPHONE), sets up the calls, sends each one speech-like PCMU at
20 ms, and reads the process's CPU time. `none` is a call that is answered and not recorded. Prints one line a format.
"""

import argparse
import os
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support import signals  # noqa: E402
from support import g711  # noqa: E402
from support.phone import Phone  # noqa: E402
from support.rayo import RayoClient  # noqa: E402
from support.server import Server  # noqa: E402


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Speaker(threading.Thread):
    """Sends the same packets to every destination, 50 times a second, from one socket a call."""

    def __init__(self, legs):
        super().__init__(daemon=True)
        speech = signals.join(signals.speech(), signals.silence(1))
        coded = g711.encode("PCMU", speech)
        self.payloads = [coded[i : i + 160] for i in range(0, len(coded) - 160, 160)]
        self.legs = legs
        self.stopped = False
        self.packets = 0

    def run(self):
        number, begun = 0, time.monotonic()
        while not self.stopped:
            payload = self.payloads[number % len(self.payloads)]
            head = bytes([0x80, 0]) + (number & 0xFFFF).to_bytes(2, "big") + (number * 160 & 0xFFFFFFFF).to_bytes(4, "big")
            for index, (own, remote) in enumerate(self.legs):
                own.sendto(head + index.to_bytes(4, "big") + payload, remote)
            self.packets += len(self.legs)
            number += 1
            time.sleep(max(0, begun + number * 0.02 - time.monotonic()))


def measure(format_, count, seconds):
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder, rtp={"ports": "20000-29999", "timeout": 0}, log={"level": "warn"})
        client = RayoClient(server)
        phone = Phone(server.address, server.sip_port, user="bench")
        legs, calls = [], []
        for _ in range(count):
            call = phone.invite(speaks=False)
            jid = client.expect_offer("bench").get("from")
            client.answer(jid)
            call.wait_answered()
            call.media.close()
            own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            own.bind(("127.0.0.1", 0))
            legs.append((own, (call.remote_sdp.address, call.remote_sdp.port)))
            if format_ != "none":
                client.record(jid, f"format='{format_}' start-beep='false'")
            calls.append(jid)
        speaker = Speaker(legs)
        speaker.start()
        time.sleep(2)  # into its stride
        before, sent, begun = cpu_seconds(server.process.pid), speaker.packets, time.monotonic()
        time.sleep(seconds)
        spent, packets, lasted = cpu_seconds(server.process.pid) - before, speaker.packets - sent, time.monotonic() - begun
        speaker.stopped = True
        rate = packets / lasted / count
        per_minute = 1000 * spent / (count * lasted / 60)
        print(f"{format_:5} {count} calls, {rate:.1f} packets/s each: {per_minute:.1f} ms CPU per call-minute, "
              f"{100 * spent / lasted:.1f} % of a core, {60000 / per_minute:.0f} calls a core", flush=True)
        client.close()
        server.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--formats", default="mp3,wav,none")
    wish = parser.parse_args()
    for format_ in wish.formats.split(","):
        measure(format_, wish.calls, wish.seconds)


if __name__ == "__main__":
    main()
