"""Keys that a party presses, collected by grammars (XEP-0327 §6.5.4): RFC 4733, SIP INFO and tones in the audio."""

import time
import xml.etree.ElementTree as ET

import pytest

from support import signals
from support.parties import parties
from support.rayo_verbs import INPUT_COMPLETE, digits, grammar, input_xml

GRAMMAR_NS = "xmlns='http://www.w3.org/2001/06/grammar'"


@pytest.fixture
def listener(bench):
    """(client that speaks the dialect xep-0327, the party's side, call JID)."""
    client = bench.client(caps=True)
    return client, *bench.answered(client)


def srgs(rules, root="r"):
    return f"<grammar {GRAMMAR_NS} version='1.0' mode='dtmf' root='{root}'>{rules}</grammar>"


def entered(done):
    """The keys in a match's NLSML."""
    assert done.reason.tag == INPUT_COMPLETE + "match", done.stanza
    result = ET.fromstring(done.match.strip())
    one = next(e for e in result.iter() if e.tag.split("}")[-1] == "input")
    assert one.get("mode") == "dtmf"
    return "".join(one.text.split())


def tones(keys, each=0.09, gap=0.09):
    return signals.join(signals.silence(0.2), *[part for key in keys for part in (signals.dtmf(key, each),
                                                                                  signals.silence(gap))])


# ---- how keys arrive ----

@pytest.mark.parametrize("how", ["RFC 4733", "application/dtmf-relay", "application/dtmf", "tones"])
def test_keys_are_collected_however_they_come(bench, how):
    client = bench.client(caps=True)
    leg, jid = bench.answered(client, event_type=None if how == "tones" else 101)
    component = client.input(jid, digits(4))
    if how == "RFC 4733":
        leg.media.press_all("1795")
    elif how == "tones":
        leg.media.play(tones("1795"))
    else:
        for key in "1795":
            assert leg.info(key, how).status == 200
    done = client.expect_complete(component)
    assert entered(done) == "1795" and done.stanza.get("type") == "unavailable"


@pytest.mark.parametrize("codec", ["PCMA", "G722", "OPUS", "GSM"])
def test_tones_are_read_in_every_codec(bench, codec):
    client = bench.client(caps=True)
    leg, jid = bench.answered(client, codecs=(codec,), event_type=None)
    component = client.input(jid, digits(4))
    leg.media.play(tones("*#0D".replace("*", "7").replace("#", "2").replace("D", "9")))
    assert entered(client.expect_complete(component)) == "7209"


def test_a_key_that_comes_as_an_event_and_as_a_tone_counts_once(bench):
    """Phones that leave the tone in the audio before the event begins: RFC 4733 §2.3."""
    client = bench.client(caps=True)
    leg, jid = bench.answered(client)
    component = client.input(jid, digits(2))
    leg.media.play(signals.join(signals.dtmf("5", 0.06), signals.silence(3)))
    time.sleep(0.06)
    leg.media.press("5", 100)
    time.sleep(0.6)
    client.expect_nothing(client.is_event_of(component, "complete"))
    leg.media.press("8", 100)
    assert entered(client.expect_complete(component)) == "58"


@pytest.mark.parametrize("length", [60, 500, 2500])
def test_a_key_held_long_is_one_key(listener, length):
    client, leg, jid = listener
    component = client.input(jid, digits(2))
    leg.media.press("3", length)
    time.sleep(length / 1000 + 0.2)
    leg.media.press("4", 80)
    assert entered(client.expect_complete(component)) == "34"


def test_keys_of_before_the_command_do_not_count(listener):
    client, leg, jid = listener
    leg.media.press_all("99")
    component = client.input(jid, digits(2))
    leg.media.press_all("12")
    assert entered(client.expect_complete(component)) == "12"


def test_speech_is_no_key(listener):
    client, leg, jid = listener
    component = client.input(jid, digits(1), attributes="mode='dtmf' initial-timeout='4500'")
    leg.media.play(signals.speech("Seven hundred seventy seven people ate nine hundred forty one eggs, they say."))
    assert client.expect_complete(component).reason_name == "noinput"


# ---- grammars ----

@pytest.mark.parametrize("rules, keys, matches", [
    ("<rule id='r'><one-of><item>1</item><item>2 3</item></one-of></rule>", "1", True),
    ("<rule id='r'><one-of><item>1</item><item>2 3</item></one-of></rule>", "23", True),
    ("<rule id='r'><one-of><item>1</item><item>2 3</item></one-of></rule>", "24", False),
    ("<rule id='r'><item repeat='2-3'>5</item>#</rule>", "555#", True),
    ("<rule id='r'><item repeat='2-3'>5</item>#</rule>", "5#", False),
    ("<rule id='r'><item repeat='0-1'>9</item>*</rule>", "*", True),
    ("<rule id='r'>7<ruleref uri='#s'/></rule><rule id='s'><one-of><item>8</item><item>A</item></one-of></rule>", "7A",
     True),
    ("<rule id='r'><ruleref special='NULL'/>4</rule>", "4", True),
])
def test_srgs(listener, rules, keys, matches):
    client, leg, jid = listener
    component = client.input(jid, srgs(rules))
    leg.media.press_all(keys)
    done = client.expect_complete(component)
    if matches:
        assert entered(done) == keys
    else:
        assert done.reason.tag == INPUT_COMPLETE + "nomatch"


def test_several_grammars_are_one_choice(listener):
    client, leg, jid = listener
    component = client.input(jid, grammar(["1 1"]), grammar(["2 2 2"]))
    leg.media.press_all("222")
    assert entered(client.expect_complete(component)) == "222"


def test_builtin_digits_by_url(listener):
    client, leg, jid = listener
    component = client.start(jid, "<input xmlns='urn:xmpp:rayo:input:1' mode='dtmf'>"
                                  "<grammar url='builtin:dtmf/digits?length=3'/></input>")
    leg.media.press_all("407")
    assert entered(client.expect_complete(component)) == "407"


def test_the_grammar_of_2011_and_its_results(bench):
    """[4 DIGITS] in CDATA; the dialect's result is <success/> with utterance and interpretation, of no presence type."""
    client = bench.client()
    leg, jid = bench.answered(client)
    component = client.start(jid, "<input xmlns='urn:xmpp:rayo:input:1' mode='dtmf'><grammar "
                                  "content-type='application/grammar+custom'><![CDATA[ [4 DIGITS] ]]></grammar></input>")
    leg.media.press_all("1234")
    done = client.expect_complete(component)
    assert done.reason.tag == INPUT_COMPLETE + "success" and done.stanza.get("type") is None
    assert "1234" in done.reason.findtext(INPUT_COMPLETE + "utterance").replace(" ", "")


# ---- time-outs and the terminator ----

def test_nothing_pressed_is_noinput_after_the_initial_timeout(listener):
    client, _, jid = listener
    begin = time.monotonic()
    done = client.expect_complete(client.input(jid, digits(2), attributes="mode='dtmf' initial-timeout='800'"))
    assert done.reason.tag == INPUT_COMPLETE + "noinput" and 0.7 < time.monotonic() - begin < 1.6


def test_too_few_keys_are_nomatch_after_the_inter_digit_timeout(listener):
    client, leg, jid = listener
    component = client.input(jid, digits(4), attributes="mode='dtmf' initial-timeout='5000' inter-digit-timeout='700'")
    leg.media.press_all("12")
    begin = time.monotonic()
    assert client.expect_complete(component).reason.tag == INPUT_COMPLETE + "nomatch"
    assert 0.4 < time.monotonic() - begin < 1.5


def test_what_matches_already_is_a_match_after_the_inter_digit_timeout(listener):
    client, leg, jid = listener
    component = client.input(jid, digits("1-6"), attributes="mode='dtmf' inter-digit-timeout='600'")
    leg.media.press_all("123")
    assert entered(client.expect_complete(component)) == "123"


def test_the_recognition_timeout_runs_from_the_first_key(listener):
    client, leg, jid = listener
    component = client.input(jid, digits(9), attributes="mode='dtmf' recognition-timeout='1000'")
    for _ in range(3):
        leg.media.press_all("1", gap=0.35)
    assert client.expect_complete(component).reason.tag == INPUT_COMPLETE + "nomatch"


def test_a_terminator_ends_the_input_and_is_not_part_of_it(listener):
    client, leg, jid = listener
    component = client.input(jid, digits("1-8"), attributes="mode='dtmf' terminator='#'")
    leg.media.press_all("2468#")
    assert entered(client.expect_complete(component)) == "2468"


# ---- its life ----

def test_stop_and_hangup_end_it(listener):
    client, leg, jid = listener
    one, two = client.input(jid, digits(3)), client.input(jid, digits(4))
    client.stop(one)
    assert client.expect_complete(one).reason.tag == "{urn:xmpp:rayo:ext:complete:1}stop"
    leg.bye()
    assert client.expect_complete(two).reason.tag == "{urn:xmpp:rayo:ext:complete:1}hangup"


def test_two_inputs_side_by_side_each_get_every_key(listener):
    client, leg, jid = listener
    short, long_ = client.input(jid, digits(2)), client.input(jid, digits(4))
    leg.media.press_all("1234")
    assert entered(client.expect_complete(short)) == "12"
    assert entered(client.expect_complete(long_)) == "1234"


def test_on_a_mixer_it_collects_from_all_and_on_a_call_only_from_it(bench):
    client = bench.client(caps=True)
    a, b, c = parties(bench, client, 3, speak=False)
    mixer = [client.joined(one.jid, mixer="room") for one in (a, b, c)][0]
    everyone, alone = client.input(mixer, digits(3)), client.input(b.jid, digits(1))
    a.media.press_all("1"), c.media.press_all("2")
    client.expect_nothing(client.is_event_of(alone, "complete"))
    b.media.press_all("3")
    assert entered(client.expect_complete(everyone)) == "123"
    assert entered(client.expect_complete(alone)) == "3"


def test_who_joins_a_mixer_later_is_collected_from_too(bench):
    client = bench.client(caps=True)
    a, b = parties(bench, client, 2, speak=False)
    mixer = client.joined(a.jid, mixer="room")
    component = client.input(mixer, digits(2))
    client.joined(b.jid, mixer="room")
    b.media.press_all("86")
    assert entered(client.expect_complete(component)) == "86"


# ---- what is refused ----

def test_inputs_that_are_refused(listener):
    client, _, jid = listener
    one = digits(1)
    for payload, condition in [
        (input_xml(), "bad-request"),
        ("<input xmlns='urn:xmpp:rayo:input:1'><grammar/></input>", "bad-request"),
        ("<input xmlns='urn:xmpp:rayo:input:1'><grammar url='builtin:dtmf/digits' content-type='a/b'/></input>",
         "bad-request"),
        ("<input xmlns='urn:xmpp:rayo:input:1'><document/></input>", "bad-request"),
        (input_xml("this is no XML"), "bad-request"),
        (input_xml(srgs("<rule id='r'><ruleref uri='#nowhere'/></rule>")), "bad-request"),
        (input_xml(srgs("<rule id='r'>1</rule>", root="missing")), "bad-request"),
        (input_xml(srgs("<rule id='r'><item repeat='3-1'>1</item></rule>")), "bad-request"),
        *[(input_xml(one, attributes=a), "bad-request") for a in (
            "mode='smell'", "terminator='##'", "terminator='x'", "initial-timeout='0'", "initial-timeout='soon'",
            "inter-digit-timeout='-2'", "recognition-timeout='-5'", "sensitivity='1.1'", "min-confidence='x'",
            "max-digits='4'")],
        *[(input_xml(one, attributes=a), "feature-not-implemented") for a in (
            "mode='voice'", "mode='cpa'", "match-content-type='application/emma+xml'")],
        ("<input xmlns='urn:xmpp:rayo:input:1'><grammar url='http://127.0.0.1/x.grxml'/></input>",
         "feature-not-implemented"),
        (input_xml(grammar(["yes"], mode="voice")), "feature-not-implemented"),
    ]:
        client.refused(jid, payload, "modify", condition)


def test_a_grammar_that_would_eat_the_machine_is_refused_or_bounded(listener):
    """Rules that repeat rules that repeat rules; and one that calls itself."""
    client, _, jid = listener
    rules = "".join(f"<rule id='r{i}'><item repeat='1000'><ruleref uri='#r{i + 1}'/></item></rule>" for i in range(6))
    begin = time.monotonic()
    for nasty in (srgs(rules + "<rule id='r6'>1</rule>", root="r0"),
                  srgs("<rule id='r'><ruleref uri='#r'/>1</rule>")):
        reply = client.command(jid, input_xml(nasty))
        assert reply.get("type") == "error", reply
        assert reply.condition[1] in ("resource-constraint", "bad-request", "feature-not-implemented"), reply
    assert time.monotonic() - begin < 3
