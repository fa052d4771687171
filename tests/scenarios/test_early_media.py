"""Media before the answer (XEP-0327 §6.5, RFC 3960): towards callers, and from phones that are dialled."""

import time

import pytest

from support import audio, signals
from support.call import check_file
from support.parties import SETTLE, parties
from support.rayo import record_xml
from support.rayo_verbs import digits, input_xml, join_xml, output_xml
from support.sounds import Sounds

ACCEPT_EARLY = "<accept xmlns='urn:xmpp:rayo:1' early-media='true'/>"


@pytest.mark.parametrize("reliable", [False, True], ids=["183", "183 with 100rel"])
def test_accept_with_early_media_opens_the_ears_of_the_caller(bench, reliable):
    """183 with a description; what is played is heard and what the caller says is recorded; then it is answered, and the
    recording goes on."""
    sounds = Sounds(bench)
    client, source = bench.client(caps=True), signals.marks(10)
    leg, jid = bench.call(client, play=source, supported=("100rel",) if reliable else (), require_100rel=reliable)
    client.ask(jid, ACCEPT_EARLY)
    early = leg.wait_response(status=183)
    assert early.body and bool(early.get("RSeq")) >= reliable
    component = client.record(jid, "format='wav' direction='send' mix='true'")
    begin = time.monotonic()
    client.expect_complete(client.output(jid, uris=[sounds.tone(700, 0.6)]))
    assert leg.find_response(status=200) is None, "it was answered"
    assert len(leg.media.hearing(begin).spans(700)) == 1
    client.answer(jid)
    leg.wait_answered()
    time.sleep(1)
    client.stop(component)
    sound = check_file(client.expect_complete(component))
    assert sum(p[2] for p in audio.story(sound.mono, source)) > 1.5


def test_a_component_on_an_unanswered_call_opens_early_media_by_itself(bench):
    """6.5: SHOULD attempt to use early-media techniques, and MUST NOT answer."""
    client = bench.client(caps=True)
    leg, jid = bench.call(client, play=signals.silence(9))
    component = client.input(jid, digits(2))
    assert leg.wait_response(status=183).body
    leg.media.press_all("42")
    assert client.expect_complete(component).reason_name == "match"
    assert leg.find_response(status=200) is None
    leg.cancel()
    client.expect_end(jid)


def test_who_gives_up_during_early_media_ends_what_runs(bench):
    client = bench.client(caps=True)
    leg, jid = bench.call(client, play=signals.marks(9))
    client.ask(jid, ACCEPT_EARLY)
    leg.wait_response(status=183)
    component = client.record(jid, "format='wav'")
    time.sleep(0.7)
    leg.cancel()
    done = client.expect_complete(component)
    assert done.reason_name == "hangup" and check_file(done).seconds > 0.4
    client.expect_end(jid)


@pytest.mark.parametrize("payload", [record_xml(), output_xml(text="Hello"), input_xml(digits(1))],
                         ids=["record", "output", "input"])
def test_where_the_caller_made_no_offer_it_is_unexpected(bench, payload):
    client = bench.client()
    leg, jid = bench.call(client, offer=False)
    client.refused(jid, payload, "wait", "unexpected-request")
    assert leg.find_response(status=183) is None
    client.answer(jid)
    leg.wait_answered()


def test_accept_with_early_media_where_it_is_impossible_is_unexpected(bench):
    client = bench.client()
    leg, jid = bench.call(client, offer=False)
    client.refused(jid, ACCEPT_EARLY, "wait", "unexpected-request")
    client.accept(jid)
    leg.wait_response(status=180)


@pytest.mark.parametrize("value", ["maybe", ""])
def test_bad_values_of_early_media_are_refused(bench, value):
    client = bench.client()
    _, jid = bench.call(client)
    client.refused(jid, f"<accept xmlns='urn:xmpp:rayo:1' early-media='{value}'/>", "modify", "bad-request")


# ---- of a call of ours ----

@pytest.mark.parametrize("reliable", [False, True], ids=["183", "183 with 100rel"])
def test_what_a_dialled_phone_says_before_it_answers_is_recorded(bench, reliable):
    """An announcement in 183; the recording begun then goes on over the answer."""
    client, source = bench.client(caps=True), signals.marks(10)
    bob = bench.callee(play=source)
    jid = client.dial(bob.uri)
    leg = bob.wait_call()
    leg.early(reliable=reliable)
    for _ in range(50):
        reply = client.command(jid, record_xml("format='wav' direction='send' mix='true'"))
        if reply.get("type") == "result":
            break
        time.sleep(0.02)
    component = reply.first.get("uri")[5:]
    time.sleep(1)
    client.expect_nothing(client.is_event_of(jid, "answered"))
    leg.answer()
    client.expect_answered(jid)
    time.sleep(0.6)
    client.stop(component)
    sound = check_file(client.expect_complete(component))
    assert sum(p[2] for p in audio.story(sound.mono, source)) > 1.3


def test_before_a_dialled_phone_has_described_itself_components_are_unexpected(bench):
    client, bob = bench.client(), bench.callee()
    jid = client.dial(bob.uri)
    bob.wait_call().ring()
    client.expect_ringing(jid)
    client.refused(jid, record_xml(), "wait", "unexpected-request")


def test_a_joined_party_hears_the_ringback_of_the_phone_that_is_dialled(bench):
    client = bench.client()
    a, = parties(bench, client, 1)
    bob = bench.callee(play=signals.tone(1730, 30))
    jid = client.dial(bob.uri)
    leg = bob.wait_call()
    leg.early()
    for _ in range(50):
        if client.command(a.jid, join_xml(call=jid)).get("type") == "result":
            break
        time.sleep(0.02)
    client.expect_joined(a.jid, jid)
    time.sleep(SETTLE)
    a.media.listen(0.6).check([1730], [a.tone])
    leg.answer()
    client.expect_answered(jid)
    time.sleep(SETTLE)
    a.media.listen(0.6).check([1730], [a.tone])
    leg.media.listen(0.6).check([a.tone], [1730])
