"""What a recording of a call holds while the call is joined (XEP-0327 §6.5.6.1): send, recv and duplex, through join,
unjoin, re-join, hold and a move of the party."""

import time

import pytest

from support import audio
from support.call import check_file
from support.hearing import band_level
from support.parties import parties, slow_marks, story

WAV = "format='wav' start-beep='false'"


def spans(pcm, frequency, rate):
    """[(start, end)] in seconds, to a tenth."""
    found, start = [], None
    for tenth in range(int(len(pcm) / rate * 10) + 1):
        piece = pcm[int(tenth * rate / 10) :][: rate // 5]
        there = len(piece) == rate // 5 and band_level(piece, frequency, 0.012, rate) > -36
        if there and start is None:
            start = tenth / 10
        if not there and start is not None:
            found.append((start, tenth / 10 + 0.1))
            start = None
    return found


def lasts(pcm, frequency, rate):
    return sum(end - start for start, end in spans(pcm, frequency, rate))


@pytest.mark.parametrize("direction, own, other", [("send", True, False), ("recv", False, True), ("duplex", True, True)])
@pytest.mark.parametrize("to", ["a call", "a mixer"])
def test_the_direction_says_whose_voice_is_in_it(bench, direction, own, other, to):
    client = bench.client()
    a, b = parties(bench, client, 2)
    if to == "a call":
        client.joined(a.jid, b.jid)
    else:
        client.joined(a.jid, mixer="room"), client.joined(b.jid, mixer="room")
    time.sleep(0.4)
    component = client.record(a.jid, f"{WAV} direction='{direction}' mix='true' max-duration='1200'")
    sound = check_file(client.expect_complete(component))
    assert sound.channels == 1
    assert (lasts(sound.mono, a.tone, sound.rate) > 1) == own
    assert (lasts(sound.mono, b.tone, sound.rate) > 1) == other
    if not own:
        assert band_level(sound.mono, a.tone, 0.012, sound.rate) < -50


def test_duplex_without_mix_has_what_is_sent_left_and_what_is_heard_right(bench):
    client = bench.client()
    a, b = parties(bench, client, 2, ("PCMU", "G722"))
    client.joined(a.jid, b.jid)
    time.sleep(0.4)
    component = client.record(a.jid, f"{WAV} mix='false' max-duration='1200'")
    sound = check_file(client.expect_complete(component))
    left, right = sound.pcm
    for channel, there, not_there in ((left, a, b), (right, b, a)):
        assert band_level(channel, there.tone, 0.012, sound.rate) > -25
        assert band_level(channel, not_there.tone, 0.012, sound.rate) < -50


def test_a_recording_goes_through_join_unjoin_and_rejoin(bench):
    """recv is silent, then the other's voice, silent, and the voice again; send never breaks off."""
    client = bench.client()
    a, b = parties(bench, client, 2)
    component = client.record(a.jid, f"{WAV} mix='false'")
    time.sleep(0.7)
    client.joined(a.jid, b.jid)
    time.sleep(0.9)
    client.unjoined(b.jid, a.jid)
    time.sleep(0.9)
    client.joined(b.jid, a.jid)
    time.sleep(0.9)
    client.stop(component)
    sound = check_file(client.expect_complete(component))
    left, right = sound.pcm
    assert len(spans(left, a.tone, sound.rate)) == 1 and audio.gaps(left[1600:-1600], -40, rate=sound.rate) == []
    first, second = spans(right, b.tone, sound.rate)
    assert 0.5 < first[0] < 1.2 and 0.6 < first[1] - first[0] < 1.3
    assert 0.5 < second[0] - first[1] < 1.2
    assert audio.level(right[int((first[1] + 0.1) * sound.rate) : int((second[0] - 0.1) * sound.rate)]) < -60


def test_who_joins_in_the_middle_is_in_it_from_then_on(bench):
    client = bench.client()
    a, b, c = parties(bench, client, 3)
    client.joined(a.jid, b.jid)
    component = client.record(a.jid, f"{WAV} direction='recv'")
    time.sleep(0.9)
    client.joined(a.jid, c.jid)
    time.sleep(0.9)
    b.leg.bye()
    client.expect_end(b.jid)
    time.sleep(0.9)
    client.stop(component)
    sound = check_file(client.expect_complete(component))
    (_, b_end), = spans(sound.mono, b.tone, sound.rate)
    (c_begin, c_end), = spans(sound.mono, c.tone, sound.rate)
    assert 0.6 < c_begin < 1.4 < b_end < 2.4 < c_end


@pytest.mark.parametrize("what", ["hold", "hold command", "mute", "move"])
def test_a_recording_goes_through_what_happens_to_the_call(bench, what):
    """send is silent while its party is held or muted, and whole when it moves; recv goes on in any case but a hold."""
    client = bench.client()
    a, b = parties(bench, client, 2)
    client.joined(a.jid, b.jid)
    time.sleep(0.4)
    component = client.record(a.jid, f"{WAV} mix='false'")
    time.sleep(0.7)
    begin, end = {
        "hold": (a.leg.hold, a.leg.unhold),
        "hold command": (lambda: client.plain(a.jid, "hold"), lambda: client.plain(a.jid, "unhold")),
        "mute": (lambda: client.plain(a.jid, "mute"), lambda: client.plain(a.jid, "unmute")),
        "move": (lambda: a.leg.reinvite(port=a.media.move_mouth()), a.leg.reinvite)}[what]
    begin()
    time.sleep(0.9)
    end()
    time.sleep(0.7)
    client.stop(component)
    sound = check_file(client.expect_complete(component))
    left, right = sound.pcm
    own = spans(left, a.tone, sound.rate)
    if what == "move":
        assert len(own) == 1 and own[0][1] - own[0][0] > sound.seconds - 0.5
    else:
        assert len(own) == 2 and 0.5 < own[1][0] - own[0][1] < 1.3, own
    if what in ("mute", "move"):
        assert len(spans(right, b.tone, sound.rate)) == 1


def test_both_sides_record_and_hear_the_same_moment_at_the_same_place(bench):
    """Marks of A: in A's own recording (send) and in B's (recv) with no more between than the way takes."""
    client, source = bench.client(), slow_marks(8)
    a, b = parties(bench, client, 2, speak=False)
    client.joined(a.jid, b.jid)
    a.media.play(source)
    time.sleep(0.4)
    components = [client.record(a.jid, f"{WAV} direction='send' max-duration='2000'"),
                  client.record(b.jid, f"{WAV} direction='recv' max-duration='2000'")]
    pieces = []
    for component in components:
        sound = check_file(client.expect_complete(component))
        found = story(sound.mono, source)
        assert sum(p[2] for p in found) > 1.8, found
        pieces.append(found[0])
    apart = (pieces[0][1] - pieces[0][0]) - (pieces[1][1] - pieces[1][0])
    assert -0.06 < apart < 0.2, apart


def test_a_call_that_is_joined_and_recorded_hangs_up_and_its_recording_is_whole(bench):
    client = bench.client()
    a, b = parties(bench, client, 2)
    client.joined(a.jid, b.jid)
    time.sleep(0.4)
    component = client.record(a.jid, f"{WAV} mix='true'")
    time.sleep(1)
    a.leg.bye()
    done = client.expect_complete(component)
    assert done.reason_name == "hangup"
    sound = check_file(done)
    assert lasts(sound.mono, a.tone, sound.rate) > 0.8 and lasts(sound.mono, b.tone, sound.rate) > 0.8
