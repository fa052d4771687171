"""Stores that fail in every way, and a server that is killed while it delivers: everything arrives, whole and once, and its
client is told where."""

import os
import random
import socket
import time

import pytest

from support import signals
from support.call import hints
from support.rayo import EXT, Complete
from support.stores import S3, row_of, shown, spooled, wait_spool_empty, wait_until

SLOW = bool(os.environ.get("TELEGRAPHONE_SLOW"))
QUICK = {"first-retry": 0.1, "longest-retry": 0.5}
WAV = "format='wav' start-beep='false'"


@pytest.fixture
def s3(bench):
    return bench.keep(S3())


def recorded(bench, client, seconds=0.5, attributes=WAV):
    """A recording that its client has just stopped: its component."""
    leg, jid = bench.answered(client, play=signals.marks(12))
    component = client.record(jid, attributes)
    leg.media.wait_position(leg.media.position + signals.samples(seconds))
    client.stop(component)
    return component


def completes(*clients):
    """{component: uris that were told}."""
    told = {}
    for client in clients:
        for stanza in client.received:
            if stanza.name == "presence" and stanza.first is not None and stanza.first.tag == EXT + "complete":
                told.setdefault(stanza.get("from"), []).append(Complete(stanza).uri)
    return told


def check_arrived(server, s3, components):
    """Each is at the store as the catalogue says, with its sidecar, and nothing else is there."""
    objects = wait_until(lambda: (lambda found: found if len(found) >= 2 * len(components) else None)(s3.objects()))
    assert len(objects) == 2 * len(components)
    for component in components:
        row = row_of(server, component)
        assert s3.object_at(row["uri"])["sha256"] == row["sha256"], row
        beside, = row["beside"]
        assert s3.object_at(row["uri"].rsplit("/", 1)[0] + "/" + beside["file"])["sha256"] == beside["sha256"]
    wait_spool_empty(server)
    assert s3.state()["uploads"] == 0


FAULTS = {
    "500s": [{"fault": "error", "times": 8}],
    "resets": [{"fault": "reset", "times": 8}],
    "lost answers": [{"fault": "lost-answer", "times": 8}],
    "slow bodies": [{"fault": "slow-body", "times": 6, "seconds": 1.5}],
    "changed bytes": [{"fault": "corrupt", "times": 4}],
    "wrong checksums": [{"fault": "wrong-sum", "times": 4}],
    "forgetful": [{"fault": "forget", "times": 4}],
    "expired credentials": [{"fault": "expired", "times": 8}],
    "all of it": [{"fault": name, "times": 2, "seconds": 0.5} for name in (
        "expired", "reset", "error", "lost-answer", "slow-body", "corrupt", "wrong-sum", "forget", "no-sums")],
}


@pytest.mark.parametrize("faults", FAULTS, ids=str)
def test_whatever_a_store_does_wrong_for_a_while_everything_arrives_whole_and_once(bench, s3, faults):
    s3.misbehave(*FAULTS[faults])
    server = bench.start_server(storage=s3.settings(**QUICK))
    client = bench.client()
    components = [recorded(bench, client) for _ in range(3)]
    told = {component: client.expect_complete(component).uri for component in components}
    check_arrived(server, s3, components)
    client.sync()
    assert completes(client) == {component: [uri] for component, uri in told.items()}
    for component, uri in told.items():
        row = shown(server, component)
        assert row["uri"] == uri and row["attempts"][-1]["error"] == ""
    if faults == "expired credentials":
        assert any("ExpiredToken" in one["error"] for c in components for one in shown(server, c)["attempts"])


@pytest.mark.parametrize("seed", range(5 if SLOW else 2))
def test_a_server_that_is_killed_while_it_delivers_loses_nothing_and_stores_nothing_twice(bench, s3, seed):
    """A store that takes its time; recordings end, the server gets SIGKILL at any moment of their delivery, and again
    while it takes them up; each client is told the uri, at once or when it is back."""
    chance = random.Random(seed)
    server = bench.start_server(storage=s3.settings(**QUICK, concurrency=2))
    clients = [bench.client()]
    components = []
    for _ in range(4):
        s3.misbehave({"fault": "slow", "times": 1000, "seconds": 0.3}, {"fault": "slow-body", "times": 1000, "seconds": 0.4})
        components += [recorded(bench, clients[-1], 0.3) for _ in range(2)]
        time.sleep(chance.uniform(0, 1.2))
        server.kill()
        clients[-1].drop()
        server.start()
        clients.append(bench.client())
    s3.misbehave()
    check_arrived(server, s3, components)
    wait_until(lambda: clients[-1].sync() or set(completes(*clients)) == set(components), "an end of each")
    for component, uris in completes(*clients).items():
        assert set(uris) == {shown(server, component)["uri"]}, "it is told where it is"


def test_a_server_whose_store_is_away_ends_in_time_and_delivers_at_the_next_start(bench):
    """Nobody listens; then somebody listens and never answers. Each time it is stopped within seconds, and the client has
    been told the uri."""
    s3 = bench.keep(S3(start=False))
    server = bench.start_server(storage=s3.settings(**QUICK))
    components, told = [], {}

    def stop_while_it_waits():
        client = bench.client()
        components.append(recorded(bench, client))
        time.sleep(0.5)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 15
        told[components[-1]] = client.expect_complete(components[-1]).uri

    stop_while_it_waits()
    with socket.create_server(("127.0.0.1", s3.port)):  # takes connections, and says nothing
        server.start()
        stop_while_it_waits()
    assert any(name.endswith(".delivery") for name in spooled(server))
    s3.start()
    server.start()
    check_arrived(server, s3, components)
    assert {component: shown(server, component)["uri"] for component in components} == told
    client = bench.client()
    client.sync()
    assert completes(client) == {}, "nobody is told twice"


@pytest.mark.skipif(not SLOW, reason="takes a minute and a half: two parts of 5 MiB have to be spoken")
def test_what_was_uploaded_while_it_grew_is_completed_after_its_end_and_after_a_kill(bench, s3):
    """Two recordings of 48 kHz are uploaded in parts while they grow. One ends, the server is killed within the other;
    after the restart both are there, whole, nothing is left at the store, and what was uploaded was not sent again."""
    server = bench.start_server(storage=s3.settings(**QUICK, **{"part-size": 5 << 20}))
    client = bench.client()
    leg, jid = bench.answered(client, play=signals.marks(120))
    components = [client.record(jid, WAV + " direction='duplex' mix='false'", hints(sample_rate=48000)) for _ in range(2)]

    def is_growing():
        return [parts for parts in s3.state()["parts"].values() if 2 in parts]

    wait_until(lambda: len(is_growing()) == 2, "the second part of both", 120)
    client.stop(components[0])
    done = client.expect_complete(components[0])
    there = s3.object_at(done.uri)
    assert there["size"] == done.size and there["sha256"] == row_of(server, components[0])["sha256"]
    server.kill()
    client.drop()
    assert is_growing(), "it was killed within the upload"
    server.start()
    client = bench.client()
    late = client.expect_complete(components[1])
    assert late.reason_name == "error" and late.duration >= done.duration - 1000
    check_arrived(server, s3, components)
    assert s3.object_at(late.uri)["size"] == late.size
    second = [one for one in s3.state()["requests"] if one.startswith("PUT") and "partNumber=2&" in one]
    assert len(second) == 2, "once for each"
