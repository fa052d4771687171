"""<mute/>, <unmute/>, <hold/>, <unhold/> of clients of 2011-2013, and holds by the party, in joins and conferences."""

import time

import pytest

from support import audio, signals
from support.call import check_file
from support.parties import SETTLE, check_conference, check_heard, parties


def test_who_is_muted_is_not_heard_and_hears(bench):
    client = bench.client()
    a, b = parties(bench, client, 2)
    client.joined(a.jid, b.jid)
    client.plain(a.jid, "mute"), client.plain(a.jid, "mute")
    check_heard([(a, [b]), (b, [])])
    client.plain(a.jid, "unmute"), client.plain(a.jid, "unmute")
    check_conference([a, b])


def test_who_is_muted_is_not_recorded_and_presses_keys_all_the_same(bench):
    client = bench.client()
    leg, jid = bench.answered(client, play=signals.tone(700, 20))
    component = client.record(jid, "format='wav' start-beep='false' direction='send' mix='true'")
    time.sleep(0.6)
    client.plain(jid, "mute")
    time.sleep(0.8)
    leg.media.press_all("5")
    assert client.expect_event(jid, "dtmf").first.get("signal") == "5"
    client.plain(jid, "unmute")
    time.sleep(0.6)
    client.stop(component)
    sound = check_file(client.expect_complete(component))
    (_, first), (second, _) = audio.tone_spans(sound.mono, 700, rate=sound.rate)
    assert 0.7 < second - first < 1.5
    assert audio.level(sound.mono[int((first + 0.1) * 8000) : int((second - 0.1) * 8000)]) < -60


def test_in_a_conference_a_muted_member_hears_the_others(bench):
    client = bench.client()
    members = a, b, c = parties(bench, client, 3)
    for one in members:
        client.joined(one.jid, mixer="room")
    client.plain(b.jid, "mute")
    check_heard([(a, [c]), (b, [a, c]), (c, [a])])


def test_hold_tells_the_phone_and_unhold_takes_it_back(bench):
    """Re-INVITE with sendonly (or inactive), answered before the client is; the phone neither speaks nor is heard."""
    client = bench.client()
    a, b = parties(bench, client, 2)
    client.joined(a.jid, b.jid)
    client.plain(a.jid, "hold")
    assert a.leg.held and a.leg.remote_sdp.direction in ("sendonly", "inactive")
    check_heard([(b, [])])
    client.plain(a.jid, "unhold")
    assert not a.leg.held and a.leg.remote_sdp.direction == "sendrecv"
    check_conference([a, b])


def test_a_held_call_is_not_hung_up_for_its_silence(bench):
    bench.start_server(rtp={"timeout": "1s"})
    client = bench.client()
    leg, jid = bench.answered(client, play=signals.tone(700, 20))
    client.plain(jid, "hold")
    time.sleep(2)
    client.expect_nothing(client.is_event_of(jid, "end"))
    client.plain(jid, "unhold")
    assert not leg.held


def test_a_phone_that_refuses_to_be_held_is_not(bench):
    client = bench.client()
    leg, jid = bench.answered(client, play=signals.tone(700, 20))
    leg.statuses["INVITE"] = 488
    reply = client.command(jid, "<hold xmlns='urn:xmpp:rayo:1'/>")
    assert reply.get("type") == "error" and reply.condition[1] == "not-acceptable", reply
    component = client.record(jid, "format='wav' start-beep='false' direction='send' mix='true' max-duration='600'")
    assert audio.tone_level(check_file(client.expect_complete(component)).mono, 700) > -30


@pytest.mark.parametrize("style", ["sendonly", "inactive", "zero address"])
def test_a_party_that_holds_is_silent_to_the_others_and_comes_back(bench, style):
    client = bench.client()
    a, b, c = parties(bench, client, 3)
    for one in (a, b, c):
        client.joined(one.jid, mixer="room")
    assert a.leg.hold(style).status == 200
    check_heard([(b, [c]), (c, [b])])
    assert a.leg.unhold().status == 200
    check_conference([a, b, c])


def test_a_party_that_moves_elsewhere_stays_joined(bench):
    """A re-INVITE with another port, as after a transfer: what it says and hears goes on there."""
    client = bench.client()
    a, b = parties(bench, client, 2)
    client.joined(a.jid, b.jid)
    check_conference([a, b])
    assert a.leg.reinvite(port=a.media.move_mouth()).status == 200
    check_conference([a, b])


def test_a_codec_that_changes_in_the_middle_changes_nothing_for_the_others(bench):
    client = bench.client()
    a, b = parties(bench, client, 2, ("PCMU",))
    client.joined(a.jid, b.jid)
    assert a.leg.reinvite(codecs=("G722",)).status == 200
    time.sleep(SETTLE)
    check_conference([a, b])


@pytest.mark.parametrize("verb", ["mute", "unmute", "hold", "unhold"])
def test_what_is_not_answered_or_has_content_is_refused(bench, verb):
    client = bench.client()
    _, jid = bench.call(client)
    client.refused(jid, f"<{verb} xmlns='urn:xmpp:rayo:1'/>", "wait", "unexpected-request")
    client.answer(jid)
    client.refused(jid, f"<{verb} xmlns='urn:xmpp:rayo:1' x='1'/>", "modify", "bad-request")
