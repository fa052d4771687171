"""Calls by sipp, whose scenarios lie in sipp/*.xml; the client that answers them is ours."""

import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from support.rayo import RAYO
from support.server import free_sip_port

SCENARIOS = Path(__file__).parent / "sipp"
SLOW = {"no_ack", "session_timer_expires"}
LIMIT = 60


class Attendant:
    """Takes every offer: accepts, answers, perhaps hangs up. Runs in a thread until it is dismissed."""

    def __init__(self, client, verbs):
        self.client, self.verbs = client, verbs
        self.calls, self.problems = [], []
        self._dismissed = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while not self._dismissed:
            for offer in self.client.pending(lambda s: s.first is not None and s.first.tag == RAYO + "offer"):
                self.client.expect(lambda s, offer=offer: s is offer)
                jid = offer.get("from")
                self.calls.append(jid)
                for verb in self.verbs:
                    name, _, attributes = verb.partition(" ")
                    reply = self.client.command(jid, f"<{name} xmlns='urn:xmpp:rayo:1' {attributes}/>")
                    if reply.get("type") != "result" and reply.condition[1] != "item-not-found":
                        self.problems.append(f"{verb}: {reply}")
            time.sleep(0.01)

    def dismiss(self):
        self._dismissed = True
        self._thread.join(10)
        assert not self.problems, self.problems[:3]


def sipp(server, folder, *arguments, calls=1, rate=1, transport="u1", limit=LIMIT):
    port = free_sip_port()
    media = free_sip_port() // 2 * 2
    done = subprocess.run(
        ["sipp", f"127.0.0.1:{server.sip_port}", "-i", "127.0.0.1", "-p", str(port), "-mi", "127.0.0.1", "-mp",
         str(media), "-t", transport,
         "-m", str(calls), "-r", str(rate), "-s", "app", "-nostdin", "-trace_err", "-error_file",
         str(folder / "errors.log"),
         "-timeout", f"{limit - 5}s", "-timeout_error", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=limit + 30)
    errors = folder / "errors.log"
    assert done.returncode == 0, (f"sipp ended with {done.returncode}\n{errors.read_text(errors='replace')[-3000:] if errors.exists() else ''}"
                                  f"\n{done.stdout[-1500:]}\n{done.stderr[-500:]}")


VERBS = {"cancel": ("accept",), "bye_from_server": ("answer", "hangup"), "options": (), "session_timer_too_small": (),
         "prack": ("accept", "answer"), "prack_early_answer": ("accept early-media='true'", "answer")}


# Needs a server whose 180 carries no offer: ours does. And the one that is called (test_conference.py).
NOT_SPOKEN = {"prack_late_offer", "uas"}


@pytest.mark.parametrize("name", sorted(p.stem for p in SCENARIOS.glob("*.xml") if p.stem not in NOT_SPOKEN))
def test_sipp_scenario(bench, tmp_path, name):
    """The scenario's own comment says what is sent and what must come back."""
    if name in SLOW and not os.environ.get("TELEGRAPHONE_SLOW"):
        pytest.skip("slow: set TELEGRAPHONE_SLOW=1")
    attendant = Attendant(bench.client(), VERBS.get(name, ("accept", "answer")))
    sipp(bench.server, tmp_path, "-sf", str(SCENARIOS / f"{name}.xml"), limit=120 if name in SLOW else LIMIT)
    attendant.dismiss()


@pytest.mark.parametrize("transport", ["u1", "t1"])
def test_three_hundred_calls_of_sipps_own_caller_leave_nothing_behind(bench, tmp_path, transport):
    """sipp's built-in uac at 60 calls a second; afterwards as many descriptors are open as before, and no call is up."""
    bench.start_server()
    client = bench.client()
    attendant = Attendant(client, ("answer",))
    sipp(bench.server, tmp_path, "-sn", "uac", "-d", "50", calls=5, rate=5, transport=transport)
    client.sync()
    before = bench.server.open_descriptors()
    sipp(bench.server, tmp_path, "-sn", "uac", "-d", "50", calls=300, rate=60, transport=transport, limit=90)
    attendant.dismiss()
    assert len(attendant.calls) == 305
    for jid in attendant.calls:
        client.expect_end(jid)
    for _ in range(100):
        client.sync()
        if bench.server.open_descriptors() <= before + 4:
            return
        time.sleep(0.05)
    assert bench.server.open_descriptors() <= before + 4
