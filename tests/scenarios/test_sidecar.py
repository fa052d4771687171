"""<name>.json beside a recording: when it began, and the map of what in it is real (docs/sidecar.md)."""

import datetime

import pytest

from support import audio, signals
from support.call import check_file, hints, sidecar
from support.compare import compare_call
from support.media import Impairment


def spans(told, *kinds):
    """[(begin, end) in s] of a kind in the map."""
    rate = told["sample_rate"]
    return [(span["at"] / rate, (span["at"] + span["length"]) / rate) for span in told["map"] if span["kind"] in kinds]


def test_a_sidecar_says_what_the_file_and_the_event_say(bench):
    client = bench.client()
    phone, jid = bench.answered(client, play=signals.marks(10))
    before = datetime.datetime.now(datetime.timezone.utc)
    component = client.record(jid, "format='flac' mix='false' start-beep='false' max-duration='1500'")
    complete = client.expect_complete(component)
    told = sidecar(complete)
    assert told["file"] == complete.path.name and told["format"] == "flac"
    assert told["duration_ms"] == complete.duration == 1500 and told["size"] == complete.size
    assert told["samples"] == check_file(complete).samples and told["sample_rate"] == 8000
    assert told["channels"] == ["send", "recv"] and told["reason"] == "max-duration"
    assert told["call"] == jid.split("@")[0] and told["component"] == component.split("/")[1]
    assert phone.phone.user in told["from"]
    started = datetime.datetime.fromisoformat(told["started"].replace("Z", "+00:00"))
    assert abs((started - before).total_seconds()) < 2 and "." in told["started"]
    assert told["map"] == [] and told["map_complete"] is True
    assert told["packets"]["received"] >= 70 and told["packets"]["lost"] == 0
    assert len(bench.server.sidecars()) >= 1 and complete.path in bench.server.recorded_files()


def test_pauses_are_in_the_map_where_they_were(bench):
    client = bench.client()
    source = signals.marks(20)
    phone, jid = bench.answered(client, play=source)
    component = client.record(jid, "format='wav' start-beep='false'")
    for _ in range(2):
        phone.media.wait_position(phone.media.position + 6000)
        client.pause(component)
        phone.media.wait_position(phone.media.position + 4000)
        client.resume(component)
    phone.media.wait_position(phone.media.position + 6000)
    client.stop(component)
    complete = client.expect_complete(component)
    told, pieces = sidecar(complete), audio.story(check_file(complete).mono, source)
    pauses = [span for span in told["map"] if span["kind"] == "paused"]
    assert len(pieces) == 3 and len(pauses) == 2
    for span, before, after in zip(pauses, pieces, pieces[1:]):
        assert span["length"] == 0 and span["at"] / 8000 == pytest.approx(before[0] + before[2], abs=0.006)
        missing = after[1] - (before[1] + before[2])
        assert span["skipped"] / 8000 == pytest.approx(missing, abs=0.01)


@pytest.mark.parametrize("mode", ["silence", "tone"])
def test_a_pause_can_keep_its_length(bench, mode):
    """pause=silence|tone: the file is as long as the call; where it was paused nothing of what was said is in it."""
    client = bench.client()
    source = signals.marks(20)
    phone, jid = bench.answered(client, play=source)
    component = client.record(jid, "format='wav' start-beep='false'", hints(pause=mode))
    phone.media.wait_position(8000)
    client.pause(component)
    phone.media.wait_position(phone.media.position + 8000)
    client.resume(component)
    phone.media.wait_position(phone.media.position + 8000)
    client.stop(component)
    complete = client.expect_complete(component)
    sound = check_file(complete)
    pieces = audio.story(sound.mono, source)
    assert len(pieces) == 2 and pieces[0][1] - pieces[0][0] == pytest.approx(pieces[1][1] - pieces[1][0], abs=0.002)
    begin, end = pieces[0][0] + pieces[0][2], pieces[1][0]
    assert end - begin == pytest.approx(1, abs=0.3)
    level = audio.level(sound.mono[int(begin * 8000) + 200 : int(end * 8000) - 200])
    assert level < -90 if mode == "silence" else -60 < level < -15
    (at, until), = spans(sidecar(complete), "paused")
    assert at == pytest.approx(begin, abs=0.01) and until == pytest.approx(end, abs=0.01)


def test_the_configuration_says_what_a_pause_leaves_where_the_client_does_not(bench):
    bench.start_server(recording={"pause": "silence"})
    client = bench.client()
    phone, jid = bench.answered(client, play=signals.marks(20))
    lengths = {}
    for name, children in (("configured", ""), ("asked", hints(pause="skip"))):
        component = client.record(jid, "format='wav' start-beep='false'", children)
        phone.media.wait_position(phone.media.position + 4000)
        client.pause(component)
        phone.media.wait_position(phone.media.position + 8000)
        client.resume(component)
        phone.media.wait_position(phone.media.position + 4000)
        client.stop(component)
        lengths[name] = client.expect_complete(component).duration
    assert lengths["configured"] > lengths["asked"] + 800


def test_a_hold_is_in_the_map_and_is_no_loss(bench):
    client = bench.client()
    source = signals.marks(20)
    phone, jid = bench.answered(client, play=source)
    component = client.record(jid, "format='wav' start-beep='false'")
    phone.media.wait_position(8000)
    phone.hold("inactive")
    phone.media.wait_position(phone.media.position + 8000)
    phone.unhold()
    phone.media.wait_position(phone.media.position + 8000)
    client.stop(component)
    complete = client.expect_complete(component)
    told, pieces = sidecar(complete), audio.story(check_file(complete).mono, source)
    held = spans(told, "held")
    assert len(held) == 1 and len(pieces) == 2
    assert held[0][1] - held[0][0] > 0.7
    assert pieces[0][0] + pieces[0][2] - 0.1 <= held[0][0] and held[0][1] <= pieces[1][0] + 0.1
    assert told["packets"]["lost"] <= 3 and spans(told, "lost", "repaired") == [], "what was not sent is no loss"


def test_what_was_lost_is_in_the_map_where_it_was_lost_and_nothing_else_is(bench):
    """Caller's network loses single packets and bursts: each lies in a span of the map; the map holds hardly more."""
    client = bench.client()
    phone, jid = bench.call(client, play=signals.marks(20))
    phone.media.impairment = Impairment(burst=0.1, burst_length=3, seed=8)
    client.answer(jid)
    phone.wait_answered()
    component = client.record(jid, "format='wav' start-beep='false' max-duration='6000'")
    complete = client.expect_complete(component)
    told, sound = sidecar(complete), check_file(complete)
    begin = compare_call(sound, phone.media).begin / 8000
    lost = [(at / 8000 - begin, (at + ticks) / 8000 - begin) for at, ticks in phone.media.lost_spans()]
    lost = [(a, b) for a, b in lost if 0.1 < a and b < 5.9]
    told_of = spans(told, "lost", "repaired")
    assert len(lost) > 10
    for a, b in lost:
        assert any(low - 0.001 <= a and b <= high + 0.001 for low, high in told_of), (a, b, told_of)
    excess = sum(high - low for low, high in told_of) - sum(b - a for a, b in lost)
    assert excess <= 0.05 + 0.012 * len(told_of), "the map tells of losses that were none"
    assert told["packets"]["lost"] == pytest.approx(len(lost), abs=8)


def test_what_was_not_sent_is_silent_and_not_lost(bench):
    client = bench.client()
    phone, jid = bench.call(client)
    phone.media.silence_suppression = True
    client.answer(jid)
    phone.wait_answered()
    component = client.record(jid, "format='wav' start-beep='false'")
    phone.media.play(signals.join(signals.silence(0.3), signals.marks(1), signals.silence(1.5), signals.marks(1, seed=9)))
    phone.media.wait_played()
    client.stop(component)
    told = sidecar(client.expect_complete(component))
    assert told["packets"]["lost"] == 0 and spans(told, "lost", "repaired") == []
    assert sum(high - low for low, high in spans(told, "silent")) == pytest.approx(1.8, abs=0.3)


def test_an_mp3_has_its_map_too(bench):
    client = bench.client()
    phone, jid = bench.answered(client, play=signals.marks(10))
    component = client.record(jid, "start-beep='false' max-duration='1000'")
    complete = client.expect_complete(component)
    assert sidecar(complete)["samples"] == 8000 and sidecar(complete)["format"] == "mp3"
