"""Input, prompt and DTMF (XEP-0327 §6.5.4, §6.5.5): keys however they come, time-outs, results, what is refused."""

import time

import pytest

from support import signals
from support.parties import parties
from support.rayo_verbs import INPUT, PROMPT, digits, grammar, input_xml, output_xml, prompt_xml

PAIR = digits(2)
TWO = "<grammar url='builtin:dtmf/digits?length=2'/>"
SUCCESS = "{urn:xmpp:rayo:input:complete:1}"


def answered(bench, **options):
    """(client of XEP-0327, the caller, the call)."""
    client = bench.client(caps=True)
    leg, jid = bench.answered(client, **options)
    return client, leg, jid


def keys_of(done):
    assert done.reason_name == "match", done.stanza
    return done.match.split("</input>")[0].split(">")[-1].replace(" ", "")


def tones(*keys, length=0.1, gap=0.1):
    return signals.join(signals.silence(0.3), *(part for key in keys for part in (signals.dtmf(key, length),
                                                                                  signals.silence(gap))))


# ---- how keys come ----

def by_events(leg, keys):
    leg.media.press_all(keys)


def by_tones(leg, keys):
    leg.media.play(tones(*keys))


def by_relay(leg, keys):
    for key in keys:
        assert leg.info(key).status == 200


def by_info(leg, keys):
    for key in keys:
        assert leg.info(key, "application/dtmf").status == 200


@pytest.mark.parametrize("press", [by_events, by_tones, by_relay, by_info])
def test_keys_count_however_they_come(bench, press):
    client, leg, call = answered(bench)
    component = client.input(call, digits(4))
    press(leg, "1359")
    assert keys_of(client.expect_complete(component, limit=10)) == "1359"


def test_tones_count_at_every_rate(bench):
    client, leg, call = answered(bench, codecs=("G722",))
    component = client.input(call, grammar(["* # 0 7"]))
    by_tones(leg, "*#07")
    assert keys_of(client.expect_complete(component, limit=10)) == "*#07"


def test_a_key_that_comes_twice_is_one(bench):
    """As gateways send it: the beginning of the tone, then events; and as some phones do: an event and an INFO."""
    client, leg, call = answered(bench)
    component = client.input(call, digits(3))
    for number, key in enumerate("58"):
        leg.media.play(tones(key, length=0.045, gap=0.0))
        leg.media.wait_played()
        leg.media.press(key, 200)
        if number == 0:
            assert leg.info(key).status == 200
        time.sleep(0.7)
    client.expect_nothing(client.is_event_of(component, "complete"))
    leg.media.press("1", 100)
    assert keys_of(client.expect_complete(component, limit=10)) == "581"


def test_each_key_is_told_to_the_controlling_party(bench):
    client, leg, call = answered(bench)
    leg.media.press_all("4*", 120)
    for key in "4*":
        event = client.expect_event(call, "dtmf", fits=lambda e, key=key: e.get("signal") == key)
        assert 80 <= int(event.first.get("duration")) <= 160


# ---- how it ends ----

def test_nobody_presses_a_key(bench):
    client, leg, call = answered(bench)
    begin = time.monotonic()
    component = client.input(call, PAIR, attributes="initial-timeout='600'")
    done = client.expect_complete(component, limit=5)
    assert done.reason.tag == SUCCESS + "noinput" and 0.55 < time.monotonic() - begin < 1.5
    assert done.stanza.get("type") == "unavailable"


def test_a_key_too_few(bench):
    client, leg, call = answered(bench)
    component = client.input(call, PAIR, attributes="initial-timeout='5000' inter-digit-timeout='500'")
    leg.media.press_all("1")
    assert client.expect_complete(component, limit=5).reason.tag == SUCCESS + "nomatch"


def test_a_wrong_key_ends_it_at_once(bench):
    client, leg, call = answered(bench)
    component = client.input(call, PAIR)
    leg.media.press_all("*")
    assert client.expect_complete(component, limit=5).reason.tag == SUCCESS + "nomatch"


@pytest.mark.parametrize("attributes, pressed", [("terminator='#'", "123#"), ("inter-digit-timeout='600'", "123")])
def test_what_matches_and_could_go_on_ends_by_terminator_or_pause(bench, attributes, pressed):
    client, leg, call = answered(bench)
    component = client.start(call, f"<input xmlns='{INPUT}' {attributes}><grammar url='builtin:dtmf/digits'/></input>")
    leg.media.press_all(pressed)
    assert keys_of(client.expect_complete(component, limit=5)) == "123"


def test_stop_and_hangup_end_it_as_every_component(bench):
    client, leg, call = answered(bench)
    component, other = client.input(call, PAIR), client.input(call, PAIR)
    client.stop(component)
    assert client.expect_complete(component).reason.tag == "{urn:xmpp:rayo:ext:complete:1}stop"
    leg.bye()
    assert client.expect_complete(other).reason.tag == "{urn:xmpp:rayo:ext:complete:1}hangup"
    client.expect_end(call)


def test_clients_of_2011_get_success_in_parts(bench):
    client = bench.client()
    leg, call = bench.answered(client)
    component = client.start(call, f"<input xmlns='{INPUT}' mode='dtmf'><grammar content-type="
                                   "'application/grammar+custom'>[4 DIGITS]</grammar></input>")
    leg.media.press_all("1234")
    done = client.expect_complete(component, limit=10)
    assert done.stanza.get("type") is None and done.reason.tag == SUCCESS + "success"
    assert (done.reason.get("mode"), done.reason.get("confidence")) == ("dtmf", "1.0")
    assert done.reason.findtext(SUCCESS + "utterance") == done.reason.findtext(SUCCESS + "interpretation") == "1234"


# ---- on a mixer ----

def test_on_a_mixer_the_keys_of_all_count(bench):
    """Whoever joins later too, by events or by tones; on a call those of its party alone."""
    client = bench.client(caps=True)
    a, b, c = parties(bench, client, 3)
    mixer = client.joined(a.jid, mixer="room")
    client.joined(b.jid, mixer="room")
    of_all, of_a = client.input(mixer, digits(3)), client.input(a.jid, digits(1))
    client.joined(c.jid, mixer="room")
    b.leg.media.press_all("2")
    time.sleep(0.2)
    by_tones(c.leg, "3")
    time.sleep(1.2)
    client.expect_nothing(client.is_event_of(of_a, "complete"))
    a.leg.media.press_all("1")
    assert keys_of(client.expect_complete(of_all, limit=10)) == "231"
    assert keys_of(client.expect_complete(of_a, limit=10)) == "1"


# ---- prompt ----

@pytest.fixture
def long_tone(bench):
    path = bench.server.folder / "long.wav"
    signals.write_wav(path, signals.tone(700, 8))
    return output_xml(uris=[f"file:{path}"])


def test_a_key_barges_in_and_counts(bench, long_tone):
    client, leg, call = answered(bench)
    component = client.prompt(call, long_tone, input_xml(PAIR))
    time.sleep(0.6)
    begin = time.monotonic()
    leg.media.press_all("1")
    client.expect_event(component, "input-timers-started", limit=3, ns=PROMPT)
    time.sleep(0.3)
    leg.media.listen(0.4).check(misses=[700])
    assert time.monotonic() - begin < 3
    client.refused(component, "<pause xmlns='urn:xmpp:rayo:output:1'/>", "wait", "unexpected-request")
    leg.media.press_all("2")
    assert keys_of(client.expect_complete(component, limit=5)) == "12"


def test_without_barge_in_keys_count_once_the_output_is_over(bench):
    path = bench.server.folder / "short.wav"
    signals.write_wav(path, signals.tone(700, 1.2))
    client, leg, call = answered(bench)
    component = client.prompt(call, output_xml(uris=[f"file:{path}"]), input_xml(PAIR), "barge-in='false'")
    begin = time.monotonic()
    leg.media.press_all("9")
    client.expect_event(component, "input-timers-started", limit=5, ns=PROMPT)
    (start, end), = leg.media.hearing(begin).spans(700)
    assert end - start == pytest.approx(1.2, abs=0.1), "the key did not stop it"
    leg.media.press_all("34")
    assert keys_of(client.expect_complete(component, limit=5)) == "34"


def test_a_prompts_time_outs_begin_behind_its_output(bench):
    path = bench.server.folder / "short.wav"
    signals.write_wav(path, signals.tone(700, 1.2))
    client, leg, call = answered(bench)
    begin = time.monotonic()
    component = client.prompt(call, output_xml(uris=[f"file:{path}"]), input_xml(PAIR, attributes="initial-timeout='500'"))
    client.expect_event(component, "input-timers-started", limit=5, ns=PROMPT)
    assert client.expect_complete(component, limit=5).reason.tag == SUCCESS + "noinput"
    assert 1.6 < time.monotonic() - begin < 3.5


def test_a_prompt_takes_its_outputs_commands_and_stop(bench, long_tone):
    client, leg, call = answered(bench)
    component = client.prompt(call, long_tone, input_xml(PAIR))
    time.sleep(0.4)
    client.steer(component, "pause")
    time.sleep(0.4)
    leg.media.listen(0.4).check(misses=[700])
    client.steer(component, "resume")
    time.sleep(0.3)
    leg.media.listen(0.4).check(hears=[700])
    client.stop(component)
    assert client.expect_complete(component).reason_name == "stop"
    time.sleep(0.3)
    leg.media.listen(0.4).check(misses=[700])


# ---- keys that are sent ----

def test_dtmf_goes_out_as_events(bench):
    client, leg, call = answered(bench)
    client.plain(call, "dtmf", "tones='15#D' tone-duration='120'")
    leg.wait(lambda: len(leg.media.keys()) == 4 and leg.media.keys()[-1][1] > 0.11, "four keys")
    assert leg.media.keys() == [(key, pytest.approx(0.12, abs=0.005)) for key in "15#D"]


def test_dtmf_goes_out_as_tones_where_events_were_not_agreed_on(bench):
    client, leg, call = answered(bench, event_type=None)
    begin = time.monotonic()
    client.plain(call, "dtmf", "tones='159#'")
    time.sleep(1.5)
    assert leg.media.hearing(begin).keys() == "159#"


# ---- what is refused ----

@pytest.mark.parametrize("attributes, inside, condition", [
    ("mode='voice'", TWO, "feature-not-implemented"),
    ("mode='cpa'", TWO, "feature-not-implemented"),
    ("", "<grammar url='http://example.org/pin.grxml'/>", "feature-not-implemented"),
    ("", "<grammar content-type='application/srgs'>#ABNF 1.0;</grammar>", "feature-not-implemented"),
    ("match-content-type='application/emma+xml'", TWO, "feature-not-implemented"),
    ("mode='smell'", TWO, "bad-request"),
    ("terminator='##'", TWO, "bad-request"),
    ("initial-timeout='soon'", TWO, "bad-request"),
    ("sensitivity='2'", TWO, "bad-request"),
    ("max-digits='4'", TWO, "bad-request"),
    ("", "", "bad-request"),
    ("", "<grammar content-type='application/srgs+xml'>no XML</grammar>", "bad-request"),
    ("", "<grammar url='builtin:dtmf/digits?length=x'/>", "bad-request"),
])
def test_an_input_that_cannot_be_is_refused(bench, attributes, inside, condition):
    client, leg, call = answered(bench)
    client.refused(call, f"<input xmlns='{INPUT}' {attributes}>{inside}</input>", "modify", condition)


def test_a_grammar_that_would_be_endless_is_refused(bench):
    client, leg, call = answered(bench)
    bomb = "".join(f"<rule id='r{i}'><item repeat='9'><ruleref uri='#r{i + 1}'/></item></rule>" for i in range(20))
    bomb = f"<grammar mode='dtmf' root='r0'>{bomb}<rule id='r20'>1</rule></grammar>"
    client.refused(call, input_xml(bomb), "wait", "resource-constraint")


@pytest.mark.parametrize("attributes", ["", "tones=''", "tones='12x'", "tones='1' tone-duration='5'",
                                        "tones='1' volume='9'", f"tones='{'1' * 65}'", "tones='1' signal='2'"])
def test_keys_that_cannot_be_sent_are_refused(bench, attributes):
    client, leg, call = answered(bench)
    client.refused(call, f"<dtmf xmlns='urn:xmpp:rayo:1' {attributes}/>", "modify", "bad-request")


def test_a_prompt_needs_an_output_and_an_input(bench):
    client, leg, call = answered(bench)
    for inside in ("", input_xml(PAIR), output_xml("Hello"), output_xml("Hello") + input_xml(PAIR) * 2):
        client.refused(call, f"<prompt xmlns='{PROMPT}'>{inside}</prompt>", "modify", "bad-request")
    client.refused(call, prompt_xml(output_xml("Hello"), input_xml(PAIR), "barge-in='maybe'"), "modify", "bad-request")
