"""Disks that fail and stall (faults/faulty_disk.cpp): every recording ends in one true event and an intact file; calls
and commands never wait for a disk."""

import json
import signal
import time

import pytest

from support import audio, signals
from support.faulty import FaultyDisk
from support.rayo import record_xml
from test_recovery import SLOW, wait_until


@pytest.fixture
def place(bench, tmp_path):
    """A server whose recordings are on such a disk, as place.server(**changes)."""
    return Place(bench, tmp_path)


class Place:
    def __init__(self, bench, folder):
        self.bench, self.recordings = bench, folder / "recordings"
        self.disk = FaultyDisk(folder, self.recordings)

    def server(self, **changes):
        changes.setdefault("recording", {})["directory"] = str(self.recordings)
        server = self.bench.start_server(environment=self.disk.environment, **changes)
        server.recordings = self.recordings
        return server


def sound_of(done):
    """The file of a completion, which is what the event says it is."""
    assert done.path.exists() and done.path.stat().st_size == done.size, done.stanza
    sound = audio.read(done.path)
    assert abs(sound.samples * 1000 // sound.rate - done.duration) <= 1
    return sound


def pieces(sound, source):
    mono = sound.mono if sound.rate == 8000 else signals.resample(sound.mono, sound.rate, 8000)
    return audio.story(mono, source)


@pytest.mark.parametrize("format_", ["wav", "mp3"])
@pytest.mark.parametrize("fault", ["EIO", "EROFS"])
def test_a_write_that_fails_in_the_middle_ends_that_recording_with_an_error_and_what_is_there(place, format_, fault):
    """Caller speaks 2 s, then writing fails: client receives complete with <error>, its text, uri, duration and size; a
    recording of another format, whose file is sound, goes on to its end, and the call is still up."""
    place.server()
    client = place.bench.client()
    source = signals.marks(20)
    call, jid = place.bench.answered(client, play=source)
    other = "flac"
    sound_one = client.record(jid, f"format='{other}' start-beep='false' direction='send' max-duration='5000'")
    component = client.record(jid, f"format='{format_}' start-beep='false' direction='send'")
    begun = call.media.position
    call.media.wait_position(begun + signals.samples(2))
    place.disk.order(f"write {fault} .{format_}")
    done = client.expect_complete(component)
    assert done.reason_name == "error" and done.reason.text, done.stanza
    sound = sound_of(done)
    assert 1.0 <= sound.seconds <= 5
    story = pieces(sound, source)
    assert len(story) == 1 and story[0][2] >= sound.seconds - 0.3, story
    done = client.expect_complete(sound_one)
    assert done.reason_name != "error" and done.duration == 5000
    assert sound_of(done).seconds == 5
    place.disk.heal()
    assert client.expect_complete(client.record(jid, f"format='{format_}' max-duration='300'")).duration == 300
    client.hangup(jid)
    client.expect_end(jid)


def test_a_sync_that_fails_is_an_error_of_the_recording_and_its_file_is_there(place):
    """fsync and syncfs bring EIO: nobody may say that the recording is safe. Client receives complete with <error> soon,
    whatever store-timeout says; the server says that it cannot sync. Once the disk is well the whole file is where the
    event says."""
    server = place.server()
    client = place.bench.client()
    source = signals.marks(20)
    call, jid = place.bench.answered(client, play=source)
    component = client.record(jid, "format='wav' start-beep='false' direction='send' max-duration='2000'")
    place.disk.order("sync EIO")
    done = client.expect_complete(component, limit=15)
    assert done.reason_name == "error" and "sync" in done.reason.text, done.stanza
    assert "sync " in server.log()
    place.disk.heal()
    wait_until(lambda: done.path.exists())
    assert sound_of(done).seconds == 2
    done = client.expect_complete(client.record(jid, "format='wav' max-duration='300'"))
    assert done.reason_name != "error" and done.duration == 300


def test_a_file_system_that_becomes_read_only_refuses_new_recordings_and_ends_those_that_run(place):
    """Everything fails with EROFS: the one that runs ends with <error>, of which its client hears soon; the next one is
    refused before its <ref/>; once the disk can be written to again a recording is whole, and the first is where its
    event said."""
    server = place.server()
    client = place.bench.client()
    call, jid = place.bench.answered(client, play=signals.marks(20))
    component = client.record(jid, "format='wav' start-beep='false' direction='send'")
    call.media.wait_position(call.media.position + signals.samples(2))
    place.disk.order("write EROFS", "change EROFS", "sync EROFS")
    done = client.expect_complete(component, limit=15)
    assert done.reason_name == "error" and "ead-only" in done.reason.text, done.stanza
    reply = client.command(jid, record_xml())
    assert reply.get("type") == "error" and reply.condition[2], reply
    place.disk.heal()
    assert client.expect_complete(client.record(jid, "max-duration='300'")).duration == 300
    wait_until(lambda: done.path.exists())
    assert sound_of(done).seconds >= 1
    wait_until(lambda: not server.journals() and not server.spooled_files())


@pytest.mark.parametrize("format_, stall", [("wav", 12), ("opus", 12)] + ([("mp3", 60), ("wav", 60)] if SLOW else []))
def test_a_disk_that_stalls_and_comes_back_costs_nothing(place, format_, stall):
    """The disk stalls for 12 s (60 s), more than a recording has room for by itself: the client can hang up another
    call meanwhile, a new recording is refused instead of waiting, and all of the audio is in the file."""
    server = place.server()
    client = place.bench.client()
    source = signals.marks(stall + 20)
    call, jid = place.bench.answered(client, play=source)
    _, other = place.bench.answered(client)
    components = [client.record(jid, f"format='{format_}' start-beep='false' direction='send'") for _ in range(2)]
    component = components[0]  # each writer has one
    begun = call.media.position
    call.media.wait_position(begun + signals.samples(1))
    place.disk.order("write stall", "sync stall", "change stall")
    call.media.wait_position(begun + signals.samples(8))
    asked = time.monotonic()
    client.hangup(other)
    client.expect_end(other)
    reply = client.command(jid, record_xml())
    assert reply.condition[:2] == ("wait", "resource-constraint") and "does not answer" in reply.condition[2], reply
    assert time.monotonic() - asked < 3
    call.media.wait_position(begun + signals.samples(1 + stall))
    place.disk.heal()
    call.media.wait_position(begun + signals.samples(3 + stall))
    client.stop(component)
    done = client.expect_complete(component)
    assert done.reason_name != "error", done.stanza
    sound = sound_of(done)
    assert stall + 2.5 <= sound.seconds <= stall + 6
    story = pieces(sound, source)
    assert len(story) == 1 and story[0][2] >= sound.seconds - 0.3, story
    server.signal(signal.SIGUSR1)
    wait_until(lambda: "refused 0 times; 0 writers given up" in server.log())


def test_beyond_the_memory_for_it_a_stall_ends_the_recording_with_an_error_and_an_intact_file(place):
    """No memory is allowed: after the 5 s of its own and 1 s more a recording has lost audio. Once the disk is back,
    client receives complete with <error>, and what was there before is in the file."""
    place.server(spool={"memory": 0})
    client = place.bench.client()
    source = signals.marks(60)
    call, jid = place.bench.answered(client, play=source)
    component = client.record(jid, "format='wav' start-beep='false' direction='send'")
    begun = call.media.position
    call.media.wait_position(begun + signals.samples(1))
    place.disk.order("write stall")
    # 8 s have room where the 5 s are rounded up to a power of two.
    call.media.wait_position(begun + signals.samples(13))
    place.disk.heal()
    done = client.expect_complete(component)
    assert done.reason_name == "error" and "keep up" in done.reason.text, done.stanza
    sound = sound_of(done)
    assert 5 <= sound.seconds <= 12
    story = pieces(sound, source)
    assert story and story[0][2] >= 5, story


def test_a_writer_that_hangs_is_replaced_and_the_others_go_on(place):
    """The file of one recording hangs for longer than writer-timeout. Its client receives one complete, with <error>; a
    recording of another writer goes on to its end; new ones work at once. When the disk comes back the file is put
    where it belongs, with all that was spoken until the event. The server ends in order."""
    server = place.server(spool={"writer-timeout": 7}, recording={"writers": 2})
    client = place.bench.client()
    source = signals.marks(60)
    call, jid = place.bench.answered(client, play=source)
    hung = client.record(jid, "format='wav' start-beep='false' direction='send'")
    healthy = client.record(jid, "format='mp3' start-beep='false' direction='send' max-duration='12000'")
    begun = call.media.position
    call.media.wait_position(begun + signals.samples(2))
    place.disk.order("write stall .wav")
    done = client.expect_complete(hung)
    assert done.reason_name == "error" and "does not answer" in done.reason.text, done.stanza
    spoken = (call.media.position - begun) / 8000
    place_again = client.record(jid, "format='flac' max-duration='500'")
    assert client.expect_complete(place_again).duration == 500
    done = client.expect_complete(healthy)
    assert done.reason_name != "error" and done.duration == 12000
    assert len(pieces(sound_of(done), source)) == 1
    assert len(server.journals()) == 1
    place.disk.heal()
    wait_until(lambda: not server.journals() and not server.spooled_files())
    file = next(path for path in server.recorded_files() if path.suffix == ".wav")
    sound = audio.read(file)
    assert spoken - 2 <= sound.seconds <= spoken + 1
    assert len(pieces(sound, source)) == 1
    assert json.loads(file.with_suffix(".json").read_text())["reason"] == "error"
    client.expect_nothing(lambda s: s.get("from") == hung)
    wait_until(lambda: "has come back" in server.log())
    client.hangup(jid)
    client.expect_end(jid)
    server.stop()


def test_what_completes_recordings_hangs_and_its_recordings_end_with_an_error(place):
    """A recording that is still to be encoded anew cannot be, since the disk hangs for longer than writer-timeout. Its
    client receives one complete, with <error>; others go on. When the disk comes back it is put where it belongs."""
    server = place.server(spool={"writer-timeout": 6})
    client = place.bench.client()
    source = signals.marks(30)
    call, jid = place.bench.answered(client, play=source)
    twice = "<hint name='double-pass' value='true'/>"
    hung = client.record(jid, "format='flac' start-beep='false' direction='send' max-duration='2000'", twice)
    place.disk.order("write stall -final")
    done = client.expect_complete(hung)
    assert done.reason_name == "error" and "does not answer" in done.reason.text, done.stanza
    done = client.expect_complete(client.record(jid, "format='flac' max-duration='500'"))
    assert done.reason_name != "error" and done.duration == 500
    place.disk.heal()
    wait_until(lambda: not server.journals() and not server.spooled_files())
    (file,) = [path for path in server.recorded_files() if path != done.path]
    assert audio.read(file).seconds == 2
    client.expect_nothing(lambda s: s.get("from") == hung)


def test_a_server_whose_disk_never_comes_back_ends_all_the_same_and_the_next_one_recovers(place):
    """The disk of a recording hangs for good: its client hears of it, the server stops within its time, and the next
    start puts the recording right."""
    server = place.server(spool={"writer-timeout": 6})
    client = place.bench.client()
    source = signals.marks(60)
    call, jid = place.bench.answered(client, play=source)
    component = client.record(jid, "format='wav' start-beep='false' direction='send'")
    begun = call.media.position
    call.media.wait_position(begun + signals.samples(3))
    place.disk.order("write stall", "sync stall")
    done = client.expect_complete(component)
    assert done.reason_name == "error", done.stanza
    client.hangup(jid)
    client.expect_end(jid)
    server.stop()
    assert "left behind" in server.log()
    assert len(server.journals()) == 1
    place.disk.heal()
    server.start()
    wait_until(lambda: not server.journals() and not server.spooled_files())
    (file,) = server.recorded_files()
    sound = audio.read(file)
    assert sound.seconds >= 2
    assert len(pieces(sound, source)) == 1
