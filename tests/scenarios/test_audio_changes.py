"""Whatever a call goes through, there is one file of it, on one timeline: changes of codec, address, ptime, direction and
source, holds of every style, silence that was not sent."""

import random

import numpy as np
import pytest

from support import audio, codecs, signals
from support.call import check_file, sidecar
from support.compare import compare, compare_call
from support.phone import HOLDS


def recording(bench, client=None, attributes="format='wav'", before=None, **call):
    """A call that is being recorded: (client, phone, jid, component). `before(media)` is done before the first packet."""
    client = client or bench.client()
    phone, jid = bench.call(client, **call)
    if before:
        before(phone.media)
    client.answer(jid)
    phone.wait_answered()
    return client, phone, jid, client.record(jid, f"{attributes} start-beep='false'")


def finished(client, component):
    client.stop(component)
    complete = client.expect_complete(component)
    return complete, check_file(complete)


def change(phone, number, dice):
    """One of the changes that a call goes through, by re-INVITE."""
    kind = ("codec", "ptime", "port", "direction", "address")[number % 5]
    if kind == "codec":
        phone.reinvite(codecs=(("PCMA",), ("L16/8000",), ("PCMU",))[number // 5 % 3])
    elif kind == "ptime":
        phone.reinvite(ptime=dice.choice((10, 20, 30, 40, 60)))
    elif kind in ("port", "address"):
        address = f"127.0.0.{dice.randrange(2, 100)}" if kind == "address" else "127.0.0.1"
        port = phone.media.move_mouth(address)
        phone.reinvite(port=port, address=address)
    else:
        phone.reinvite(direction=dice.choice(("sendonly", "sendrecv")))


def test_a_hundred_changes_in_one_call_cost_no_word_and_make_no_noise(bench):
    """Caller speaks without a pause while its phone re-INVITEs a hundred times: codec, ptime, port, address, direction."""
    source = signals.marks(120)
    client, phone, jid, component = recording(bench, play=source)
    dice = random.Random(4)
    for number in range(100):
        phone.media.wait_position(phone.media.position + 800)
        change(phone, number, dice)
    phone.media.wait_position(phone.media.position + 8000)
    assert not phone.ended
    complete, sound = finished(client, component)
    found = compare(sound.mono, source, sound.rate)
    assert found.jumps == [] and found.missing == [], (found.jumps, found.missing)
    assert min(found.snr) > 20, "something else than what was said is in the recording"
    assert sound.seconds > 10
    client.expect_nothing(lambda s: s.name == "presence")


@pytest.mark.parametrize("style", HOLDS)
def test_a_hold_of_any_style_is_silence_of_its_length(bench, style):
    """Caller holds for a second and a half, sending nothing, and speaks on: in the file both lie as far apart as in time."""
    source = signals.marks(20)
    client, phone, jid, component = recording(bench, play=source)
    phone.media.wait_position(8000)
    assert phone.hold(style).status == 200
    phone.media.wait_position(phone.media.position + 12000)
    assert phone.unhold().status == 200
    phone.media.wait_position(phone.media.position + 9000)
    complete, sound = finished(client, component)
    pieces = [p for p in audio.story(sound.mono, source) if p[2] > 0.3]
    assert len(pieces) == 2, pieces
    (at1, said1, length1), (at2, said2, _) = pieces
    assert at2 - at1 == pytest.approx(said2 - said1, abs=0.02)
    assert audio.level(sound.mono[int((at1 + length1 + 0.1) * 8000) : int((at2 - 0.1) * 8000)]) < -60
    quiet = sum(span["length"] for span in sidecar(complete)["map"] if span["kind"] in ("held", "silent"))
    assert quiet / sound.rate == pytest.approx(at2 - at1 - length1, abs=0.3)


def test_music_on_hold_that_the_caller_sends_is_recorded(bench):
    """sendonly with packets that go on: they are what the party sends."""
    source = signals.marks(10)
    client, phone, jid, component = recording(bench, play=source)
    phone.media.wait_position(8000)
    phone.reinvite(direction="sendonly")
    phone.media.wait_position(24000)
    _, sound = finished(client, component)
    found = compare_call(sound, phone.media)
    assert found.is_exact


@pytest.mark.parametrize("noise", [False, True])
def test_a_phone_that_suppresses_silence_keeps_its_time(bench, noise):
    """Six words with pauses of different lengths, of which nothing (or one packet of comfort noise) is sent."""
    pauses = (0.3, 0.52, 0.7, 1.1, 0.24)
    words = [signals.marks(0.5, seed=40 + n) for n in range(6)]
    said = signals.join(signals.silence(0.3), *(part for word, pause in zip(words, (*pauses, 0)) for part in (word, signals.silence(pause))))

    def quiet(media):
        media.silence_suppression = True
        media.comfort_noise = codecs.comfort_noise(70) if noise else None

    client, phone, jid, component = recording(bench, before=quiet, codecs=("PCMU", "CN") if noise else ("PCMU",))
    phone.media.play(said)
    phone.media.wait_played()
    _, sound = finished(client, component)
    places = [audio.locate(word, sound.mono)[0] for word in words]
    expected = np.cumsum([0, *(8000 * (0.5 + pause) for pause in pauses)])
    assert np.abs(np.array(places) - places[0] - expected).max() <= 160, places


@pytest.mark.parametrize("seconds", [3600, -7, 0.5, -0.04])
def test_a_jump_of_the_timestamp_is_no_jump_of_the_time(bench, seconds):
    """The phone's timestamps jump without a pause in what it sends, and back later: the recording goes on where it was."""
    source = signals.marks(10)
    client, phone, jid, component = recording(bench, play=source)
    phone.media.wait_position(10000)
    phone.media.jump_timestamp(seconds)
    phone.media.wait_position(26000)
    _, sound = finished(client, component)
    pieces = audio.story(sound.mono, source)
    shifts = [begun - at for at, begun, length in pieces if length > 0.2]
    assert max(shifts) - min(shifts) <= 0.06, pieces
    assert sum(length for *_, length in pieces) >= sound.seconds - 0.3, pieces


def test_sources_that_change_again_and_again_lose_nothing_to_speak_of(bench):
    source = signals.marks(20)
    client, phone, jid, component = recording(bench, play=source)
    for number in range(10):
        phone.media.wait_position(phone.media.position + 4000)
        phone.media.change_ssrc()
    phone.media.wait_position(phone.media.position + 4000)
    _, sound = finished(client, component)
    pieces = audio.story(sound.mono, source)
    shifts = [begun - at for at, begun, length in pieces if length > 0.2]
    assert max(shifts) - min(shifts) <= 0.06, pieces
    assert sum(length for *_, length in pieces) >= sound.seconds - 0.6, pieces


@pytest.mark.parametrize("codec", ["PCMU", "L16/16000", "OPUS"])
def test_numbers_that_wrap_change_nothing(bench, codec):
    """Sequence numbers and timestamps start just below where they wrap."""
    def wrapping(media):
        media.sequence, media.timestamp_base = 65530, (1 << 32) - 5000

    rate = codecs.CODECS[codec].rate
    client, phone, jid, component = recording(bench, before=wrapping, codecs=(codec,), rate=rate,
                                              play=signals.marks(5, rate=rate))
    phone.media.wait_position(16000)
    _, sound = finished(client, component)
    found = compare_call(sound, phone.media)
    assert found.jumps == [] and found.missing == []
    assert found.is_exact or codec == "OPUS"


def test_a_phone_that_changes_its_ptime_without_saying_so_is_followed(bench):
    source = signals.marks(10)
    client, phone, jid, component = recording(bench, play=source)
    for ptime in (10, 60, 30, 120, 20, 40):
        phone.media.wait_position(phone.media.position + 4000)
        phone.media.ptime = ptime
    phone.media.wait_position(phone.media.position + 4000)
    _, sound = finished(client, component)
    found = compare(sound.mono, source, sound.rate)
    assert found.jumps == [] and found.missing == [] and min(found.snr) > 20


def test_an_interruption_is_made_up_for_if_the_packets_come_after_all(bench):
    """The network holds everything back for 150 ms, time and again, then delivers it at once: within record-depth."""
    client, phone, jid, component = recording(bench, play=signals.marks(10))
    for _ in range(4):
        phone.media.wait_position(phone.media.position + 6000)
        phone.media.stall(0.15)
    phone.media.wait_position(phone.media.position + 6000)
    _, sound = finished(client, component)
    assert compare_call(sound, phone.media).is_exact


@pytest.mark.parametrize("format_, wide", [("wav", "L16/16000"), ("wav", "OPUS"), ("flac", "L16/48000"), ("mp3", "G722")])
def test_a_call_that_becomes_wide_is_one_file_at_the_wide_rate(bench, format_, wide):
    """PCMU for two seconds, then another codec by re-INVITE: all of both in one file of the wider rate. A decoder that
    begins in the middle of a word takes some packets to find its feet, and Opus is 6.5 ms behind by itself."""
    narrow_source = signals.marks(30)
    client, phone, jid, component = recording(bench, attributes=f"format='{format_}'", play=narrow_source,
                                              encoder=dict(bitrate=64000, application="audio") if wide == "OPUS" else {})
    phone.media.wait_position(16000)
    assert phone.reinvite(codecs=(wide,)).status == 200
    phone.media.wait_position(phone.media.position + 20000)
    client.stop(component)
    complete = client.expect_complete(component)
    sound = check_file(complete)
    rate = codecs.CODECS[wide].rate
    assert sound.rate == rate
    found = compare(sound.mono, signals.resample(narrow_source, 8000, rate), rate)
    assert abs(found.worst_place) <= 8 and found.missing_ms <= 100, (found.jumps, found.missing)
    assert sound.seconds > 4
    assert len([p for p in bench.server.recorded_files() if p.stem.startswith(complete.path.stem)]) == 1


def test_a_call_that_becomes_narrow_again_stays_wide_in_the_file(bench):
    source = signals.marks(30)
    client, phone, jid, component = recording(bench, play=source, codecs=("L16/16000",))
    phone.media.wait_position(12000)
    assert phone.reinvite(codecs=("PCMU",)).status == 200
    phone.media.wait_position(phone.media.position + 12000)
    _, sound = finished(client, component)
    assert sound.rate == 16000
    found = compare(sound.mono, signals.resample(source, 8000, 16000), 16000)
    assert abs(found.worst_place) <= 20 and found.missing == [], (found.jumps, found.missing)
