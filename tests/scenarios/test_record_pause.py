"""Pause, resume, stop: what was said while paused is not in the file, everything else is, in one file without a seam."""

import numpy as np
import pytest

from support import audio, signals
from support.call import check_file

SLACK = 0.08  # seconds: a packet, a tick and the way of a command through a busy machine


def span(media, action):
    """Does it; returns between which positions of the caller's clock it took effect."""
    before = media.now / signals.RATE
    action()
    return before - SLACK, media.now / signals.RATE + SLACK


@pytest.fixture
def speaking(bench):
    client = bench.client()
    source = signals.marks(20)
    phone, jid = bench.answered(client, play=source)
    return client, phone, jid, source


def test_what_is_said_while_paused_is_not_recorded_and_all_else_is(speaking):
    client, phone, jid, source = speaking
    component = client.record(jid, "format='wav' start-beep='false'")
    phone.media.wait_position(signals.samples(1))
    paused = span(phone.media, lambda: client.pause(component))
    phone.media.wait_position(signals.samples(2))
    resumed = span(phone.media, lambda: client.resume(component))
    phone.media.wait_position(signals.samples(3))
    stopped = span(phone.media, lambda: client.stop(component))
    sound = check_file(client.expect_complete(component))
    first, second = audio.story(sound.mono, source)
    assert first[0] == pytest.approx(0, abs=0.02)
    assert paused[0] <= first[1] + first[2] <= paused[1]
    assert resumed[0] <= second[1] <= resumed[1]
    assert stopped[0] <= second[1] + second[2] <= stopped[1]
    assert second[0] - (first[0] + first[2]) == pytest.approx(0, abs=0.02), "something lies between the two pieces"


def test_in_an_mp3_the_cut_is_as_clean(speaking):
    client, phone, jid, source = speaking
    component = client.record(jid, "start-beep='false'")
    phone.media.wait_position(signals.samples(1))
    paused = span(phone.media, lambda: client.pause(component))
    phone.media.wait_position(signals.samples(1.6))
    resumed = span(phone.media, lambda: client.resume(component))
    phone.media.wait_position(signals.samples(2.6))
    client.stop(component)
    first, second = audio.story(check_file(client.expect_complete(component)).mono, source)
    assert paused[0] - 0.02 <= first[1] + first[2] <= paused[1] + 0.02
    assert resumed[0] - 0.02 <= second[1] <= resumed[1] + 0.02


def test_each_tone_of_a_staircase_that_sounded_while_paused_is_missing(bench):
    """Caller plays another tone each half second; paused during some of them; the file can be read off."""
    client = bench.client()
    phone, jid = bench.answered(client, play=signals.staircase(4, 0.5))
    component = client.record(jid, "format='wav' start-beep='false'")
    phone.media.wait_position(signals.samples(1.25))
    client.pause(component)
    phone.media.wait_position(signals.samples(2.75))
    client.resume(component)
    phone.media.wait_position(signals.samples(3.9))
    client.stop(component)
    sound = check_file(client.expect_complete(component))
    there = [f for f in range(400, 1200, 100) if audio.tone_spans(sound.mono, f)]
    assert there == [400, 500, 600, 900, 1000, 1100]


def test_pausing_twice_and_resuming_twice_are_acknowledged_and_change_nothing(speaking):
    client, phone, jid, source = speaking
    component = client.record(jid, "format='wav' start-beep='false'")
    client.resume(component)
    phone.media.wait_position(signals.samples(0.8))
    client.pause(component)
    phone.media.wait_position(signals.samples(1.2))
    client.pause(component)
    phone.media.wait_position(signals.samples(1.6))
    resumed = span(phone.media, lambda: client.resume(component))
    client.resume(component)
    phone.media.wait_position(signals.samples(2.4))
    client.stop(component)
    first, second = audio.story(check_file(client.expect_complete(component)).mono, source)
    assert resumed[0] <= second[1] <= resumed[1]


def test_a_paused_recording_can_be_stopped(speaking):
    client, phone, jid, source = speaking
    component = client.record(jid, "format='wav' start-beep='false'")
    phone.media.wait_position(signals.samples(0.8))
    paused = span(phone.media, lambda: client.pause(component))
    phone.media.wait_position(signals.samples(1.4))
    client.stop(component)
    done = client.expect_complete(component)
    assert done.reason_name == "stop"
    (_, begun, length), = audio.story(check_file(done).mono, source)
    assert paused[0] <= begun + length <= paused[1]


def test_a_recording_that_starts_paused_holds_only_what_came_after_the_resume(speaking):
    client, phone, jid, source = speaking
    component = client.record(jid, "format='wav' start-beep='false' start-paused='true'")
    phone.media.wait_position(signals.samples(0.8))
    resumed = span(phone.media, lambda: client.resume(component))
    phone.media.wait_position(signals.samples(1.8))
    client.stop(component)
    (at, begun, _), = audio.story(check_file(client.expect_complete(component)).mono, source)
    assert at == pytest.approx(0, abs=0.02)
    assert resumed[0] <= begun <= resumed[1]


def test_a_recording_that_was_never_resumed_is_empty_and_still_a_file(speaking):
    client, phone, jid, _ = speaking
    components = [client.record(jid, f"format='{f}' start-beep='false' start-paused='1'") for f in ("wav", "mp3")]
    phone.media.wait_position(signals.samples(0.5))
    for component in components:
        client.stop(component)
        done = client.expect_complete(component)
        assert done.duration == 0 and done.size > 0
        assert done.path.stat().st_size == done.size


def test_paused_time_counts_for_no_limit(speaking):
    """max-duration 1500, paused for over a second in between: 1500 ms of what was said outside the pause."""
    client, phone, jid, source = speaking
    component = client.record(jid, "format='wav' start-beep='false' max-duration='1500'")
    phone.media.wait_position(signals.samples(0.7))
    client.pause(component)
    phone.media.wait_position(signals.samples(2.4))
    client.expect_nothing(lambda s: s.name == "presence")
    client.resume(component)
    done = client.expect_complete(component)
    sound = check_file(done)
    assert sound.samples == 12000
    assert len(audio.story(sound.mono, source)) == 2


def test_a_pause_makes_no_click(bench):
    """Caller plays one steady tone; at the seam the sound jumps no further than it does by itself."""
    client = bench.client()
    phone, jid = bench.answered(client, play=signals.tone(440, 10))
    component = client.record(jid, "format='wav' start-beep='false'")
    for at in (0.6, 0.9, 1.2, 1.5):
        phone.media.wait_position(signals.samples(at))
        client.pause(component)
        phone.media.wait_position(signals.samples(at + 0.13))
        client.resume(component)
    phone.media.wait_position(signals.samples(2))
    client.stop(component)
    sound = check_file(client.expect_complete(component)).mono[400:-400]
    assert audio.clicks(sound, factor=1.5) == []
    assert np.all(audio.levels(sound, 0.02) > -25), "the tone stops somewhere"
