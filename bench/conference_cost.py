#!/usr/bin/python3
"""What a conference costs: CPU time of the server per party and second, sockets and all.

    bench/conference_cost.py [--parties 3,10,100] [--speaking 3] [--seconds 20] [--format wav]

Starts the server (build/release/telegraphone, or $TELEGRAPHONE), sets up the calls, joins them to one mixer, records it, sends
for each of them PCMU at 20 ms, of which so many speak, and reads the process's CPU time. Prints one line a size. For more
parties than one Python thread can send for, and for the media worker alone: build/release/media_bridge_bench.
"""

import argparse
import tempfile

from callers import Callers


def measure(parties, wish):
    with tempfile.TemporaryDirectory() as folder:
        callers = Callers(folder, parties, wish.speaking)
        for jid in callers.calls:
            callers.client.joined(jid, mixer="bench")
        mixer = f"bench@{callers.calls[0].split('@')[1]}"
        if wish.format != "none":
            callers.client.record(mixer, f"format='{wish.format}' start-beep='false' mix='true'")
        callers.start()
        spent, lasted, rate = callers.measure(wish.seconds)
        callers.close()
        each = 1e6 * spent / lasted / parties
        print(f"{parties:5} parties, {min(wish.speaking, parties)} speaking, {rate:.1f} packets/s each: {each:.0f} us CPU per party "
              f"and second, {100 * spent / lasted:.1f} % of a core", flush=True)
        return each


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parties", default="3,10,100")
    parser.add_argument("--speaking", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--format", default="wav", help="of the recording, or none")
    wish = parser.parse_args()
    costs = [measure(int(parties), wish) for parties in wish.parties.split(",")]
    print("per party, compared with the first: " + ", ".join(f"{cost / costs[0]:.2f}" for cost in costs))


if __name__ == "__main__":
    main()
