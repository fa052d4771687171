"""The attributes and hints of <record/>: what each does, and how each bad value is refused before anything is made."""

import pytest

from support import audio, signals
from support.call import Bench, check_file
from support.rayo import record_xml


@pytest.fixture(scope="module")
def line(server, tmp_path_factory):
    """One answered call that a module shares: (client, phone's call, call JID). The caller speaks marks."""
    bench = Bench(tmp_path_factory.mktemp("line"), lambda: server)
    client = bench.client("line")
    phone, jid = bench.answered(client, play=signals.marks(60))
    yield client, phone, jid
    bench.put_away()


def files(server):
    return set(server.recorded_files()) | set(server.spooled_files())


BAD = [
    ("max-duration", "abc"), ("max-duration", "-5"), ("max-duration", "99999999999999999999"), ("max-duration", "0"),
    ("max-duration", ""), ("max-duration", "1.5"), ("max-duration", "10s"), ("max-duration", "+5x"),
    ("initial-timeout", "abc"), ("initial-timeout", "-2"), ("initial-timeout", "99999999999999999999"),
    ("final-timeout", "soon"), ("final-timeout", "-1000"), ("final-timeout", "99999999999999999999"),
    ("start-beep", "maybe"), ("start-beep", ""), ("stop-beep", "2"), ("start-paused", "yes"), ("mix", "TRUEish"),
    ("direction", "up"), ("direction", ""), ("duplex", "both"),
]


@pytest.mark.parametrize("name, value", BAD)
def test_a_bad_value_is_refused_by_a_text_that_names_the_attribute_and_nothing_is_made(server, line, name, value):
    client, _, jid = line
    before = files(server)
    text = client.refused(jid, record_xml(f"{name}='{value}'"), "modify", "bad-request")
    assert name in text, f"the text {text!r} does not name {name}"
    assert files(server) == before
    client.expect_nothing(lambda s: s.name == "presence")


def test_a_hint_without_a_name_is_refused_and_nothing_is_made(server, line):
    client, _, jid = line
    before = files(server)
    text = client.refused(jid, record_xml(children="<hint value='4'/>"), "modify", "bad-request")
    assert "hint" in text and "name" in text
    assert files(server) == before


def test_an_attribute_of_a_foreign_namespace_is_refused_by_name(server, line):
    client, _, jid = line
    before = files(server)
    text = client.refused(jid, record_xml("xmlns:x='urn:example:x' x:colour='red'"), "modify", "bad-request")
    assert "colour" in text
    assert files(server) == before


@pytest.mark.parametrize("hint, value", [("quality", "fine"), ("quality", "11"), ("bitrate", "lots"),
                                         ("bitrate", "-3")])
def test_a_bad_value_of_a_known_hint_is_refused_by_name(server, line, hint, value):
    client, _, jid = line
    before = files(server)
    text = client.refused(jid, record_xml(children=f"<hint name='{hint}' value='{value}'/>"), "modify", "bad-request")
    assert hint in text
    assert files(server) == before


@pytest.mark.parametrize("format_", ["h264", "MP5", "../x", "", "exe"])
def test_an_unknown_format_is_not_implemented_and_nothing_is_made(server, line, format_):
    client, _, jid = line
    before = files(server)
    reply = client.command(jid, record_xml(f"format='{format_}'"))
    assert reply.condition[:2] in [("modify", "feature-not-implemented")] + ([("modify", "bad-request")] if not format_
                                                                             else []), reply
    assert files(server) == before


def test_the_refusal_repeats_the_command_and_then_the_error_with_its_type(line):
    """<iq type='error'> carries the <record/> as it was sent, then <error type='modify'> whose first child is the condition."""
    client, _, jid = line
    reply = client.command(jid, record_xml("max-duration='abc'"))
    assert reply.first.tag == "{urn:xmpp:rayo:record:1}record" and reply.first.get("max-duration") == "abc"
    error = reply.element[1]
    assert error.tag == "{jabber:client}error" and list(error.attrib)[0] == "type"
    assert error[0].tag == "{urn:ietf:params:xml:ns:xmpp-stanzas}bad-request"


def test_formats_channels_and_hints_are_what_was_asked_for(line):
    """Client starts nine recordings of one call at once, each with settings of its own; each file is as its own say."""
    client, phone, jid = line
    wishes = {
        "plain": ("", ""),
        "wav": ("format='wav'", ""),
        "wav two channels": ("format='wav' mix='false'", ""),
        "mp3 two channels": ("format='mp3' mix='0' direction='duplex'", ""),
        "send": ("format='wav' direction='send'", ""),
        "recv": ("format='wav' direction='recv'", ""),
        "old duplex": ("format='wav' duplex='true'", ""),
        "quality": ("", "<hint name='quality' value='9'/><hint name='bitrate' value='16'/>"),
        "unknown hint": ("", "<hint name='double-pass' value='true'/><hint name='colour' value=''/>"),
    }
    components = {name: client.record(jid, attributes + " start-beep='0' max-duration='1500'", children)
                  for name, (attributes, children) in wishes.items()}
    sounds, done = {}, {}
    for name, component in components.items():
        done[name] = client.expect_complete(component)
        sounds[name] = check_file(done[name])
        assert done[name].duration == 1500, name
    assert done["plain"].path.suffix == ".mp3" and done["wav"].path.suffix == ".wav"
    assert {name: s.channels for name, s in sounds.items() if s.channels != 1} == {"wav two channels": 2,
                                                                                   "mp3 two channels": 2}
    source = phone.media.source
    for name in ("plain", "wav", "send", "old duplex", "quality", "unknown hint"):
        pieces = audio.story(sounds[name].mono, source)
        assert len(pieces) == 1 and pieces[0][2] > 1.4, f"{name}: {pieces}"
    for name in ("wav two channels", "mp3 two channels"):
        left, right = sounds[name].pcm
        assert audio.story(left, source)[0][2] > 1.4, name
        assert audio.level(right) < -60, f"{name}: the channel of what the party hears is not silent"
    assert audio.level(sounds["recv"].mono) < -60
    assert len({d.path for d in done.values()}) == len(done), "two recordings share a name"
    assert done["quality"].size < done["plain"].size


def test_the_start_beep_is_heard_by_the_caller_is_not_in_the_recording_and_costs_no_word(bench):
    """Caller speaks all the time; client records with start-beep; caller hears 1000 Hz for about 200 ms; the recording
    holds one unbroken piece of what was said, from the command on."""
    client = bench.client()
    source = signals.marks(10)
    phone, jid = bench.answered(client, play=source)
    phone.media.wait_position(signals.samples(0.5))
    component = client.record(jid, "format='wav' start-beep='true' max-duration='2000'")
    started = phone.media.now / signals.RATE
    sound = check_file(client.expect_complete(component))
    (at, begun, length), = audio.story(sound.mono, source)
    assert at <= 0.02 and length >= 1.97, "something is missing around the beep"
    assert begun <= started + 0.1
    (beep_start, beep_end), = audio.tone_spans(phone.media.heard_pcm(), 1000)
    assert 0.15 <= beep_end - beep_start <= 0.3
    assert audio.tone_level(sound.mono, 1000) < audio.level(source) - 10


def test_start_beep_is_on_by_default_and_can_be_turned_off(bench):
    client = bench.client()
    phone, jid = bench.answered(client)
    off = client.record(jid, "start-beep='false' max-duration='700'")
    client.expect_complete(off)
    assert audio.tone_spans(phone.media.heard_pcm(), 1000) == []
    on = client.record(jid, "max-duration='700'")
    client.expect_complete(on)
    assert len(audio.tone_spans(phone.media.heard_pcm(), 1000)) == 1


def test_the_stop_beep_is_heard_after_a_stop_command_and_the_caller_is_recorded_meanwhile(bench):
    client = bench.client()
    source = signals.marks(10)
    phone, jid = bench.answered(client, play=source)
    component = client.record(jid, "format='wav' start-beep='false' stop-beep='true'")
    phone.media.wait_position(signals.samples(1))
    stopped = phone.media.now / signals.RATE
    client.stop(component)
    done = client.expect_complete(component)
    sound = check_file(done)
    (_, begun, length), = audio.story(sound.mono, source)
    assert begun + length >= stopped - 0.05
    assert audio.tone_level(sound.mono, 1000) < audio.level(source) - 10
    phone.media.wait_position(phone.media.position + signals.samples(0.5))
    (start, end), = audio.tone_spans(phone.media.heard_pcm(), 1000)
    assert 0.15 <= end - start <= 0.3
    assert done.reason_name == "stop"
