"""Joins with media='direct' (XEP-0327 §7.11, RFC 3725): the parties' RTP goes from one to the other, and back to us."""

import time

import pytest

from support import signals, sip
from support.parties import SETTLE, check_apart, check_conference, check_heard, parties
from support.rayo_verbs import join_xml


def sources(party, since):
    """The ports that audio came from."""
    return {p.source[1] for p in party.media.audio_packets() if p.arrival > since}


def test_both_are_reinvited_to_each_other_and_back(bench):
    """A's packets go to B's port and B's to A's, none to the server; after unjoin each speaks with the server again."""
    client = bench.client()
    a, b = parties(bench, client, 2, dialled=1)
    client.joined(a.jid, b.jid, media="direct")
    time.sleep(SETTLE)
    begin = time.monotonic()
    check_conference([a, b])
    assert sources(a, begin) == {b.media.port} and sources(b, begin) == {a.media.port}
    assert a.media.remote[1] == b.media.port and b.media.remote[1] == a.media.port
    client.unjoined(a.jid, b.jid)
    time.sleep(SETTLE)
    begin = time.monotonic()
    check_apart([a, b])
    assert b.media.port not in sources(a, begin) and a.media.port not in sources(b, begin)
    component = client.record(a.jid, "format='wav' start-beep='true' direction='send' max-duration='600'")
    client.expect_complete(component)
    assert a.media.hearing(time.monotonic() - 1.2).spans(1000), "the server's beep is not heard any more"


def test_direct_media_becomes_bridged_and_direct_again_without_new_events(bench):
    client = bench.client()
    a, b = parties(bench, client, 2)
    client.joined(a.jid, b.jid)
    check_conference([a, b])
    client.join(a.jid, b.jid, media="direct")
    time.sleep(SETTLE)
    begin = time.monotonic()
    check_conference([a, b])
    assert sources(a, begin) == {b.media.port}
    client.join(a.jid, b.jid, media="bridge")
    time.sleep(SETTLE)
    begin = time.monotonic()
    check_conference([a, b])
    assert b.media.port not in sources(a, begin)
    client.expect_nothing(lambda s: s.name == "presence" and s.first is not None and "joined" in s.first.tag)


def test_who_stays_comes_back_to_the_server_when_the_other_hangs_up(bench):
    client = bench.client()
    a, b, c = parties(bench, client, 3)
    client.joined(a.jid, b.jid, media="direct")
    b.leg.bye()
    client.expect_unjoined(a.jid, b.jid)
    client.expect_end(b.jid)
    client.joined(a.jid, c.jid)
    check_conference([a, c])


def test_without_a_common_codec_direct_media_is_impossible_and_all_stays_as_it_was(bench):
    client = bench.client()
    a, b = parties(bench, client, 2, codecs=("PCMU", "G722"))
    reply = client.command(a.jid, join_xml(call=b.jid, media="direct"))
    assert reply.get("type") == "error", reply
    assert reply.condition[:2] in (("modify", "feature-not-implemented"), ("modify", "not-acceptable")), reply
    client.joined(a.jid, b.jid)
    check_conference([a, b])


def test_a_party_that_refuses_the_reinvite_stays_with_the_server(bench):
    client = bench.client()
    a, b = parties(bench, client, 2)
    b.leg.statuses["INVITE"] = 488
    reply = client.command(a.jid, join_xml(call=b.jid, media="direct"))
    assert reply.get("type") == "error", reply
    b.leg.statuses.clear()
    client.joined(a.jid, b.jid)
    check_conference([a, b])


@pytest.mark.parametrize("what", ["a recording", "another join"])
def test_what_needs_our_media_stands_in_the_way_of_direct_media(bench, what):
    client = bench.client()
    a, b, c = parties(bench, client, 3)
    if what == "a recording":
        client.record(a.jid, "start-beep='false'")
    else:
        client.joined(a.jid, c.jid)
    client.refused(a.jid, join_xml(call=b.jid, media="direct"), "cancel", "conflict")
    check_heard([(b, [])])


def test_another_join_of_a_direct_call_is_a_conflict(bench):
    """§6.3.4: it cannot be created without destroying an existing one."""
    client = bench.client()
    a, b, c = parties(bench, client, 3)
    client.joined(a.jid, b.jid, media="direct")
    client.refused(a.jid, join_xml(call=c.jid), "cancel", "conflict")
    check_heard([(a, [b]), (b, [a]), (c, [])])


def test_a_dialled_call_may_have_direct_media_from_the_start(bench):
    """§6.2.1.2: its INVITE has no offer; media is negotiated between the two."""
    client = bench.client()
    a, = parties(bench, client, 1)
    bob = bench.callee(play=signals.tone(1730, 30))
    jid = client.dial(bob.uri, children=f"<join call-uri='xmpp:{a.jid}' media='direct'/>")
    leg = bob.wait_call()
    assert leg.invite.body == "", "media was negotiated with the server"
    leg.answer()
    client.expect_answered(jid)
    client.expect_joined(jid, a.jid), client.expect_joined(a.jid, jid)
    time.sleep(SETTLE)
    begin = time.monotonic()
    leg.media.listen(0.6).check([a.tone], [1730])
    a.media.hearing(begin).check([1730], [a.tone])
    assert {p.source[1] for p in leg.media.audio_packets()} == {a.media.port}
    ack = leg.wait_request("ACK")
    assert sip.Sdp(ack.body).port == a.media.port


def test_a_hold_of_one_party_reaches_the_other_directly(bench):
    client = bench.client()
    a, b = parties(bench, client, 2)
    client.joined(a.jid, b.jid, media="direct")
    time.sleep(SETTLE)
    assert a.leg.hold().status == 200
    b.leg.wait(lambda: b.leg.held, "the hold, passed on")
    a.leg.unhold()
    b.leg.wait(lambda: not b.leg.held, "the end of the hold, passed on")
    check_conference([a, b])
