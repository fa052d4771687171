"""Calls joined to each other (XEP-0327 §6.3): who hears whom, which events come in which order, what is refused."""

import time

import pytest

from support import signals
from support.call import end_reason
from support.parties import SETTLE, check_apart, check_arrival, check_conference, check_heard, parties
from support.rayo import RAYO
from support.rayo_verbs import join_xml


def order_of(client, *, after):
    """Names of what came since that number of the stream, in order: an iq's type, or the first child's name and of whom."""
    client.sync()
    came = [s for s in client.received if s.number > after and not (s.get("id") or "").startswith("sync")]
    return [s.get("type") if s.name == "iq" else (s.first.tag.split("}")[1], s.get("from")) for s in came]


def last_number(client):
    client.sync()
    return client.received[-1].number


def test_two_calls_hear_nothing_of_each_other_until_they_are_joined(bench):
    """join on A: result, then joined of A, then joined of B; each hears the other; unjoin; silence."""
    client = bench.client()
    a, b = parties(bench, client, 2)
    check_apart([a, b])
    before = last_number(client)
    client.joined(a.jid, b.jid)
    assert order_of(client, after=before) == ["result", ("joined", a.jid), ("joined", b.jid)]
    check_conference([a, b])
    before = last_number(client)
    client.unjoined(a.jid, b.jid)
    assert order_of(client, after=before) == ["result", ("unjoined", a.jid), ("unjoined", b.jid)]
    check_apart([a, b])


@pytest.mark.parametrize("dialled", [1, 2])
def test_calls_that_were_dialled_are_joined_alike(bench, dialled):
    client = bench.client()
    a, b = parties(bench, client, 2, dialled=dialled)
    client.joined(a.jid, b.jid)
    check_conference([a, b])


@pytest.mark.parametrize("direction, hears", [("duplex", (1, 0)), ("send", (None, 0)), ("recv", (1, None))])
def test_the_direction_is_seen_from_the_call_that_is_commanded(bench, direction, hears):
    """§7.11: send: media flows only from the target call to the third party."""
    client = bench.client()
    both = parties(bench, client, 2)
    client.joined(both[0].jid, both[1].jid, direction=direction)
    check_heard([(party, [] if other is None else [both[other]]) for party, other in zip(both, hears)])


def test_a_joins_parameters_are_changed_without_new_events(bench):
    """§6.3.4, from either side."""
    client = bench.client()
    a, b = parties(bench, client, 2)
    client.joined(a.jid, b.jid, direction="recv")
    check_heard([(a, [b]), (b, [])])
    client.join(a.jid, b.jid, direction="duplex")
    check_conference([a, b])
    client.join(b.jid, a.jid, direction="send")
    check_heard([(a, [b]), (b, [])])
    client.expect_nothing(lambda s: s.name == "presence" and s.first is not None and "joined" in s.first.tag)


def test_a_call_may_be_joined_to_several_others_each_in_its_own_way(bench):
    """A to B duplex, A to C send, B and C not: creating a join destroys no other."""
    client = bench.client()
    a, b, c = parties(bench, client, 3)
    client.joined(a.jid, b.jid)
    client.joined(a.jid, c.jid, direction="send")
    check_heard([(a, [b]), (b, [a]), (c, [a])])
    client.unjoined(a.jid, b.jid)
    check_heard([(a, []), (b, []), (c, [a])])


def test_unjoin_without_a_target_breaks_every_join(bench):
    client = bench.client()
    a, b, c = parties(bench, client, 3)
    client.joined(a.jid, b.jid), client.joined(c.jid, a.jid)
    client.unjoin(a.jid)
    for one, other in ((a, b), (b, a), (a, c), (c, a)):
        client.expect_unjoined(one.jid, other.jid)
    check_apart([a, b, c])
    client.unjoin(a.jid)  # nothing is left, and that is no error


@pytest.mark.parametrize("by", ["party", "client"])
def test_who_hangs_up_is_unjoined_before_its_end(bench, by):
    """§6.6.3, §6.6.4: joins end at once, components complete, then the call ends; the other goes on and can be joined anew."""
    client = bench.client()
    a, b, c = parties(bench, client, 3)
    client.joined(a.jid, b.jid)
    component = client.record(a.jid, "start-beep='false'")
    before = last_number(client)
    a.leg.bye() if by == "party" else client.hangup(a.jid)
    end = client.expect_end(a.jid)
    assert end_reason(end)[0] == "hangup"
    came = order_of(client, after=before)
    came = came[1:] if by == "client" else came
    assert came == [("unjoined", a.jid), ("unjoined", b.jid), ("complete", component), ("end", a.jid)], came
    client.joined(b.jid, c.jid)
    check_conference([b, c])


@pytest.mark.parametrize("codecs, wide", [(("PCMU", "PCMA"), False), (("PCMU", "G722"), False), (("G722", "OPUS"), True),
                                          (("GSM", "OPUS"), False), (("L16/16000", "L16/44100"), True),
                                          (("OPUS", "OPUS"), True), (("L16/48000", "PCMU"), False)])
def test_codecs_and_rates_may_differ(bench, codecs, wide):
    """Tones of the telephone band reach everybody; one at 5 kHz those whose codecs are both wide."""
    client = bench.client()
    a, b = parties(bench, client, 2, codecs)
    client.joined(a.jid, b.jid)
    check_conference([a, b])
    a.media.play(signals.tone(5000, 4, rate=16000), 16000)
    time.sleep(0.6)
    heard = b.media.listen(0.6, rate=16000)
    assert (heard.tone(5000) > -38) == wide, heard.tone(5000)


@pytest.mark.parametrize("ptimes", [(20, 60), (10, 40), (30, 20)])
def test_lengths_of_packets_may_differ(bench, ptimes):
    client = bench.client()
    both = []
    for ptime, frequency in zip(ptimes, (430, 910)):
        leg, jid = bench.answered(client, ptime=ptime, play=signals.tone(frequency, 30))
        both.append((leg, jid, frequency))
    (one, a, _), (two, b, _) = both
    client.joined(a, b)
    time.sleep(0.5)
    assert one.media.listen(1).check([910], [430]).gaps() == []
    assert two.media.listen(1).check([430], [910]).gaps() == []


def test_what_is_said_arrives_whole_and_soon(bench):
    client = bench.client()
    a, b = parties(bench, client, 2, speak=False)
    client.joined(a.jid, b.jid)
    time.sleep(SETTLE)
    check_arrival(a, [b])


def test_a_hundred_joins_and_unjoins_leave_the_calls_as_they_were(bench):
    client = bench.client()
    a, b = parties(bench, client, 2)
    for _ in range(100):
        client.join(a.jid, b.jid)
        client.unjoin(a.jid, b.jid)
    for _ in range(100):
        for name in ("joined", "unjoined"):
            client.expect_joined(a.jid, b.jid, name=name), client.expect_joined(b.jid, a.jid, name=name)
    check_apart([a, b])
    client.joined(a.jid, b.jid)
    check_conference([a, b])
    assert len({p.ssrc for p in a.media.audio_packets()}) == 1, "its stream did not stay one"


# ---- nested in dial (§6.2.1.2) ----

def test_a_dialled_call_is_joined_as_it_answers(bench):
    client = bench.client()
    a, = parties(bench, client, 1)
    bob = bench.callee()
    jid = client.dial(bob.uri, children=f"<join xmlns='urn:xmpp:rayo:1' call-uri='xmpp:{a.jid}'/>")
    leg = bob.wait_call()
    leg.ring()
    client.expect_ringing(jid)
    leg.answer()
    client.expect_answered(jid)
    client.expect_joined(jid, a.jid), client.expect_joined(a.jid, jid)
    leg.media.play(signals.tone(1730, 30))
    time.sleep(0.5)
    leg.media.listen(0.6).check([a.tone], [1730])
    a.media.listen(0.6).check([1730], [a.tone])


def test_a_dialled_call_is_joined_to_a_call_and_to_a_mixer(bench):
    client = bench.client()
    a, b = parties(bench, client, 2)
    client.joined(b.jid, mixer="nested")
    bob = bench.callee()
    jid = client.dial(bob.uri, children=f"<join call-uri='xmpp:{a.jid}' direction='recv'/><join mixer-name='nested'/>")
    leg = bob.wait_call()
    leg.answer()
    client.expect_answered(jid)
    client.expect_joined(jid, a.jid), client.expect_joined(jid, mixer="nested")
    leg.media.play(signals.tone(1730, 30))
    time.sleep(0.5)
    leg.media.listen(0.6).check([a.tone, b.tone], [1730])
    b.media.listen(0.6).check([1730], [a.tone, b.tone])
    a.media.listen(0.6).check([], [a.tone, b.tone, 1730])


def test_a_nested_join_whose_call_has_gone_by_the_answer_leaves_the_dialled_call_up(bench):
    client = bench.client()
    a, = parties(bench, client, 1)
    bob = bench.callee()
    jid = client.dial(bob.uri, children=f"<join call-uri='xmpp:{a.jid}'/>")
    leg = bob.wait_call()
    leg.ring()
    a.leg.bye()
    client.expect_end(a.jid)
    leg.answer()
    stanza = client.expect(lambda s: s.name == "presence" and s.get("from") == jid and s.first is not None
                           and s.first.tag in (RAYO + "answered", RAYO + "end"), "an outcome")
    if stanza.first.tag == RAYO + "answered":
        client.expect_nothing(client.is_event_of(jid, "joined"))
        client.hangup(jid)
    assert bench.server.is_alive()


# ---- errors (§6.3.1, §6.3.2) ----

def test_joins_that_are_refused(bench):
    client = bench.client()
    a, b = parties(bench, client, 2, speak=False)
    for payload, type_, condition in [
        (join_xml(call="nobody@localhost"), "cancel", "service-unavailable"),
        ("<join xmlns='urn:xmpp:rayo:1' call-uri='xmpp:'/>", "modify", "bad-request"),
        ("<join xmlns='urn:xmpp:rayo:1' call-uri=''/>", "modify", "bad-request"),
        ("<join xmlns='urn:xmpp:rayo:1' mixer-name=''/>", "modify", "bad-request"),
        ("<join xmlns='urn:xmpp:rayo:1'/>", "modify", "bad-request"),
        (join_xml(call=b.jid, mixer="both"), "modify", "bad-request"),
        (join_xml(call=a.jid), "modify", "bad-request"),  # itself
        (join_xml(call=b.jid, direction="sideways"), "modify", "bad-request"),
        (join_xml(call=b.jid, media="telepathy"), "modify", "bad-request"),
        (f"<join xmlns='urn:xmpp:rayo:1' call-uri='xmpp:{b.jid}' volume='11'/>", "modify", "bad-request"),
        (f"<join xmlns='urn:xmpp:rayo:1' call-uri='xmpp:{b.jid}'><x/></join>", "modify", "bad-request"),
        (join_xml(call="call@elsewhere.org"), "modify", "bad-request"),
        (join_xml(call=b.jid, media="direct", direction="recv"), "modify", "feature-not-implemented"),
        (join_xml(call=b.jid, media="direct", direction="send"), "modify", "feature-not-implemented"),
        (join_xml(mixer="m", media="direct"), "modify", "feature-not-implemented"),
        (join_xml("unjoin", call=b.jid), "cancel", "service-unavailable"),
        (join_xml("unjoin", call="nobody@localhost"), "cancel", "service-unavailable"),
        (join_xml("unjoin", mixer="nothing"), "cancel", "service-unavailable"),
        ("<unjoin xmlns='urn:xmpp:rayo:1' call-uri='xmpp:'/>", "modify", "bad-request"),
        (join_xml("unjoin", call=b.jid, mixer="both"), "modify", "bad-request"),
    ]:
        client.refused(a.jid, payload, type_, condition)
    client.expect_nothing(lambda s: s.name == "presence" and s.first is not None and "joined" in s.first.tag)
    client.joined(a.jid, b.jid)


def test_a_call_of_another_account_cannot_be_joined(bench):
    """Security zone: the XMPP account. not-allowed, and nothing is heard."""
    client, other = bench.client(), bench.client("1", user="other", password="secret2", register=False)
    a, = parties(bench, client, 1)
    leg, jid = bench.dialled(other)
    leg.media.play(signals.tone(2290, 20))
    client.refused(a.jid, join_xml(call=jid), "cancel", "not-allowed")
    other.refused(jid, join_xml(call=a.jid), "cancel", "not-allowed")
    time.sleep(0.3)
    a.media.listen(0.5).check([], [2290])
    leg.media.listen(0.5).check([], [a.tone])
    other.expect_nothing(lambda s: s.get("from") == a.jid)


def test_a_call_of_another_client_of_the_account_can_be_joined_and_both_are_told(bench):
    one = bench.client("1")
    a, = parties(bench, one, 1)
    two = bench.client("2")
    leg, b = bench.dialled(two)
    one.join(a.jid, b)
    one.expect_joined(a.jid, b)
    two.expect_joined(b, a.jid)
    leg.media.play(signals.tone(2290, 20))
    time.sleep(0.5)
    a.media.listen(0.5).check([2290], [a.tone])


def test_a_call_that_is_being_offered_can_be_joined_only_with_early_media(bench):
    """The caller's INVITE says nothing of 100rel, and there is no media before the answer: unexpected-request."""
    client = bench.client()
    a, = parties(bench, client, 1)
    _, jid = bench.call(client)
    reply = client.command(a.jid, join_xml(call=jid))
    if reply.get("type") == "error":
        assert reply.condition[:2] == ("wait", "unexpected-request"), reply
    client.answer(jid)
    client.join(a.jid, jid)


def test_old_forms_of_the_attributes_are_understood(bench):
    """Clients of 2011-2013: call-id bare, call-uri without xmpp:."""
    client = bench.client()
    a, b = parties(bench, client, 2)
    client.ask(a.jid, f"<join xmlns='urn:xmpp:rayo:1' call-id='{b.jid.split('@')[0]}'/>")
    client.expect_joined(a.jid, b.jid), client.expect_joined(b.jid, a.jid)
    client.ask(a.jid, f"<unjoin xmlns='urn:xmpp:rayo:1' call-id='{b.jid.split('@')[0]}'/>")
    client.ask(a.jid, f"<join xmlns='urn:xmpp:rayo:1' call-uri='{b.jid}'/>")
    check_conference([a, b])
