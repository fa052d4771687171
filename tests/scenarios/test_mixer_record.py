"""Recordings of a conference (XEP-0327 §6.5.6.1): everyone is in it, all of record's attributes work, and it ends when the
mixer does. One channel or one file a participant, aligned and named."""

import time

import numpy as np
import pytest

from support import audio, signals
from support.call import check_file, hints, sidecar
from support.parties import SETTLE, check_heard, parties
from support.rayo import record_xml
from support.sounds import Sounds

WAV = "format='wav' start-beep='false'"


@pytest.fixture
def room(bench):
    """Three parties who speak, in a mixer: (client, members, mixer JID)."""
    client = bench.client()
    members = parties(bench, client, 3)
    mixer = [client.joined(one.jid, mixer="room") for one in members][0]
    time.sleep(SETTLE)
    return client, members, mixer


def levels(pcm, members, rate=8000):
    return {one.tone: round(audio.tone_level(pcm, one.tone, rate), 1) for one in members}


@pytest.mark.parametrize("direction", ["recv", "duplex", None])
def test_everyone_is_recorded(room, direction):
    """recv is all participants, duplex a clone of it, and the default."""
    client, members, mixer = room
    how = f" direction='{direction}'" if direction else ""
    component = client.record(mixer, f"{WAV} mix='true' max-duration='1500'{how}")
    sound = check_file(client.expect_complete(component))
    assert sound.channels == 1 and sound.seconds == 1.5
    assert min(levels(sound.mono[1600:], members, sound.rate).values()) > -28
    assert audio.gaps(sound.mono[1600:-1600], -40) == []


def test_send_is_refused(room):
    client, _, mixer = room
    client.refused(mixer, record_xml("direction='send'"), "modify", "feature-not-implemented")


def test_a_participant_is_in_it_from_its_join_to_its_leave(bench):
    client = bench.client()
    a, b, c = parties(bench, client, 3)
    mixer = client.joined(a.jid, mixer="room")
    client.joined(b.jid, mixer="room")
    component = client.record(mixer, f"{WAV} mix='true'")
    time.sleep(1.0)
    client.joined(c.jid, mixer="room")
    time.sleep(1.0)
    client.unjoined(b.jid, mixer="room", mixer_jid=mixer)
    time.sleep(1.0)
    client.stop(component)
    sound = check_file(client.expect_complete(component))
    spans = {one.tone: [(i / 10, (i + 2) / 10) for i in range(0, int(sound.seconds * 10) - 2, 2)
                        if audio.tone_level(sound.mono[int(i * sound.rate / 10) :][: sound.rate // 5], one.tone,
                                            sound.rate) > -35] for one in (a, b, c)}
    assert spans[a.tone][0][0] < 0.3 and spans[a.tone][-1][1] > sound.seconds - 0.5
    assert spans[b.tone][0][0] < 0.3 and 1.7 < spans[b.tone][-1][1] < 2.5
    assert 0.7 < spans[c.tone][0][0] < 1.5 and spans[c.tone][-1][1] > sound.seconds - 0.5


def test_what_is_played_to_the_mixer_is_recorded_and_what_is_whispered_to_one_is_not(bench):
    sounds = Sounds(bench)
    client = bench.client()
    members = parties(bench, client, 2, speak=False)
    mixer = [client.joined(one.jid, mixer="room") for one in members][0]
    component = client.record(mixer, f"{WAV} mix='true'")
    outputs = [client.output(mixer, uris=[sounds.tone(700, 1)]),
               client.output(members[0].jid, uris=[sounds.tone(1900, 1)])]
    for one in outputs:
        client.expect_complete(one)
    time.sleep(0.4)
    client.stop(component)
    sound = check_file(client.expect_complete(component))
    spans = audio.tone_spans(sound.mono, 700, rate=sound.rate)
    assert len(spans) == 1 and spans[0][1] - spans[0][0] == pytest.approx(1, abs=0.05)
    assert audio.tone_spans(sound.mono, 1900, -50, rate=sound.rate) == []


def test_beeps_go_into_the_mixer_and_not_into_the_recording(bench):
    """The start-beep is heard by every participant."""
    client = bench.client()
    members = parties(bench, client, 2, speak=False)
    mixer = [client.joined(one.jid, mixer="room") for one in members][0]
    begin = time.monotonic()
    component = client.record(mixer, "format='wav' start-beep='true' stop-beep='true' mix='true'")
    time.sleep(1.2)
    client.stop(component)
    sound = check_file(client.expect_complete(component))
    time.sleep(0.3)
    for one in members:
        assert len(one.media.hearing(begin).spans(1000)) == 2, "start-beep and stop-beep"
    assert audio.tone_spans(sound.mono, 1000, rate=sound.rate)[:1] == []


@pytest.mark.parametrize("attributes, speaks, reason, seconds", [
    ("max-duration='700'", True, "success", 0.7), ("initial-timeout='800'", False, "error", 0.8),
    ("final-timeout='700'", True, "success", None)])
def test_its_limits_are_judged_by_everybody_together(bench, attributes, speaks, reason, seconds):
    """As record-api.txt names the reasons. final-timeout: silence of all of them."""
    client = bench.client()
    a, b = parties(bench, client, 2, speak=False)
    mixer = client.joined(a.jid, mixer="room")
    client.joined(b.jid, mixer="room")
    component = client.record(mixer, f"{WAV} mix='true' {attributes}")
    if speaks:
        a.media.play(signals.speech("Hello there."))
        b.media.play(signals.join(signals.silence(0.9), signals.speech("Hello to you too.")))
    done = client.expect_complete(component)
    assert done.reason_name == reason
    sound = check_file(done)
    assert sound.seconds == pytest.approx(seconds or sound.seconds, abs=0.001)
    if seconds is None:
        words = 0.9 + len(signals.speech("Hello to you too.")) / 8000
        assert words + 0.5 < sound.seconds < words + 1.4


def test_pause_and_resume(room):
    client, members, mixer = room
    component = client.record(mixer, f"{WAV} mix='true' start-paused='true'")
    time.sleep(0.5)
    client.resume(component)
    time.sleep(0.6)
    client.pause(component)
    time.sleep(0.8)
    client.resume(component)
    time.sleep(0.6)
    client.stop(component)
    sound = check_file(client.expect_complete(component))
    assert sound.seconds == pytest.approx(1.2, abs=0.25)
    assert min(levels(sound.mono[1600:], members, sound.rate).values()) > -30


@pytest.mark.parametrize("how", ["everyone leaves", "everyone hangs up"])
def test_it_ends_with_the_mixer_for_hangup(room, how):
    client, members, mixer = room
    component = client.record(mixer, f"{WAV} mix='true'")
    begun = time.monotonic()
    time.sleep(0.7)
    for one in members:
        client.unjoin(one.jid, mixer="room") if how == "everyone leaves" else one.leg.bye()
    lasted = time.monotonic() - begun
    done = client.expect_complete(component)
    assert done.reason.tag == "{urn:xmpp:rayo:ext:complete:1}hangup"
    gone = client.expect_gone(mixer)
    assert done.stanza.number < gone.number
    assert 0.5 < check_file(done).seconds < lasted + 1, "it outlives its mixer"


def test_it_goes_on_while_anybody_is_left(room):
    client, members, mixer = room
    component = client.record(mixer, f"{WAV} mix='true'")
    members[0].leg.bye(), members[1].leg.bye()
    client.expect_end(members[0].jid), client.expect_end(members[1].jid)
    time.sleep(0.8)
    client.stop(component)
    done = client.expect_complete(component)
    assert done.reason_name == "stop" and check_file(done).seconds > 0.7


def test_several_recordings_of_one_mixer_and_of_its_calls_run_side_by_side(room):
    client, members, mixer = room
    whole = client.record(mixer, f"{WAV} mix='true' max-duration='1200'")
    other = client.record(mixer, "format='flac' start-beep='false' mix='true' max-duration='1200'")
    alone = client.record(members[0].jid, f"{WAV} direction='send' max-duration='1200'")
    for component, expected in ((whole, members), (other, members), (alone, members[:1])):
        sound = check_file(client.expect_complete(component))
        found = levels(sound.mono[1600:], members, sound.rate)
        assert {tone for tone, level in found.items() if level > -38} == {one.tone for one in expected}, found
    check_heard([(one, [other for other in members if other is not one]) for one in members])


# ---- a channel or a file for each participant ----

def test_without_mix_each_participant_has_a_channel_of_its_own(room):
    client, members, mixer = room
    component = client.record(mixer, f"{WAV} mix='false' max-duration='1500'")
    done = client.expect_complete(component)
    sound = check_file(done)
    assert sound.channels == len(members)
    owners = []
    for channel in sound.pcm:
        found = {one.jid: audio.tone_level(channel[1600:], one.tone, sound.rate) for one in members}
        loud = [jid for jid, level in found.items() if level > -30]
        assert len(loud) == 1, "two voices in one channel, or none"
        assert all(level < -50 for jid, level in found.items() if jid != loud[0])
        owners.append(loud[0].split("@")[0])
    told = sidecar(done)
    assert owners == told["channels"] == [one["id"] for one in told["participants"]]
    assert sorted(owners) == sorted(one.jid.split("@")[0] for one in members)
    for number, one in enumerate(told["participants"]):
        assert one["channel"] == number and one["uri"].startswith("sip:")
        assert one["present"] == [{"at": 0, "length": told["samples"]}], "all there from the first sample on"


def test_one_file_for_each_participant_aligned_and_named(bench):
    """hint tracks='participant': the same click in all calls at once lies at the same place of every file."""
    client = bench.client()
    members = parties(bench, client, 2)
    mixer = [client.joined(one.jid, mixer="room") for one in members][0]
    component = client.record(mixer, WAV, hints(tracks="participant"))
    time.sleep(1.0)
    late, = parties(bench, client, 1, first=2)
    client.joined(late.jid, mixer="room")
    time.sleep(1.0)
    client.stop(component)
    done = client.expect_complete(component)
    told = sidecar(done)
    found = {}
    for told_of in told["participants"]:
        sound = audio.read(done.path.parent / told_of["file"])
        for one in (*members, late):
            if audio.tone_level(sound.mono, one.tone, sound.rate) > -32:
                assert one.jid.split("@")[0] == told_of["id"]
                found[one.jid] = sound
    assert set(found) == {one.jid for one in (*members, late)}
    assert {sound.samples for sound in found.values()} == {told["samples"]}, "they are not aligned"
    begins = audio.onset(found[late.jid].mono, -35, found[late.jid].rate)
    assert 0.7 < begins < 1.6, "who came late begins with silence"
    present = told["participants"][-1]["present"][0]["at"] / told["sample_rate"]
    assert begins == pytest.approx(present, abs=0.06)
    mix = audio.read(done.path)
    assert min(levels(mix.mono[-8000:], (*members, late), mix.rate).values()) > -30, "the recording itself is the mix"


def test_an_mp3_of_more_than_two_is_the_mix_with_a_file_for_each_participant(room):
    client, members, mixer = room
    done = client.expect_complete(client.record(mixer, "format='mp3' start-beep='false' mix='false' max-duration='1000'"))
    assert check_file(done).channels == 1
    told = sidecar(done)
    assert told["channels"] == ["mixed"] and len(told["participants"]) == len(members)
    for one in told["participants"]:
        sound = audio.read(done.path.parent / one["file"])
        heard = [member.jid.split("@")[0] for member in members
                 if audio.tone_level(sound.mono[1600:], member.tone, sound.rate) > -32]
        assert heard == [one["id"]]


def test_one_who_only_listens_is_no_participant_until_it_may_speak(bench):
    client = bench.client()
    a, b = parties(bench, client, 2)
    mixer = client.joined(a.jid, mixer="room")
    client.joined(b.jid, mixer="room", direction="recv")
    component = client.record(mixer, f"{WAV} mix='false'")
    time.sleep(0.8)
    client.join(b.jid, mixer="room", direction="duplex")
    time.sleep(0.8)
    client.stop(component)
    done = client.expect_complete(component)
    sound, told = check_file(done), sidecar(done)
    assert told["channels"] == [a.jid.split("@")[0], b.jid.split("@")[0]]
    spans = audio.tone_spans(sound.pcm[1], b.tone, -38, rate=sound.rate)
    assert len(spans) == 1 and 0.6 < spans[0][0] < 1.2
    assert told["participants"][1]["present"][0]["at"] == pytest.approx(spans[0][0] * sound.rate, abs=0.05 * sound.rate)


def test_the_hint_tracks_is_refused_for_a_call_and_with_a_value_that_it_does_not_have(room):
    client, members, mixer = room
    client.refused(members[0].jid, record_xml(WAV, hints(tracks="participant")), "modify", "feature-not-implemented")
    client.refused(mixer, record_xml(WAV, hints(tracks="everyone")), "modify", "bad-request")


def test_participants_channels_stay_aligned_to_the_sample_over_a_leave_and_a_rejoin(bench):
    """Both say the same marks at the same moment: their channels differ by no more than how phones drift apart in a test."""
    client, source = bench.client(), signals.marks(8)
    a, b = parties(bench, client, 2, speak=False)
    mixer = client.joined(a.jid, mixer="room")
    client.joined(b.jid, mixer="room")
    component = client.record(mixer, f"{WAV} mix='false'")
    begun = [one.media.play(source) for one in (a, b)]
    skew = (a.media.now - begun[0]) - (b.media.now - begun[1])
    time.sleep(1.5)
    client.unjoined(b.jid, mixer="room", mixer_jid=mixer)
    time.sleep(0.7)
    client.joined(b.jid, mixer="room")
    time.sleep(1.5)
    client.stop(component)
    sound = check_file(client.expect_complete(component))
    shifts = []
    for channel in sound.pcm:
        pcm = signals.resample(channel, sound.rate, 8000)
        shifts.append([round((said - at) * 8000) for at, said, length in audio.story(pcm, source) if length > 0.3])
    assert len(shifts) == 2 and all(shifts), shifts
    flat = [shift for one in shifts for shift in one]
    assert max(flat) - min(flat) < abs(skew) + 400, (shifts, skew)
    quiet = signals.resample(sound.pcm[1], sound.rate, 8000)
    assert np.any([audio.level(quiet[i : i + 800]) < -60 for i in range(8000, len(quiet) - 9000, 800)])
