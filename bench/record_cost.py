#!/usr/bin/python3
"""What a recorded call costs: CPU time of the server per call-minute, at so many calls at once.

    bench/record_cost.py [--calls 200] [--seconds 30] [--formats mp3,wav,none] [--encrypt]

Starts the server (build/release/telegraphone, or $TELEGRAPHONE), sets up the calls, sends each one speech-like PCMU at
20 ms, and reads the process's CPU time. `none` is a call that is answered and not recorded. Prints one line a format; with --encrypt a second one, of the same
recordings encrypted as they are spoken ([recording] encrypt-to).
"""

import argparse
import tempfile
from pathlib import Path

from callers import Callers
from support.server import run


def measure(format_, count, seconds, encrypt=False):
    with tempfile.TemporaryDirectory() as folder:
        key = run("make-key", Path(folder) / "key").stdout.strip() if encrypt else None
        callers = Callers(folder, count, **({"recording": {"encrypt-to": key}} if encrypt else {}))
        if format_ != "none":
            for jid in callers.calls:
                callers.client.record(jid, f"format='{format_}' start-beep='false'")
        callers.start()
        spent, lasted, rate = callers.measure(seconds)
        per_minute = 1000 * spent / (count * lasted / 60)
        print(f"{format_ + (' encrypted' if encrypt else ''):5} {count} calls, {rate:.1f} packets/s each: {per_minute:.1f} ms CPU per call-minute, "
              f"{100 * spent / lasted:.1f} % of a core, {60000 / per_minute:.0f} calls a core", flush=True)
        callers.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--formats", default="mp3,wav,none")
    parser.add_argument("--encrypt", action="store_true", help="measure each format encrypted, too")
    wish = parser.parse_args()
    for format_ in wish.formats.split(","):
        measure(format_, wish.calls, wish.seconds)
        if wish.encrypt and format_ != "none":
            measure(format_, wish.calls, wish.seconds, encrypt=True)


if __name__ == "__main__":
    main()
