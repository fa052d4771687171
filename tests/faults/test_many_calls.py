"""A thousand calls set up and torn down: nothing stays behind in the server."""

import os
import re
import subprocess
import threading
import time
from pathlib import Path


from support.rayo import RAYO



def resident_kib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1))


def settled(measure, wanted, seconds=60):
    """`measure()` once it is no more than `wanted`, or the last value."""
    until = time.monotonic() + seconds
    while (value := measure()) > wanted and time.monotonic() < until:
        time.sleep(0.1)
    return value


def place_calls(server, count, rate=50):
    """sipp calls, waits to be answered, stays a moment and hangs up; returns when all are over."""
    return subprocess.run(
        ["sipp", f"127.0.0.1:{server.sip_port}", "-sn", "uac", "-m", str(count), "-r", str(rate), "-d", "300", "-nostdin",
         "-i", "127.0.0.1", "-mp", "40000", "-timeout", "240"],
        cwd=server.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=300)


class Answering:
    """A client that answers every offer, and every other call records."""

    def __init__(self, client):
        self.client, self.ended, self.completed = client, 0, 0

    def serve(self, count, limit=240):
        offered, until = 0, time.monotonic() + limit
        while self.ended < count:
            assert time.monotonic() < until, f"{offered} offered, {self.ended} ended"
            stanza = self.client.expect(lambda s: s.name == "presence" and s.first is not None, "an event", 60)
            kind = stanza.first.tag
            if kind == RAYO + "offer":
                offered += 1
                jid = stanza.get("from")
                self.client.send_raw(f"<iq type='set' to='{jid}' id='a{offered}'><answer xmlns='urn:xmpp:rayo:1'/></iq>")
                if offered % 2:
                    self.client.send_raw(f"<iq type='set' to='{jid}' id='r{offered}'>"
                                         "<record xmlns='urn:xmpp:rayo:record:1' format='wav'/></iq>")
            elif kind == RAYO + "end":
                self.ended += 1
            elif kind.endswith("complete"):
                self.completed += 1


def test_a_thousand_calls_leave_no_descriptor_port_or_memory_behind(bench):
    """sipp places 100 calls to warm up and 1,000 more, half of them recorded: the second lot leaves as many descriptors
    open as the first, every recording completes, and memory does not grow with the number of calls."""
    server = bench.start_server(rtp={"ports": "21000-21399"}, log={"level": "warn"})
    client = bench.client()


    def run(count):
        answering = Answering(client)
        failed = []
        caller = threading.Thread(target=lambda: failed.append(place_calls(server, count)))
        caller.start()
        answering.serve(count)
        caller.join()
        assert failed[0].returncode == 0, failed[0].stderr[-2000:]
        assert answering.completed == (count + 1) // 2
        return answering

    run(100)
    idle = settled(server.open_descriptors, 40)
    before = resident_kib(server.process.pid)
    run(1000)
    assert settled(server.open_descriptors, idle) <= idle
    after = resident_kib(server.process.pid)
    if "asan" not in os.environ.get("TELEGRAPHONE", "") and "tsan" not in os.environ.get("TELEGRAPHONE", ""):
        assert after - before < 30_000, f"{before} KiB before, {after} KiB after 1,000 calls"
    assert server.spooled_files() == []
    assert len(server.recorded_files()) == 550
