"""Commands to what is being played (XEP-0327 §6.5.3.2): judged by what is heard."""

import time

import pytest

from support import audio, signals
from support.rayo_verbs import OUTPUT
from support.sounds import Sounds


@pytest.fixture
def playing(bench):
    """Marks of twelve seconds are being played: (client, the party's side, component, the marks)."""
    sounds = Sounds(bench)
    client = bench.client(caps=True)
    leg, jid = bench.answered(client)
    source = signals.marks(12, dbfs=-24)
    component = client.output(jid, uris=[sounds.wav(source)])
    time.sleep(0.5)
    return client, leg, component, source


def places(heard, source, alike=0.6):
    """[(at, said, seconds)] of what was heard."""
    return [p for p in audio.story(heard.pcm, source, alike=alike) if p[2] > 0.08]


def test_a_pause_is_silent_and_resume_goes_on_where_it_was(playing):
    client, leg, component, source = playing
    before = leg.media.listen(0.4)
    client.steer(component, "pause")
    client.steer(component, "pause")  # twice is once
    leg.media.listen(0.2)
    assert leg.media.listen(0.5).is_silent()
    client.steer(component, "resume")
    after = leg.media.listen(0.8)
    (_, said, length), (_, then, _) = places(before, source)[-1], places(after, source)[0]
    assert said < then < said + length + 0.5, "what was paused was lost, or said again"


@pytest.mark.parametrize("direction, amount, jump", [("forward", 3000, 3.0), ("back", 10000, None), ("forward", 700, 0.7)])
def test_seek_moves_the_play_marker(playing, direction, amount, jump):
    """Back beyond the beginning is the beginning."""
    client, leg, component, source = playing
    begin = time.monotonic()
    time.sleep(0.4)
    client.steer(component, "seek", f"direction='{direction}' amount='{amount}'")
    time.sleep(0.7)
    pieces = places(leg.media.hearing(begin), source)
    offsets = [said - at for at, said, _ in pieces]
    if jump is None:
        assert any(said < 0.15 for _, said, _ in pieces[1:]), pieces
    else:
        assert offsets[-1] - offsets[0] == pytest.approx(jump, abs=0.12), pieces


def test_seek_beyond_the_end_finishes(playing):
    client, _, component, _ = playing
    client.steer(component, "seek", "direction='forward' amount='20000'")
    assert client.expect_complete(component, 3).reason_name == "finish"


@pytest.mark.parametrize("verb, louder", [("volume-up", True), ("volume-down", False)])
def test_volume_changes_by_a_step_and_back(playing, verb, louder):
    client, leg, component, _ = playing
    before = leg.media.listen(0.5).level
    client.steer(component, verb)
    leg.media.listen(0.2)
    after = leg.media.listen(0.5).level
    assert (2 < after - before < 12) if louder else (-12 < after - before < -2), (before, after)
    client.steer(component, "volume-down" if louder else "volume-up")
    leg.media.listen(0.2)
    assert leg.media.listen(0.5).level == pytest.approx(before, abs=1.5)


@pytest.mark.parametrize("verb", ["speed-up", "speed-down"])
def test_speed_changes_and_pitch_does_not(bench, verb):
    """A tone keeps its frequency; the whole takes less, or more, time."""
    sounds = Sounds(bench)
    client = bench.client(caps=True)
    leg, jid = bench.answered(client)
    component = client.output(jid, uris=[sounds.tone(600, 3)])
    begin = time.monotonic()
    for _ in range(3):
        client.steer(component, verb)
    leg.media.listen(0.3)
    heard = leg.media.listen(0.5)
    assert audio.loudest_frequency(heard.pcm) == pytest.approx(600, abs=12)
    client.expect_complete(component)
    took = time.monotonic() - begin
    assert took < 2.8 if verb == "speed-up" else took > 3.3, took


@pytest.mark.parametrize("verb", ["pause", "resume", "speed-up", "speed-down", "volume-up", "volume-down"])
def test_commands_must_be_empty(playing, verb):
    client, _, component, _ = playing
    client.refused(component, f"<{verb} xmlns='{OUTPUT}' much='1'/>", "modify", "bad-request")
    client.refused(component, f"<{verb} xmlns='{OUTPUT}'><x/></{verb}>", "modify", "bad-request")


def test_speed_and_volume_have_limits_and_the_sound_survives_them(playing):
    client, leg, component, _ = playing
    for verb in ("speed-up", "volume-up", "speed-down", "volume-down"):
        for _ in range(25):
            reply = client.command(component, f"<{verb} xmlns='{OUTPUT}'/>")
            assert reply.get("type") == "result" or reply.condition[1] in ("item-not-found", "unexpected-request",
                                                                           "resource-constraint"), reply
    assert leg.media.listen(0.3).packets > 5
