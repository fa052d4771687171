"""What is in a recording is what was said, when it was said: judged by content, not by the file being there."""

import time

import numpy as np
import pytest

from support import audio, signals
from support.call import check_file
from support.media import Impairment


@pytest.mark.parametrize("codec, ptime", [("PCMU", 10), ("PCMU", 20), ("PCMU", 30), ("PCMU", 40), ("PCMU", 60),
                                          ("PCMA", 20), ("PCMA", 60)])
def test_every_sample_of_every_ptime_and_law_is_recorded_once(bench, codec, ptime):
    client = bench.client()
    source = signals.marks(4)
    phone, jid = bench.answered(client, play=source, codecs=(codec,), ptime=ptime)
    component = client.record(jid, "format='wav' start-beep='false' max-duration='2000'")
    sound = check_file(client.expect_complete(component))
    pieces = audio.story(sound.mono, source)
    assert len(pieces) == 1 and pieces[0][2] >= 1.97, pieces
    at, begun, _ = pieces[0]
    start = int(round((begun - at) * signals.RATE))
    there = sound.mono[max(0, -start) :]
    expected = source[max(0, start) : max(0, start) + len(there)]
    error = there[: len(expected)].astype(float) - expected
    assert audio.level(error) < audio.level(expected) - 30, "the audio is there, but changed"


def test_words_begin_and_end_where_they_were_said(bench):
    """Caller: a mark, a pause, speech, a pause, a mark. In wav and mp3 each lies within 20 ms of where it was said."""
    client = bench.client()
    mark1, mark2, spoken = signals.marks(0.3, seed=1), signals.marks(0.3, seed=2), signals.speech()
    source = signals.join(signals.silence(1), mark1, signals.silence(0.5), spoken, signals.silence(0.5), mark2,
                          signals.silence(5))
    phone, jid = bench.answered(client, play=source)
    components = [client.record(jid, f"format='{f}' start-beep='false'") for f in ("wav", "mp3")]
    phone.media.wait_position(len(source) - signals.samples(4.5))
    client.stop(components[0]), client.stop(components[1])
    for component in components:
        sound = check_file(client.expect_complete(component)).mono
        first, how1 = audio.locate(mark1, sound)
        words, how2 = audio.locate(spoken, sound)
        second, how3 = audio.locate(mark2, sound)
        assert min(how1, how2, how3) > 0.8
        assert (words - first) / 8000 == pytest.approx(0.8, abs=0.02)
        assert (second - first) / 8000 == pytest.approx(0.3 + 0.5 + len(spoken) / 8000 + 0.5, abs=0.02)
        begin, end = words, words + len(spoken)
        assert audio.onset(sound[begin - 1600 : end]) == pytest.approx(0.2 + audio.onset(spoken), abs=0.02)
        assert audio.offset(sound[begin : end + 1600]) == pytest.approx(audio.offset(spoken), abs=0.02)
        assert audio.level(sound[first + 2400 + 400 : words - 400]) < -60, "where silence was is no silence"


def test_a_tone_has_no_gap_and_no_click(bench):
    client = bench.client()
    _, jid = bench.answered(client, play=signals.tone(440, 8))
    components = [client.record(jid, f"format='{f}' start-beep='false' max-duration='3000'") for f in ("wav", "mp3")]
    for component in components:
        sound = check_file(client.expect_complete(component)).mono[800:-800]
        assert audio.gaps(sound, -30) == []
        assert audio.clicks(sound, 1.5) == []
        assert audio.loudest_frequency(sound) == pytest.approx(440, abs=2)


def test_packets_that_come_late_twice_or_in_the_wrong_order_do_no_harm(bench):
    client = bench.client()
    source = signals.marks(6)
    sip_call, jid = bench.call(client, play=source)
    sip_call.media.impairment = Impairment(duplicate=0.1, reorder=0.1, delay=4, delayed=0.05, seed=5)
    client.answer(jid)
    sip_call.wait_answered()
    component = client.record(jid, "format='wav' start-beep='false' max-duration='3000'")
    sound = check_file(client.expect_complete(component))
    pieces = audio.story(sound.mono, source)
    assert len(pieces) == 1 and pieces[0][2] >= 2.97, pieces


def test_a_lost_packet_shifts_nothing_that_comes_after_it(bench):
    client = bench.client()
    source = signals.marks(8)
    sip_call, jid = bench.call(client, play=source)
    sip_call.media.impairment = Impairment(drop=0.05, seed=5)
    client.answer(jid)
    sip_call.wait_answered()
    component = client.record(jid, "format='wav' start-beep='false' max-duration='4000'")
    sound = check_file(client.expect_complete(component))
    shifts = {round((begun - at) * 8000) for at, begun, length in audio.story(sound.mono, source) if length > 0.15}
    assert len(shifts) == 1, f"the recording runs at {len(shifts)} different offsets"


def test_silence_that_a_phone_does_not_send_is_silence_of_the_right_length(bench):
    """Caller's phone suppresses silence: no packets between two words, timestamps go on."""
    client = bench.client()
    one, two = signals.marks(0.6, seed=1), signals.marks(0.6, seed=2)
    sip_call, jid = bench.call(client, play=signals.join(signals.marks(0.3), signals.silence(0.5), one,
                                                         signals.silence(0.9), two, signals.silence(9)))
    sip_call.media.silence_suppression = True
    client.answer(jid)
    sip_call.wait_answered()
    component = client.record(jid, "format='wav' start-beep='false' max-duration='3500'")
    sound = check_file(client.expect_complete(component)).mono
    first, second = audio.locate(one, sound)[0], audio.locate(two, sound)[0]
    assert (second - first) / 8000 == pytest.approx(1.5, abs=0.02)
    assert audio.level(sound[first + 4800 + 400 : second - 400]) < -60


def test_a_caller_who_sends_nothing_is_recorded_as_silence_of_the_right_length(bench):
    client = bench.client()
    _, jid = bench.answered(client, speaks=False)
    component = client.record(jid, "format='wav' start-beep='false' max-duration='2300'")
    sound = check_file(client.expect_complete(component))
    assert sound.samples == 18400 and audio.level(sound.mono) < -60


def test_a_new_source_in_the_middle_goes_on_where_time_stands(bench):
    """The phone changes SSRC, sequence and timestamp at once, as after a transfer."""
    client = bench.client()
    source = signals.marks(10)
    phone, jid = bench.answered(client, play=source)
    component = client.record(jid, "format='wav' start-beep='false' max-duration='3000'")
    phone.media.wait_position(signals.samples(1.5))
    phone.media.change_ssrc()
    sound = check_file(client.expect_complete(component))
    pieces = audio.story(sound.mono, source)
    assert sum(length for _, _, length in pieces) >= 2.8
    shifts = [begun - at for at, begun, _ in pieces]
    assert max(shifts) - min(shifts) <= 0.06


def test_a_recording_can_be_played_while_it_grows(bench):
    """ffprobe and ffmpeg read the spool file in the middle of the call: all but the last second or so is there."""
    bench.start_server()
    client = bench.client()
    source = signals.marks(30)
    phone, jid = bench.answered(client, play=source)
    components = [client.record(jid, f"format='{f}' start-beep='false'") for f in ("wav", "mp3")]
    begun = phone.media.now
    phone.media.wait_position(signals.samples(4))
    growing = bench.server.spooled_files()
    assert len(growing) == 2 and bench.server.recorded_files() == []
    said = (phone.media.now - begun) / signals.RATE
    for path in growing:
        sound = audio.read(path)
        assert sound.seconds >= said - 1.6, f"{path.name}: {sound.seconds} s of {said} s"
        pieces = audio.story(sound.mono, source)
        assert sum(p[2] for p in pieces) >= sound.seconds - 0.4
        assert float(audio.probe(path)["duration"]) > 0
    for component in components:
        client.stop(component)
        check_file(client.expect_complete(component))
    assert bench.server.spooled_files() == [] and len(bench.server.recorded_files()) == 2


def test_names_are_unique_readable_and_built_from_nothing_that_a_peer_sent(bench):
    """Caller has slashes and dots everywhere in its names; file names hold the date, our call id and our component id."""
    client = bench.client()
    phone = bench.phone(user="..%2f..%2fevil", display="../../../../tmp/evil")
    sip_call = phone.invite(headers=[("X-Name", "../../evil")])
    jid = client.expect_offer().get("from")
    client.answer(jid)
    sip_call.wait_answered()
    components = [client.record(jid, "max-duration='100'") for _ in range(3)]
    paths = [client.expect_complete(c).path for c in components]
    assert len(set(paths)) == 3
    for path, component in zip(paths, components):
        name = path.name
        assert bench.server.recordings in path.parents
        assert "evil" not in str(path.relative_to(bench.server.recordings)) and sip_call.call_id not in name
        assert time.strftime("%Y", time.gmtime()) in name
        assert jid.split("@")[0] in name and component.split("/")[1] in name
        assert all(c.isalnum() or c in "-_." for c in name)


def test_telephone_events_leave_the_timeline_alone(bench):
    """Caller presses a key while speaking; what is said after it lies where it was said."""
    client = bench.client()
    source = signals.marks(8)
    phone, jid = bench.answered(client, play=source)
    component = client.record(jid, "format='wav' start-beep='false' max-duration='3000'")
    phone.media.wait_position(signals.samples(1))
    phone.media.press("5", 200)
    sound = check_file(client.expect_complete(component))
    pieces = audio.story(sound.mono, source)
    shifts = [round((begun - at) * 8000) for at, begun, _ in pieces]
    assert len(pieces) == 2 and abs(shifts[0] - shifts[1]) <= 8
    assert pieces[1][0] - (pieces[0][0] + pieces[0][2]) == pytest.approx(0.2, abs=0.045)


def test_ten_callers_at_once_each_have_their_own_words_in_their_own_file(bench):
    client = bench.client()
    lines = []
    for number in range(10):
        source = signals.marks(8, seed=100 + number)
        phone, jid = bench.answered(client, play=source)
        lines.append((source, client.record(jid, "start-beep='false' max-duration='2000'")))
    for number, (source, component) in enumerate(lines):
        sound = check_file(client.expect_complete(component)).mono
        likeness = [audio.locate(sound[8000:9600], other)[1] for other, _ in lines]
        assert int(np.argmax(likeness)) == number and likeness[number] > 0.6
