"""A real bad network: the server and the phone in network namespaces of their own, the kernel's netem between them.

    [tg…phone] 10.77.0.2 ══ veth: delay, jitter, loss, reordering ══▶ 10.77.0.1 [tg…server]

Needs root. The namespaces are made for a test and removed after it. Set TELEGRAPHONE_SLOW=1 to have it tested.
"""

import ctypes
import os
import subprocess

import pytest

from support import signals
from support.call import check_file, sidecar
from support.compare import compare
from support.phone import Phone
from support.rayo import RayoClient
from support.server import Server

pytestmark = [
    pytest.mark.skipif(not os.environ.get("TELEGRAPHONE_SLOW"), reason="slow: set TELEGRAPHONE_SLOW=1"),
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root"),
]
SERVER, PHONE = "10.77.0.1", "10.77.0.2"


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def enter(descriptor):
    """This thread, and what it starts from now on, is in that network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, 0x40000000) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@pytest.fixture
def far_apart():
    """Puts the test into the phone's namespace; gives (the command prefix of the server's namespace, set_netem)."""
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    ours, theirs = f"tg{os.getpid()}phone", f"tg{os.getpid()}server"
    try:
        for name in (ours, theirs):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("link", "add", "tgp", "netns", ours, "type", "veth", "peer", "name", "tgs", "netns", theirs)
        for name, device, address in ((ours, "tgp", PHONE), (theirs, "tgs", SERVER)):
            ip("-n", name, "address", "add", f"{address}/24", "dev", device)
            ip("-n", name, "link", "set", device, "up")
        with open(f"/run/netns/{ours}", "rb") as namespace:
            enter(namespace.fileno())

        def set_netem(*what):
            done = subprocess.run(["tc", "qdisc", "replace", "dev", "tgp", "root", "netem", *what], text=True,
                                  capture_output=True)
            if "qdisc kind is unknown" in done.stderr:
                pytest.skip("this kernel has no netem")
            assert done.returncode == 0, done.stderr

        yield ["ip", "netns", "exec", theirs], set_netem
    finally:
        enter(here)
        os.close(here)
        for name in (ours, theirs):
            subprocess.run(["ip", "netns", "del", name], check=False)


@pytest.mark.parametrize("netem, least, most", [
    ((), 0, 0),
    (("delay", "60ms", "20ms", "loss", "3%", "reorder", "25%"), 0.005, 0.08),
    (("delay", "100ms", "40ms", "distribution", "normal"), 0, 0),
    (("delay", "20ms", "loss", "gemodel", "3%", "30%"), 0.02, 0.3),
    (("delay", "30ms", "duplicate", "10%"), 0, 0)], ids=["plain", "loss and reordering", "jitter", "bursts", "duplicates"])
def test_what_the_network_did_not_lose_is_recorded_in_its_place(tmp_path, far_apart, netem, least, most):
    """Caller speaks for 20 s through the kernel's bad network. The file is on one timeline; all that is not in it as it was
    said is in the sidecar's map as lost or repaired."""
    prefix, set_netem = far_apart
    server = Server(tmp_path, address=SERVER, prefix=prefix)
    try:
        with RayoClient(server) as client, Phone(SERVER, server.sip_port, "tcp", PHONE, user="far") as phone:
            call = phone.invite()
            jid = client.expect_offer("far").get("from")
            client.answer(jid)
            call.wait_answered()
            if netem:
                set_netem(*netem)
            call.media.wait_position(signals.samples(2))
            component = client.record(jid, "format='wav' mix='false' start-beep='false'")
            call.media.play(signals.marks(20))
            call.media.wait_played()
            call.media.wait_position(call.media.position + signals.samples(0.5))
            client.stop(component)
            complete = client.expect_complete(component)
            said, rate = call.media.spoken()
            call.bye()
        server.stop()
    finally:
        server.kill()
    sound, told = check_file(complete), sidecar(complete)
    begin = compare(sound.pcm[0], said, rate).begin
    unreal = [((span["at"] + begin) / rate, (span["at"] + span["length"] + begin) / rate) for span in told["map"]
              if span["kind"] in ("lost", "repaired")]
    found = compare(sound.pcm[0], said, rate, lost=unreal, margin=0.04)
    assert found.jumps == [] and found.missing == [] and abs(found.worst_place) <= 20, found
    packets = told["packets"]
    assert least <= packets["lost"] / packets["received"] <= most, packets
    assert sum(end - begin for begin, end in unreal) <= 0.03 * packets["lost"] + 0.05
