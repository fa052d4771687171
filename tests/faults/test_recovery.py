"""The server is killed, or loses power, while it records, and is started again: every recording is accounted for, is
where it belongs, plays, and is at most a second short; the catalogue has each of them once."""

import json
import os
import random
import time

import pytest

from support import audio, signals
from support.books import Books
from support.forgetful import ForgetfulDisk
from support.server import LIMIT

SLOW = bool(os.environ.get("TELEGRAPHONE_SLOW"))
KILLS = int(os.environ.get("TELEGRAPHONE_KILLS") or (200 if SLOW else 10))
SEED = int(os.environ.get("TELEGRAPHONE_SEED") or 0)
FORMATS = ["mp3", "wav", "flac", "opus", "vorbis"]


def wait_until(done, limit=LIMIT):
    until = time.monotonic() + limit
    while not done():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def sidecars_by_component(server):
    found = {}
    for path in server.sidecars():
        text = json.loads(path.read_text())
        assert text["component"] not in found, f"{text['component']} is there twice"
        found[text["component"]] = (path, text)
    return found


class Spoken:
    """One call that is being recorded."""

    def __init__(self, bench, client, format_, source):
        self.phone = bench.phone()
        self.call, jid = bench.answered(client, phone=self.phone, play=source)
        self.component = client.record(jid, f"format='{format_}' start-beep='false' direction='send'").split("/")[1]
        self.begun = self.call.media.position

    def seconds(self):
        return (self.call.media.position - self.begun) / 8000


def check(found, seconds, source, short=1.0):
    """What `source` says is in it, in one piece, from about its beginning on. Returns its length in seconds."""
    path, text = found
    assert text["reason"] == "interrupted" and text["error"]
    file = path.parent / text["file"]
    assert file.stat().st_size == text["size"]
    sound = audio.read(file)
    assert abs(sound.samples * 1000 // sound.rate - text["duration_ms"]) <= 1
    assert sound.seconds >= seconds - short, f"{sound.seconds:.2f} s of {seconds:.2f} s in {file.name}"
    assert sound.seconds <= seconds + 1
    mono = sound.mono if sound.rate == 8000 else signals.resample(sound.mono, sound.rate, 8000)
    if sound.seconds >= 0.5:
        story = audio.story(mono, source)
        assert story and sum(piece[2] for piece in story) >= sound.seconds - 0.3, story
    return sound.seconds


def test_every_recording_is_found_again_however_often_the_server_is_killed(bench):
    """Ten times ($TELEGRAPHONE_KILLS; 200 times where it may take long): three calls speak into recordings of any
    format, the server gets SIGKILL at any moment, and starts again. Each recording is stored once, with reason
    "interrupted", plays what was said, and lacks a second at most. Each has one row in the catalogue, which verifies;
    the spool is empty in the end."""
    chance = random.Random(SEED)
    source = signals.marks(12)
    server = bench.start_server()
    expected = {}
    for _ in range(KILLS):
        client = bench.client()
        spoken = [Spoken(bench, client, chance.choice(FORMATS), source) for _ in range(3)]
        time.sleep(chance.uniform(0, 3))
        seconds = [one.seconds() for one in spoken]
        server.kill()
        for one, length in zip(spoken, seconds):
            expected[one.component] = length
            one.phone.close()
        client.close()
        server.start()
        wait_until(lambda: not server.journals() and not server.spooled_files())
    found = sidecars_by_component(server)
    assert set(found) <= set(expected)
    missing = []
    for component, length in expected.items():
        if component in found:
            missing.append(length - check(found[component], length, source))
        else:
            assert length < 1.0, f"{length:.2f} s of {component} are lost"
            missing.append(length)
    assert len(server.recorded_files()) == len(found)
    rows = Books(server).check(expected)
    assert {row["state"] for row in rows.values()} == {"interrupted"}
    assert {component for component, row in rows.items() if row["delivery"] == "stored"} == set(found)
    server.stop()
    Books(server).check_spool_is_empty()
    print(f"{KILLS} kills, seed {SEED}: {len(expected)} recordings, {len(found)} found, "
          f"{max(missing):.2f} s missing at most, {sum(missing) / len(missing):.2f} s on average")


@pytest.mark.parametrize("format_", FORMATS)
def test_a_loss_of_power_takes_what_was_spoken_last_and_no_more(bench, tmp_path, format_):
    """The disk has only what was synced when the server lost its power: nothing is missing but the last of it."""
    recordings = tmp_path / "recordings"
    disk = ForgetfulDisk(tmp_path, recordings)
    source = signals.marks(12)
    server = bench.start_server(recording={"directory": str(recordings)}, environment=disk.environment)
    server.recordings = recordings
    client = bench.client()
    spoken = Spoken(bench, client, format_, source)
    spoken.call.media.wait_position(spoken.begun + signals.samples(4.3))
    seconds = spoken.seconds()
    server.kill()
    spoken.phone.close()
    client.close()
    disk.lose_power()
    server.start()
    wait_until(lambda: not server.journals() and not server.spooled_files())
    found = sidecars_by_component(server)
    assert set(found) == {spoken.component}
    check(found[spoken.component], seconds, source)


def test_a_server_records_at_once_while_it_recovers_what_its_predecessor_left(bench):
    """After SIGKILL the same directory is used again: the old recording is put right, a new one is whole."""
    server = bench.start_server()
    client = bench.client()
    old = Spoken(bench, client, "wav", signals.marks(12))
    old.call.media.wait_position(old.begun + signals.samples(2))
    server.kill()
    old.phone.close()
    client.close()
    server.start()
    second = bench.client()
    _, jid = bench.answered(second, play=signals.tone(440, 10))
    component = second.record(jid, "format='wav' max-duration='1000'")
    done = second.expect_complete(component)
    assert done.duration == 1000 and done.path.exists()
    wait_until(lambda: len(server.recorded_files()) == 2)
    check(sidecars_by_component(server)[old.component], 2, signals.marks(12))
