"""The machine stops for a while (SIGSTOP, SIGCONT): what the sockets still hold is caught up, and time is kept."""

import signal

import numpy as np
import pytest

from support import audio, signals
from support.call import check_file, sidecar
from support.compare import compare_call


def stopped_for(server, media, seconds):
    """The server does nothing while the phone speaks so many seconds."""
    server.signal(signal.SIGSTOP)
    try:
        media.wait_position(media.position + signals.samples(seconds))
    finally:
        server.signal(signal.SIGCONT)


@pytest.mark.parametrize("codec", ["PCMU", "L16/16000"])
def test_a_stop_of_two_seconds_loses_nothing(bench, codec):
    server = bench.start_server()
    client = bench.client()
    phone, jid = bench.answered(client, play=signals.marks(20), codecs=(codec,))
    components = [client.record(jid, f"format='{f}' start-beep='false' mix='false'") for f in ("wav", "mp3")]
    phone.media.wait_position(signals.samples(1.5))
    stopped_for(server, phone.media, 2)
    phone.media.wait_position(phone.media.position + signals.samples(2))
    for component in components:
        client.stop(component)
    wav, mp3 = (client.expect_complete(component) for component in components)
    sound = check_file(wav)
    found = compare_call(sound, phone.media)
    assert found.is_exact, (found.jumps, found.missing)
    assert audio.level(sound.pcm[1]) < -90 and sound.seconds > 5
    lossy = check_file(mp3)
    assert lossy.seconds == pytest.approx(sound.seconds, abs=0.1)
    found = compare_call(lossy, phone.media)
    assert found.jumps == [] and found.missing == []
    assert sidecar(wav)["packets"]["lost"] == 0 and sidecar(wav)["milliseconds"]["lost"] == 0


def test_ten_calls_at_once_are_caught_up_too(bench):
    server = bench.start_server()
    client = bench.client()
    lines = []
    for number in range(10):
        phone, jid = bench.answered(client, play=signals.marks(30, seed=50 + number))
        lines.append((phone, client.record(jid, "format='wav' start-beep='false'")))
    last = lines[-1][0].media
    last.wait_position(last.position + signals.samples(1))
    stopped_for(server, last, 2)
    last.wait_position(last.position + signals.samples(1.5))
    for phone, component in lines:
        client.stop(component)
        found = compare_call(check_file(client.expect_complete(component)), phone.media)
        assert found.is_exact, (phone.phone.user, found.jumps, found.missing)


def test_after_a_stop_of_six_seconds_whatever_is_missing_is_silence_and_told(bench):
    """More than some sockets hold. Nothing is shifted; the duration is that of the call; what is missing is digital
    silence, and the sidecar counts it."""
    server = bench.start_server()
    client = bench.client()
    source = signals.marks(30)
    phone, jid = bench.answered(client, play=source)
    component = client.record(jid, "format='wav' start-beep='false'")
    phone.media.wait_position(signals.samples(1.5))
    stopped_for(server, phone.media, 6)
    phone.media.wait_position(phone.media.position + signals.samples(2))
    client.stop(component)
    complete = client.expect_complete(component)
    sound = check_file(complete)
    found = compare_call(sound, phone.media)
    assert found.jumps == [], "time was lost or won"
    missing = [at for at in found.missing]
    for at in missing:
        assert audio.level(sound.mono[int(at * 8000) + 80 : int(at * 8000) + 160]) < -90
    told = sidecar(complete)["milliseconds"]
    assert told["lost"] + told["repaired"] + told["silent"] == pytest.approx(20 * len(missing), abs=60)
    assert found.is_exact or missing
    assert np.all(sound.mono[-8000:] != 0) or audio.level(sound.mono[-8000:]) > -30, "it does not go on afterwards"


def test_a_stop_while_nobody_speaks_is_as_long_in_the_file_as_it_was(bench):
    server = bench.start_server()
    client = bench.client()
    phone, jid = bench.call(client)
    phone.media.silence_suppression = True
    client.answer(jid)
    phone.wait_answered()
    component = client.record(jid, "format='wav' start-beep='false'")
    one, two = signals.marks(0.6, seed=1), signals.marks(0.6, seed=2)
    phone.media.play(signals.join(signals.silence(0.4), one, signals.silence(4), two))
    phone.media.wait_position(phone.media.position + signals.samples(2))
    stopped_for(server, phone.media, 2)
    phone.media.wait_played()
    client.stop(component)
    sound = check_file(client.expect_complete(component)).mono
    assert audio.locate(two, sound)[0] - audio.locate(one, sound)[0] == pytest.approx(36800, abs=160)
