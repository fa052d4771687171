"""Output and input in one (XEP-0327 §6.5.5): barge-in, timers that start when the words have been said."""

import time

import pytest

from support.rayo_verbs import INPUT_COMPLETE, OUTPUT, digits, input_xml, output_xml, prompt_xml
from support.sounds import Sounds

STARTED = "input-timers-started"


@pytest.fixture
def scene(bench):
    """(sounds, client, the party's side, call JID)."""
    sounds = Sounds(bench)
    client = bench.client(caps=True)
    return sounds, client, *bench.answered(client)


def ask(client, jid, uri, attributes="", timeout=""):
    return client.prompt(jid, output_xml(uris=[uri]),
                         input_xml(digits(2), attributes=f"mode='dtmf' {timeout}"), attributes)


def expect_started(client, component):
    return client.expect_event(component, STARTED, ns="urn:xmpp:rayo:prompt:1")


def test_the_timers_start_when_the_words_have_been_said(scene):
    """1 s of tone, then the event, then 0.8 s of silence until noinput; the output's own completion is not told."""
    sounds, client, leg, jid = scene
    begin = time.monotonic()
    component = ask(client, jid, sounds.tone(700, 1), timeout="initial-timeout='800'")
    expect_started(client, component)
    assert 0.9 < time.monotonic() - begin < 1.7
    done = client.expect_complete(component)
    assert done.reason.tag == INPUT_COMPLETE + "noinput" and 1.7 < time.monotonic() - begin < 2.8
    assert done.stanza.get("type") == "unavailable"
    (start, end), = leg.media.hearing(begin).spans(700)
    assert 0.95 < end - start < 1.05
    client.expect_nothing(client.is_event_of(component, "complete"))


def test_a_key_barges_in(scene):
    """The tone stops within 300 ms of the first key."""
    sounds, client, leg, jid = scene
    begin = time.monotonic()
    component = ask(client, jid, sounds.tone(700, 8))
    time.sleep(0.7)
    leg.media.press_all("12")
    done = client.expect_complete(component)
    assert done.reason_name == "match" and "1 2" in done.match
    time.sleep(0.3)
    (start, end), = leg.media.hearing(begin).spans(700)
    assert end - start < 1.3


def test_without_barge_in_the_words_are_said_to_their_end(scene):
    sounds, client, leg, jid = scene
    begin = time.monotonic()
    component = ask(client, jid, sounds.tone(700, 1.5), "barge-in='false'")
    time.sleep(0.3)
    leg.media.press("9")
    expect_started(client, component)
    (start, end), = leg.media.hearing(begin).spans(700)
    assert end - start > 1.4
    leg.media.press_all("12")
    assert client.expect_complete(component).reason_name in ("match", "nomatch")


def test_output_commands_work_while_it_is_said_and_are_unexpected_after(scene):
    sounds, client, leg, jid = scene
    component = ask(client, jid, sounds.tone(700, 1.2))
    leg.media.listen(0.3)
    client.steer(component, "pause")
    leg.media.listen(0.2)
    assert leg.media.listen(0.4).is_silent()
    client.steer(component, "resume")
    expect_started(client, component)
    client.refused(component, f"<pause xmlns='{OUTPUT}'/>", "wait", "unexpected-request")
    leg.media.press_all("42")
    assert client.expect_complete(component).reason_name == "match"


@pytest.mark.parametrize("when", ["while it is said", "while it collects"])
@pytest.mark.parametrize("how", ["stop", "hangup"])
def test_stop_and_hangup_end_all_of_it(scene, when, how):
    sounds, client, leg, jid = scene
    component = ask(client, jid, sounds.tone(700, 0.5 if when == "while it collects" else 5))
    if when == "while it collects":
        expect_started(client, component)
    client.stop(component) if how == "stop" else leg.bye()
    assert client.expect_complete(component).reason.tag == "{urn:xmpp:rayo:ext:complete:1}" + how
    if how == "stop":
        leg.media.listen(0.2)
        assert leg.media.listen(0.3).is_silent()


def test_prompts_that_are_refused(scene):
    sounds, client, _, jid = scene
    said, collected = output_xml(uris=[sounds.tone(700, 1)]), input_xml(digits(1))
    for payload, condition in [
        (prompt_xml("", ""), "bad-request"), (prompt_xml(said, ""), "bad-request"),
        (prompt_xml("", collected), "bad-request"), (prompt_xml(said + said, collected), "bad-request"),
        (prompt_xml(said, collected, "barge-in='maybe'"), "bad-request"),
        (prompt_xml(said, collected, "colour='red'"), "bad-request"),
        (prompt_xml(output_xml(), collected), "bad-request"), (prompt_xml(said, input_xml()), "bad-request"),
        (prompt_xml(said, input_xml(digits(1), attributes="mode='voice'")), "feature-not-implemented"),
    ]:
        client.refused(jid, payload, "modify", condition)
