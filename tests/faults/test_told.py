"""The server is killed, or a client is away, while recordings end: each client is told once of each of its recordings,
when it is back, and nobody else is; and the parties of calls that were up are hung up on."""

import json
import os
import random
import time

import pytest

from support import signals
from support.call import check_file, end_reason
from support.rayo import EXT, RAYO
from support.server import LIMIT

SLOW = bool(os.environ.get("TELEGRAPHONE_SLOW"))


def wait_until(done, limit=LIMIT):
    until = time.monotonic() + limit
    while not done():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def notes(server, kind="untold"):
    return sorted((server.folder / "data" / "telegraphone" / kind).glob("*.json"))


def is_event(stanza):
    return stanza.name == "presence" and stanza.first is not None and stanza.first.tag in (EXT + "complete", RAYO + "end")


def recorded(bench, client, seconds=1.5, attributes="format='wav' direction='send' start-beep='false'"):
    """A call that has been recorded so long, and is: (its leg, call JID, component)."""
    leg, jid = bench.answered(client, play=signals.marks(12))
    component = client.record(jid, attributes)
    leg.media.wait_position(leg.media.position + signals.samples(seconds))
    return leg, jid, component


def restart(server, *clients):
    server.kill()
    for client in clients:
        client.drop()
    server.start()
    wait_until(lambda: not server.journals() and not server.spooled_files())


def check_interrupted(client, component, seconds):
    done = client.expect_complete(component)
    assert done.reason_name == "error" and done.reason.text
    sound = check_file(done)
    assert seconds - 1 <= sound.seconds <= seconds + 2
    return done


def events_of(client):
    client.sync()
    return [stanza for stanza in client.received if is_event(stanza)]


def test_a_client_is_told_after_a_kill_of_each_recording_once_and_of_its_call(bench):
    """Client records twice in one call, server gets SIGKILL and starts again, client comes back: it gets a complete with
    error and the file's uri, duration and size for each, then the call's end; once, however often it comes back."""
    server = bench.start_server()
    client = bench.client()
    leg, jid, first = recorded(bench, client)
    second = client.record(jid, "format='mp3' start-beep='false'")
    leg.media.wait_position(leg.media.position + signals.samples(1.5))
    restart(server, client)
    client = bench.client()
    check_interrupted(client, first, 3)
    done = check_interrupted(client, second, 1.5)
    assert done.stanza.get("from") == second and done.stanza.get("type") is None
    end = client.expect_end(jid)
    assert end_reason(end) == ("error", None)
    assert [stanza.get("from") for stanza in events_of(client)][-1] == jid
    wait_until(lambda: not notes(server))
    client.close()
    again = bench.client()
    assert events_of(again) == []
    again.close()
    restart(server)
    assert events_of(bench.client()) == []


def test_a_client_that_comes_back_later_under_another_resource_is_told_in_its_dialect(bench):
    """Another account of the server comes first and hears nothing, nor does one of the same that takes no calls; the
    account's next client gets it, by XEP-0327 as its caps say, with the time at which it happened."""
    server = bench.start_server()
    client = bench.client(resource="balcony")
    _, jid, component = recorded(bench, client)
    restart(server, client)
    stranger = bench.client(user="other", password="secret2")
    busy = bench.client(resource="busy", register=False)
    busy.register(show="dnd")
    assert events_of(stranger) == [] and events_of(busy) == []
    back = bench.client(resource="garden", caps=True)
    done = check_interrupted(back, component, 1.5)
    assert done.stanza.get("type") == "unavailable"
    assert done.stanza.find("{urn:xmpp:delay}delay").get("stamp")
    back.expect_end(jid)
    assert events_of(stranger) == [] and events_of(busy) == []


def test_a_client_that_is_back_before_its_recording_is_put_right_is_told_when_it_is(bench):
    server = bench.start_server()
    client = bench.client()
    _, jid, component = recorded(bench, client)
    server.kill()
    client.drop()
    server.start()
    client = bench.client()  # recovery may be running, or be over
    check_interrupted(client, component, 1.5)
    client.expect_end(jid)
    assert len(events_of(client)) == 2


def test_a_recording_of_a_mixer_is_told_to_who_asked_for_it(bench):
    """Its client is told by the mixer's address, and there is no end of a call: nobody recorded that."""
    server = bench.start_server()
    client = bench.client()
    leg, jid = bench.answered(client, play=signals.marks(12))
    client.ask(jid, "<join xmlns='urn:xmpp:rayo:1' mixer-name='tea'/>")
    component = client.record("tea@localhost", "format='wav' start-beep='false'")
    leg.media.wait_position(leg.media.position + signals.samples(1.5))
    restart(server, client)
    client = bench.client()
    done = check_interrupted(client, component, 1.5)
    assert done.stanza.get("from").startswith("tea@localhost/")
    assert [stanza.get("from") for stanza in events_of(client)] == [component]


def test_what_was_told_before_the_kill_is_not_told_again(bench):
    """A recording that was stopped and told, and one that runs: after the kill only the second is told."""
    server = bench.start_server()
    client = bench.client()
    leg, jid, first = recorded(bench, client)
    client.stop(first)
    assert client.expect_complete(first).reason_name == "stop"
    second = client.record(jid, "format='wav' start-beep='false'")
    leg.media.wait_position(leg.media.position + signals.samples(1.2))
    restart(server, client)
    client = bench.client()
    check_interrupted(client, second, 1.2)
    client.expect_end(jid)
    assert [stanza.get("from") for stanza in events_of(client)] == [second, jid]


@pytest.mark.parametrize("seed", range(10 if SLOW else 1))
def test_no_kill_at_whatever_moment_leaves_a_client_without_the_end_of_a_recording(bench, seed):
    """Six times: a client records two calls, stops one of them at any time or not at all, and the server gets SIGKILL at
    any moment, while it ends a recording too. Each reference that was given is followed by one complete."""
    chance = random.Random(seed)
    server = bench.start_server()
    given, told = set(), []
    for _ in range(6):
        client = bench.client()
        spoken = [recorded(bench, client, seconds=0.3) for _ in range(2)]
        given |= {component for _, _, component in spoken}
        time.sleep(chance.uniform(0, 0.5))
        if chance.random() < 0.7:
            component = spoken[0][2]
            client.send_raw(f"<iq type='set' to='{component}' id='stop'><stop xmlns='urn:xmpp:rayo:ext:1'/></iq>")
            time.sleep(chance.uniform(0, 0.08))
        server.kill()
        client.over or time.sleep(0.05)
        told += [stanza.get("from") for stanza in client.received if is_event(stanza)]
        client.drop()
        server.start()
    client = bench.client()
    wait_until(lambda: not notes(server))
    told += [stanza.get("from") for stanza in events_of(client)]
    told = [name for name in told if "/" in name]
    assert set(told) == given
    assert len(told) == len(set(told)), sorted(told)


def test_after_keep_untold_nobody_is_told_any_more(bench):
    server = bench.start_server(rayo={"keep-untold": "1s"})
    client = bench.client()
    recorded(bench, client)
    restart(server, client)
    wait_until(lambda: any('"due"' in note.read_text() for note in notes(server)))
    time.sleep(1.2)
    assert events_of(bench.client()) == []
    wait_until(lambda: not notes(server))
    assert len(server.recorded_files()) == 1


def test_a_client_that_is_away_when_its_recording_ends_is_told_when_it_is_back(bench):
    """No crash: the client logs out, the caller hangs up, and the client comes back, the second time after the
    server was stopped and started: it gets what it would have got, and the end behind it."""
    server = bench.start_server()
    for restarts in (False, True):
        client = bench.client()
        leg, jid, component = recorded(bench, client)
        client.close()
        leg.bye()
        wait_until(lambda: len([note for note in notes(server) if '"due"' in note.read_text()]) == 2)
        if restarts:
            server.stop()
            server.start()
        client = bench.client()
        done = client.expect_complete(component)
        assert done.reason_name == "hangup"
        check_file(done)
        assert end_reason(client.expect_end(jid)) == ("hangup", "200")
        assert len(events_of(client)) == 2
        wait_until(lambda: not notes(server))
        client.close()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_the_parties_of_calls_that_were_up_are_hung_up_on(bench, transport):
    """Server with an inbound and a dialled call gets SIGKILL and starts again on the same ports: each phone gets one BYE
    in its dialog, with the right tags and a CSeq above all before."""
    server = bench.start_server()
    client = bench.client()
    phone = bench.phone(transport)
    leg, _ = bench.answered(client, phone=phone)
    dialled, _ = bench.dialled(client)
    wait_until(lambda: len(notes(server, "dialogs")) == 2)
    server.kill()
    client.drop()
    server.start()
    for one in (leg, dialled):
        if one is leg and transport == "tcp":
            continue  # its connection is gone, and whether it can be reached by another is its own affair
        one.wait(lambda one=one: one.ended, "a BYE")
        byes = [request for request in one.requests if request.method == "BYE"]
        assert len(byes) == 1
        bye = byes[0]
        assert bye.get("Call-ID") == one.call_id
        assert bye.from_tag == one.to_header.split(";tag=")[1], (bye, one.to_header)
        assert bye.to_tag == one.from_header.split(";tag=")[1], (bye, one.from_header)
        assert bye.cseq == (1073741824, "BYE") or bye.cseq[0] > 1073741824
        assert bye.start.split(" ")[1] == one.phone.contact.strip("<>")
    wait_until(lambda: not notes(server, "dialogs"))
    # The server serves as ever.
    client = bench.client()
    leg, jid = bench.answered(client)
    client.hangup(jid)
    leg.wait(lambda: leg.ended, "a BYE")
    wait_until(lambda: not notes(server, "dialogs"))


def test_a_journal_says_whose_recording_it_is_and_what_the_invite_said(bench):
    """What storage rules and the catalogue need is still known after a crash: the account that asked, the INVITE's
    headers by name in lower case, all values of one joined; of a mixer there is no INVITE."""
    server = bench.start_server()
    client = bench.client(resource="a b")
    leg, jid = bench.answered(client, headers=[("X-Tenant", "red"), ("x-tenant", "blue")], play=signals.marks(12))
    component = client.record(jid, "format='wav'")
    client.ask(jid, "<join xmlns='urn:xmpp:rayo:1' mixer-name='tea'/>")
    mixed = client.record("tea@localhost", "format='wav'")
    wait_until(lambda: len(server.journals()) == 2)
    opened = {}
    for journal in server.journals():
        line = json.loads(journal.read_text().split("\n")[0][9:])
        opened[line["component"]] = line
    of_call, of_mixer = opened[component.split("/")[1]], opened[mixed.split("/")[1]]
    assert of_call["client"] == f"{jid} app@localhost/a b" and of_mixer["client"] == "mixer tea@localhost app@localhost/a b"
    assert of_call["account"] == of_mixer["account"] == "app@localhost"
    assert of_call["headers"]["x-tenant"] == "red, blue" and of_call["headers"]["call-id"] == leg.call_id
    assert of_mixer["headers"] == {}


def test_notes_of_any_bytes_do_no_harm(bench):
    """Whatever lies in the two folders, the server starts, says so and serves."""
    server = bench.start_server()
    server.stop()
    for kind in ("untold", "dialogs"):
        folder = server.folder / "data" / "telegraphone" / kind
        (folder / "a.json").write_bytes(b"\x00\xff{")
        (folder / "b.json").write_text("{}")
        (folder / "c.json").write_text('{"host": 1, "client": [], "call_id": "x", "hop": "sip:nowhere"}')
        (folder / "d.json.new").write_text("{")
        (folder / "e.json").mkdir()
    server.start()
    wait_until(lambda: all([note.name for note in notes(server, kind)] == ["e.json"] for kind in ("untold", "dialogs")))
    client = bench.client()
    _, _, component = recorded(bench, client, seconds=0.5)
    client.stop(component)
    check_file(client.expect_complete(component))
