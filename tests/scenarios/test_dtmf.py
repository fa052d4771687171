"""Keys as clients of 2011-2013 know them: <dtmf signal=/> of each key that a party presses, <dtmf tones=/> to press some."""

import time

import pytest

from support import signals
from support.parties import parties


def pressed(client, jid, count):
    events = [client.expect_event(jid, "dtmf") for _ in range(count)]
    return "".join(event.first.get("signal") for event in events)


@pytest.mark.parametrize("how", ["RFC 4733", "application/dtmf-relay", "application/dtmf"])
def test_every_key_that_is_pressed_is_told_once(bench, how):
    client = bench.client()
    leg, jid = bench.answered(client)
    if how == "RFC 4733":
        leg.media.press_all("0123456789*#ABCD", 60, 0.06)
    else:
        for key in "0123456789*#ABCD":
            assert leg.info(key, how).status == 200
    assert pressed(client, jid, 16) == "0123456789*#ABCD"
    client.expect_nothing(client.is_event_of(jid, "dtmf"))


def test_a_phone_that_sends_each_key_by_event_and_by_info_is_told_of_once(bench):
    client = bench.client()
    leg, call = bench.answered(client)
    for key in "5538":
        leg.media.press(key, 200)
        assert leg.info(key).status == 200
        time.sleep(0.4)
    for key in "5538":
        client.expect_event(call, "dtmf", fits=lambda e, key=key: e.get("signal") == key)
    client.expect_nothing(client.is_event_of(call, "dtmf"))


def test_an_event_says_how_long_the_key_was_held(bench):
    client = bench.client()
    leg, jid = bench.answered(client)
    leg.media.press("7", 400)
    event = client.expect_event(jid, "dtmf")
    assert event.first.get("signal") == "7" and int(event.first.get("duration")) == pytest.approx(400, abs=30)


def test_only_the_controlling_client_is_told(bench):
    one, two = bench.client("1"), bench.client("2")
    leg, jid = bench.answered(one)
    leg.media.press_all("5")
    assert pressed(one, jid, 1) == "5"
    two.expect_nothing(two.is_event_of(jid, "dtmf"))


@pytest.mark.parametrize("body, content_type", [("Signal=hello\r\n", "application/dtmf-relay"), ("", "application/dtmf"),
                                                ("99", "application/dtmf"), ("5", "text/plain"),
                                                ("Duration=160\r\n", "application/dtmf-relay")])
def test_an_info_that_is_no_key_is_acknowledged_and_nothing_is_told(bench, body, content_type):
    client = bench.client()
    leg, jid = bench.answered(client)
    assert leg.in_dialog("INFO", [("Content-Type", content_type)], body).status == 200
    client.expect_nothing(client.is_event_of(jid, "dtmf"))


def test_keys_are_sent_as_telephone_events(bench):
    client = bench.client()
    leg, jid = bench.answered(client, play=signals.silence(5))
    client.plain(jid, "dtmf", "tones='159#D'")
    time.sleep(1.6)
    assert "".join(key for key, _ in leg.media.keys()) == "159#D"
    assert all(0.08 <= seconds <= 0.13 for _, seconds in leg.media.keys())


def test_keys_are_sent_as_tones_where_there_are_no_events(bench):
    client = bench.client()
    leg, jid = bench.answered(client, event_type=None)
    begin = time.monotonic()
    client.plain(jid, "dtmf", "tones='2580*'")
    time.sleep(1.6)
    assert leg.media.hearing(begin).keys() == "2580*"


def test_the_party_that_is_joined_does_not_get_them(bench):
    client = bench.client()
    a, b = parties(bench, client, 2, speak=False)
    client.joined(a.jid, b.jid)
    client.plain(a.jid, "dtmf", "tones='55'")
    time.sleep(0.8)
    assert len(a.media.keys()) == 2 and b.media.keys() == []


@pytest.mark.parametrize("attributes", ["", "tones=''", "tones='x'", "tones='12' colour='red'", "tones='1' signal='2'",
                                        f"tones='{'1' * 65}'", "tones='1' duration='5'"])
def test_keys_that_do_not_exist_are_refused(bench, attributes):
    client = bench.client()
    _, jid = bench.answered(client)
    client.refused(jid, f"<dtmf xmlns='urn:xmpp:rayo:1' {attributes}/>", "modify", "bad-request")


def test_before_the_answer_there_is_nobody_to_press_keys_at(bench):
    client = bench.client()
    jid = client.dial(bench.callee().uri)
    client.refused(jid, "<dtmf xmlns='urn:xmpp:rayo:1' tones='1'/>", "wait", "unexpected-request")


def test_a_party_that_has_put_us_on_hold_hears_no_keys(bench):
    client = bench.client()
    leg, jid = bench.answered(client, play=signals.silence(5))
    leg.hold()
    client.refused(jid, "<dtmf xmlns='urn:xmpp:rayo:1' tones='1'/>", "wait", "unexpected-request")
    leg.unhold()
    client.plain(jid, "dtmf", "tones='1'")
    time.sleep(0.6)
    assert [key for key, _ in leg.media.keys()] == ["1"]
