"""Every example of XEP-0327 §6.5: components, output, input, prompt, record. See support/xep.py."""

import time
import xml.etree.ElementTree as ET

import pytest

from support import signals
from support.call import check_file
from support.hearing import spectrum_likeness
from support.rayo import Complete
from support.rayo_verbs import INPUT_COMPLETE
from support.xep import JULIET, Play, error, ref_of

GOODBYE = """<output xmlns='urn:xmpp:rayo:output:1'>
 <document content-type='text/plain'>
 Thanks for calling, goodbye!
 </document>
 </output>"""
STOP = "<stop xmlns='urn:xmpp:rayo:ext:1'/>"
SSML = """<document content-type='application/ssml+xml'>
 <![CDATA[
 <?xml version="1.0"?>
 <!DOCTYPE speak PUBLIC "-//W3C//DTD SYNTHESIS 1.0//EN"
 "http://www.w3.org/TR/speech-synthesis/synthesis.dtd">
 <speak version="1.0"
 xmlns="http://www.w3.org/2001/10/synthesis"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="http://www.w3.org/2001/10/synthesis
 http://www.w3.org/TR/speech-synthesis/synthesis.xsd"
 xml:lang="en-US">
 {}
 </speak>
 ]]>
 </document>"""
FOUR_MESSAGES = SSML.format("""<s>You have 4 new messages.</s>
 <s>The first is from Stephanie Williams and arrived at <break/> 3:45pm.</s>
 <s>
 The subject is <prosody rate="-20%">ski trip</prosody>
 </s>""")
PIN = """<grammar content-type='application/srgs+xml'>
 <![CDATA[
 <?xml version="1.0"?>
 <grammar mode="dtmf" version="1.0"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="http://www.w3.org/2001/06/grammar
 http://www.w3.org/TR/speech-grammar/grammar.xsd"
 xmlns="http://www.w3.org/2001/06/grammar">
 <rule id="digit">
 <one-of>
 <item> 0 </item>
 <item> 1 </item>
 <item> 2 </item>
 <item> 3 </item>
 <item> 4 </item>
 <item> 5 </item>
 <item> 6 </item>
 <item> 7 </item>
 <item> 8 </item>
 <item> 9 </item>
 </one-of>
 </rule>
 <rule id="pin" scope="public">
 <one-of>
 <item>
 <item repeat="4"><ruleref uri="#digit"/></item>
 #
 </item>
 <item>
 * 9
 </item>
 </one-of>
 </rule>
 </grammar>
 ]]>
 </grammar>"""
INPUT = f"<input xmlns='urn:xmpp:rayo:input:1' mode='dtmf'>{PIN}</input>"
PROMPT = f"""<prompt xmlns='urn:xmpp:rayo:prompt:1'>
 <output xmlns='urn:xmpp:rayo:output:1'>{SSML.format("<s>Please enter your pin number now.</s>")}</output>
 {INPUT}
 </prompt>"""
RECORD = "<record xmlns='urn:xmpp:rayo:record:1'/>"


@pytest.fixture
def play(bench):
    return Play(bench, output={"files": [str(bench.folder)]})


def complete(component, reason, to=JULIET):
    return (f"<presence from='{component}' to='{to}' type='unavailable'>"
            f"<complete xmlns='urn:xmpp:rayo:ext:1'>{reason}</complete></presence>")


FINISH = "<finish xmlns='urn:xmpp:rayo:output:complete:1'/>"
STOPPED = "<stop xmlns='urn:xmpp:rayo:ext:complete:1'/>"


@pytest.fixture
def long_output(play):
    """A component that plays 25 seconds of tones, each second one that is 80 Hz higher: (caller, component)."""
    path = play.bench.folder / "staircase.wav"
    signals.write_wav(path, signals.staircase(25, step=1, first=400, rise=80))
    caller, call = play.call()
    component = ref_of(play.command(call, f"""<output xmlns='urn:xmpp:rayo:output:1'>
 <document content-type='text/uri-list'>file:{path}</document></output>"""))
    return caller, component


# ---- component execution ----

def test_client_requests_execution_and_is_given_a_reference(play):
    _, call = play.call()
    reply = play.command(call, GOODBYE)
    component = ref_of(reply)
    assert component.startswith(call + "/") and reply.first.get("id") == component.split("/")[1]
    play.expect(complete(component, FINISH))


def test_lack_of_support_for_the_component(play):
    _, call = play.call()
    play.command(call, "<fax xmlns='urn:xmpp:rayo:fax:1'/>", error("cancel", "feature-not-implemented"))


def test_lack_of_support_for_some_aspect_of_the_component(play):
    """The example's repeat-times is supported; a mode of input that needs a recogniser is not."""
    _, call = play.call()
    play.command(call, INPUT.replace("mode='dtmf'", "mode='voice'", 1), error("modify", "feature-not-implemented"))


def test_the_component_does_not_meet_the_specification(play):
    _, call = play.call()
    play.command(call, "<output xmlns='urn:xmpp:rayo:output:1' repeat-times='foo'/>", error("modify", "bad-request"))
    play.command(call, "<output xmlns='urn:xmpp:rayo:output:1' repeat-times='4'/>", error("modify", "bad-request"))


def test_the_call_is_in_an_incorrect_state(bench):
    """A caller that made no offer and knows nothing of 100rel cannot be played anything before it is answered."""
    play = Play(bench)
    _, call = bench.call(play.juliet, offer=False)
    play.command(call, GOODBYE, error("wait", "unexpected-request"))


def test_client_requests_component_stop_and_is_told_of_it(long_output, play):
    _, component = long_output
    play.command(component, STOP, "result")
    play.expect(complete(component, STOPPED))


def test_lack_of_support_for_the_command(play):
    _, call = play.call()
    component = ref_of(play.command(call, RECORD))
    play.command(component, "<speed-up xmlns='urn:xmpp:rayo:output:1'/>", error("cancel", "feature-not-implemented"))


@pytest.mark.parametrize("payload", ["<stop xmlns='urn:xmpp:rayo:ext:1' how='now'/>",
                                     "<seek xmlns='urn:xmpp:rayo:output:1'/>",
                                     "<seek xmlns='urn:xmpp:rayo:output:1' direction='up' amount='1'/>",
                                     "<seek xmlns='urn:xmpp:rayo:output:1' direction='back' amount='-1'/>",
                                     "<pause xmlns='urn:xmpp:rayo:output:1'>now</pause>"])
def test_some_aspect_of_the_command_is_not_spec_compliant(long_output, play, payload):
    _, component = long_output
    play.command(component, payload, error("modify", "bad-request"))


def test_the_command_is_not_appropriate_for_the_current_stage(play):
    """6.5.5.2: output commands after a prompt's output has ceased."""
    _, call = play.call()
    component = ref_of(play.command(call, PROMPT))
    play.expect(f"<presence from='{component}' to='{JULIET}'>"
                "<input-timers-started xmlns='urn:xmpp:rayo:prompt:1'/></presence>")
    play.command(component, "<pause xmlns='urn:xmpp:rayo:output:1'/>", error("wait", "unexpected-request"))


def test_the_command_cannot_be_executed_by_anyone_but_the_owner(long_output, play):
    _, component = long_output
    play.command(component, STOP, error("cancel", "conflict"), play.enter("courtyard"))
    play.command(component, STOP, "result")


def test_non_existent_component_receives_a_command(long_output, play):
    _, component = long_output
    call = component.split("/")[0]
    play.command(f"{call}/eh3u28", STOP, error("cancel", "item-not-found"))
    play.command(component, STOP, "result")
    play.expect(complete(component, STOPPED))
    play.command(component, STOP, error("cancel", "item-not-found"))


# ---- output ----

def test_client_renders_a_simple_ssml_document(play):
    """It is spoken: several seconds of sound whose spectrum is that of the words, with a pause at the break."""
    caller, call = play.call()
    begin = time.monotonic()
    component = ref_of(play.command(call, f"<output xmlns='urn:xmpp:rayo:output:1'>{FOUR_MESSAGES}</output>"))
    play.expect(complete(component, FINISH))
    heard = caller.media.hearing(begin)
    spoken = signals.speech("You have 4 new messages. The first is from Stephanie Williams and arrived at 3:45pm. "
                            "The subject is ski trip")
    assert 0.7 * len(spoken) / 8000 < heard.seconds < 2.5 * len(spoken) / 8000
    assert spectrum_likeness(heard.pcm, spoken) > 0.85
    assert any(end - start > 0.15 for start, end in heard.gaps(-45)), "no pause in it"


def test_client_renders_a_plain_text_document(play):
    caller, call = play.call()
    begin = time.monotonic()
    component = ref_of(play.command(call, GOODBYE))
    play.expect(complete(component, FINISH))
    spoken = signals.speech("Thanks for calling, goodbye!")
    heard = caller.media.hearing(begin)
    assert spectrum_likeness(heard.pcm, spoken) > 0.85 and heard.seconds > 0.8 * len(spoken) / 8000


def test_pause_and_resume(long_output, play):
    caller, component = long_output
    caller.media.listen(0.8)
    play.command(component, "<pause xmlns='urn:xmpp:rayo:output:1'/>", "result")
    caller.media.listen(0.3)
    assert caller.media.listen(0.5).is_silent()
    play.command(component, "<resume xmlns='urn:xmpp:rayo:output:1'/>", "result")
    caller.media.listen(0.2)
    assert caller.media.listen(0.5).level > -30


@pytest.mark.parametrize("verb", ["speed-up", "speed-down", "volume-up", "volume-down"])
def test_speed_and_volume(long_output, play, verb):
    """What that does to the sound is in test_output_commands.py."""
    play.command(long_output[1], f"<{verb} xmlns='urn:xmpp:rayo:output:1'/>", "result")


def test_seek_forward_by_20_s(long_output, play):
    caller, component = long_output
    begin = time.monotonic()
    play.command(component, "<seek xmlns='urn:xmpp:rayo:output:1' direction='forward' amount='20000'/>", "result")
    play.expect(complete(component, FINISH))
    assert 3.0 < time.monotonic() - begin < 6.0, "25 s less 20 s were left to be played"
    heard = caller.media.hearing(begin)  # by spans: over the whole, a second at its edge weighs little
    assert heard.spans(400 + 80 * 22) and heard.spans(400 + 80 * 24) and not heard.spans(400 + 80 * 10)


def test_component_has_reached_the_end_of_the_document(play):
    path = play.bench.folder / "tone.wav"
    signals.write_wav(path, signals.tone(700, 0.5))
    caller, call = play.call()
    begin = time.monotonic()
    component = ref_of(play.command(call, f"""<output xmlns='urn:xmpp:rayo:output:1'>
 <document content-type='text/uri-list'>file:{path}</document></output>"""))
    play.expect(complete(component, FINISH))
    (start, end), = caller.media.hearing(begin).spans(700)
    assert end - start == pytest.approx(0.5, abs=0.03)


# ---- input ----

@pytest.mark.parametrize("keys", ["1234#", "*9"])
def test_client_requests_dtmf_input_and_one_of_the_grammars_matches(play, keys):
    """The result is NLSML that names mode, confidence and the keys, separated by spaces."""
    caller, call = play.call()
    component = ref_of(play.command(call, INPUT))
    caller.media.press_all(keys)
    done = Complete(play.juliet.expect(lambda s: s.get("from") == component and s.get("type") == "unavailable", "complete"))
    assert done.reason.tag == INPUT_COMPLETE + "match"
    assert done.reason.get("content-type") == "application/nlsml+xml"
    result = ET.fromstring(done.match.strip())
    assert result.tag.split("}")[-1] == "result"
    entered = next(e for e in result.iter() if e.tag.split("}")[-1] == "input")
    assert entered.get("mode") == "dtmf" and float(entered.get("confidence")) in (1, 100)
    assert entered.text.split() == list(keys)


def test_prompt_announces_that_its_input_timers_have_started(play):
    """The words are heard, then the event comes, then the keys match."""
    caller, call = play.call()
    begin = time.monotonic()
    component = ref_of(play.command(call, PROMPT))
    play.expect(f"<presence from='{component}' to='{JULIET}'>"
                "<input-timers-started xmlns='urn:xmpp:rayo:prompt:1'/></presence>")
    assert spectrum_likeness(caller.media.hearing(begin).pcm, signals.speech("Please enter your pin number now.")) > 0.85
    caller.media.press_all("1234#")
    done = Complete(play.juliet.expect(lambda s: s.get("from") == component and s.get("type") == "unavailable", "complete"))
    assert done.reason_name == "match" and "1 2 3 4 #" in done.match


# ---- record ----

def test_client_requests_a_simple_recording_pauses_resumes_and_stops_it(play):
    """The example's uri is 'xmpp:http://…', which is no URI: file: here. A wav of two channels is the dialect's default."""
    caller, call = play.call(play=signals.marks(10))
    component = ref_of(play.command(call, RECORD))
    caller.media.wait_position(8000)
    play.command(component, "<pause xmlns='urn:xmpp:rayo:record:1'/>", "result")
    play.command(component, "<resume xmlns='urn:xmpp:rayo:record:1'/>", "result")
    caller.media.wait_position(12000)
    play.command(component, STOP, "result")
    stanza = play.juliet.expect(lambda s: s.get("from") == component, "complete")
    assert stanza.get("type") == "unavailable" and stanza.get("to") == JULIET
    done = Complete(stanza)
    assert done.reason.tag == "{urn:xmpp:rayo:ext:complete:1}stop"
    assert done.path.suffix == ".wav" and check_file(done).channels == 2
