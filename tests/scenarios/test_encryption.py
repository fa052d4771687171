"""Encryption at rest (docs/encryption.md): what the server keeps of a call only the holder of the key can read."""

import json
import re
import time

import pytest

from support import audio, signals
from support.call import hints
from support.forgetful import ForgetfulDisk
from support.rayo import record_xml
from support.rayo_verbs import output_xml
from support.server import run

CALLER = "sidonie.quisling"  # nowhere else


class Keyring:
    """A pair of keys, made by the program."""

    def __init__(self, folder, name="recordings.key"):
        self.file = folder / name
        made = run("make-key", self.file)
        assert made.returncode == 0, made.stderr
        self.public = made.stdout.strip()

    def decrypt(self, sealed, out=None, *options):
        out = out or self.file.parent / sealed.name.removesuffix(".sealed")
        return out, run("decrypt", sealed, "--identity", self.file, *(() if options else ("--output", out)), *options)


@pytest.fixture
def keyring(tmp_path):
    return Keyring(tmp_path)


@pytest.fixture
def sealing(bench, keyring):
    """A server that encrypts."""
    return bench.start_server(recording={"encrypt-to": [keyring.public]})


def kept(server):
    """Everything that the server has on the disk: {path: bytes}. (Its log and its configuration are the operator's.)"""
    found = {}
    for folder in (server.folder / "data", server.recordings):
        for path in folder.rglob("*") if folder.exists() else ():
            try:
                if path.is_file():
                    found[path] = path.read_bytes()
            except FileNotFoundError:
                pass  # it has just got its final name
    return found


def search(snapshots, *pieces):
    """Paths of what holds one of the pieces."""
    return sorted({str(path) for files in snapshots for path, held in files.items() for piece in pieces if piece in held})


def sidecar_file(recording):
    return recording.with_name(re.sub(r"\..*", ".json.sealed", recording.name))


def check_told_length(file, sound):
    """ffprobe, which reads headers, and ffmpeg, which plays, agree within a frame."""
    told = audio.probe(file)
    assert abs(float(told["duration"]) - float(told.get("start_time") or 0) - sound.seconds) < 0.08, told["duration"]


@pytest.mark.parametrize("format_", ["mp3", "wav", "vorbis", "opus", "flac"])
def test_a_recorded_call_is_readable_by_the_key_and_by_nobody_else(bench, keyring, sealing, format_):
    """Caller speaks two tones one after the other. During the call and after it neither the caller's name nor a piece of
    the file that comes out of the decryption is on the disk; what comes out is what was said, as long as was told."""
    client = bench.client()
    source = signals.join(signals.tone(440, 1.5), signals.tone(1000, 4))
    phone, jid = bench.answered(client, user=CALLER, play=source)
    begun = phone.media.position
    component = client.record(jid, f"format='{format_}' start-beep='false' direction='send'")
    snapshots = []
    for second in (0.6, 1.2, 1.8, 2.4):
        phone.media.wait_position(begun + signals.samples(second))
        snapshots.append(kept(sealing))
    phone.media.wait_position(begun + signals.samples(3))
    client.stop(component)
    complete = client.expect_complete(component)
    snapshots.append(kept(sealing))

    assert complete.path.name.endswith(".sealed") and complete.path.stat().st_size == complete.size
    plain, done = keyring.decrypt(complete.path)
    assert done.returncode == 0 and "whole and unaltered" in done.stdout, (done.stdout, done.stderr)
    sound = audio.read(plain)
    assert abs(sound.samples * 1000 // sound.rate - complete.duration) <= 1
    assert 2.7 < sound.seconds < 3.4
    check_told_length(plain, sound)
    mono = sound.mono if sound.rate == 8000 else signals.resample(sound.mono, sound.rate, 8000)
    low, high = audio.tone_spans(mono, 440), audio.tone_spans(mono, 1000)
    change = low[-1][1]
    assert low and high and low[0][0] < 0.2 and abs(high[0][0] - change) < 0.1
    assert sound.seconds - high[-1][1] < 0.2

    content = plain.read_bytes()
    pieces = [content[at : at + 64] for at in range(0, len(content) - 64, len(content) // 50)]
    pieces = [piece for piece in pieces if len(set(piece)) > 16]  # not of a header's zeros
    assert len(pieces) > 20 and any(s for s in snapshots)
    assert search(snapshots, *pieces) == []
    assert search(snapshots, CALLER.encode()) == []

    about, done = keyring.decrypt(sidecar_file(complete.path))
    assert done.returncode == 0, done.stderr
    told = json.loads(about.read_text())
    assert CALLER in told["from"] and told["file"] == complete.path.name
    assert told["duration_ms"] == complete.duration and told["size"] == complete.size


def test_another_key_a_changed_byte_and_a_cut_are_told_apart(bench, keyring, sealing, tmp_path):
    """Exit status 1 and no file for another's key and for one bit that was changed anywhere; 3 and what there is for a
    file that ends too early."""
    client = bench.client()
    _, jid = bench.answered(client, play=signals.tone(440, 6))
    component = client.record(jid, "format='wav' start-beep='false' max-duration='2000'")
    recording = client.expect_complete(component).path
    assert keyring.decrypt(recording, None, "--verify")[1].returncode == 0

    plain, done = Keyring(tmp_path, "another.key").decrypt(recording, tmp_path / "wrong.wav")
    assert done.returncode == 1 and "other keys" in done.stderr and not plain.exists()

    content = recording.read_bytes()
    for at in (3, 20, 100, 150, len(content) // 2, len(content) - 10):
        changed = tmp_path / "changed.wav.sealed"
        changed.write_bytes(content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :])
        plain, done = keyring.decrypt(changed)
        assert done.returncode == 1 and not plain.exists(), (at, done.stdout, done.stderr)

    cut = tmp_path / "cut.wav.sealed"
    cut.write_bytes(content[: len(content) * 3 // 4])
    plain, done = keyring.decrypt(cut)
    assert done.returncode == 3 and "cut short" in done.stderr and "put right" in done.stderr, done.stderr
    sound = audio.read(plain)
    assert 1.2 < sound.seconds < 1.6 and abs(float(audio.probe(plain)["duration"]) - sound.seconds) < 0.001
    assert audio.tone_spans(sound.mono, 440)[0][0] < 0.1


def test_what_would_have_to_be_read_again_is_refused(bench, keyring, sealing):
    """double-pass and participants apart cannot be, a recording cannot be played back; the errors say why."""
    client = bench.client()
    _, jid = bench.answered(client, play=signals.tone(440, 20))
    why = client.refused(jid, record_xml("format='wav'", hints(double_pass="true")), "modify",
                         "feature-not-implemented")
    assert "double-pass" in why and "encrypts" in why
    mixer = client.joined(jid, mixer="room")
    why = client.refused(mixer, record_xml("format='wav' mix='false'"), "modify", "feature-not-implemented")
    assert "participants apart" in why and "encrypts" in why
    component = client.record(mixer, "format='wav' mix='true' max-duration='500' start-beep='false'")
    complete = client.expect_complete(component)
    why = client.refused(jid, output_xml(uris=[complete.uri]), "modify", "not-acceptable")
    assert "encrypted" in why


def test_a_call_that_becomes_wide_stays_one_file_at_its_first_rate(bench, keyring, sealing):
    client = bench.client()
    source = signals.marks(8)
    phone, jid = bench.answered(client, play=source)
    component = client.record(jid, "format='wav' start-beep='false' direction='send'")
    phone.media.wait_position(phone.media.position + 12000)
    assert phone.reinvite(codecs=("L16/16000",)).status == 200
    phone.media.wait_position(phone.media.position + 12000)
    client.stop(component)
    complete = client.expect_complete(component)
    plain, done = keyring.decrypt(complete.path)
    assert done.returncode == 0, done.stderr
    sound = audio.read(plain)
    assert sound.rate == 8000 and sound.seconds > 2.5
    assert abs(sound.samples // 8 - complete.duration) <= 1
    assert sum(piece[2] for piece in audio.story(sound.mono, source)) > sound.seconds - 0.3


def test_a_wrong_key_is_refused_with_its_place(tmp_path, keyring):
    config = tmp_path / "telegraphone.toml"
    config.write_text('[recording]\nencrypt-to = "age1nonsense"\n')
    done = run("check-config", config)
    assert done.returncode == 2 and "telegraphone.toml:2:14: recording.encrypt-to" in done.stderr, done.stderr
    config.write_text(f'[recording]\nencrypt-to = "{keyring.public}"\n')
    assert run("check-config", config).returncode == 0
    assert keyring.public in run("print-config", "--config", config).stdout


@pytest.mark.parametrize("format_", ["mp3", "wav", "vorbis", "opus", "flac"])
def test_a_kill_takes_a_second_of_an_encrypted_recording_at_most(bench, keyring, sealing, format_):
    """SIGKILL while it records. After the next start the recording lies where it belongs, as it was; decrypting says
    that it was cut short, and what comes out plays to its end what was said."""
    source = signals.marks(12)
    spoken = speak_until_killed(bench, sealing, format_, source)
    left = kept(sealing)
    sealing.start()
    check_interrupted(sealing, keyring, spoken, source)
    assert search([left, kept(sealing)], CALLER.encode(), b"quisling") == []


@pytest.mark.parametrize("format_", ["mp3", "wav"])
def test_a_loss_of_power_takes_no_more(bench, keyring, tmp_path, format_):
    """The disk has only what was synced."""
    recordings = tmp_path / "recordings"
    disk = ForgetfulDisk(tmp_path, recordings)
    server = bench.start_server(recording={"directory": str(recordings), "encrypt-to": keyring.public},
                                environment=disk.environment)
    server.recordings = recordings
    source = signals.marks(12)
    spoken = speak_until_killed(bench, server, format_, source)
    disk.lose_power()
    server.start()
    check_interrupted(server, keyring, spoken, source)


def speak_until_killed(bench, server, format_, source):
    """One call, recorded for three seconds and a bit when SIGKILL comes; how many seconds were spoken."""
    client = bench.client()
    phone, jid = bench.answered(client, user=CALLER, play=source)
    client.record(jid, f"format='{format_}' start-beep='false' direction='send'")
    begun = phone.media.position
    phone.media.wait_position(begun + signals.samples(3.3))
    spoken = (phone.media.position - begun) / 8000
    server.kill()
    phone.phone.close()
    client.close()
    return spoken


def check_interrupted(server, keyring, spoken, source):
    until = time.monotonic() + 30
    while server.journals() or server.spooled_files():
        assert time.monotonic() < until, "it was not recovered in time"
        time.sleep(0.02)
    recordings = [path for path in server.recordings.rglob("*.sealed") if ".json." not in path.name]
    assert len(recordings) == 1, recordings
    plain, done = keyring.decrypt(recordings[0])
    assert done.returncode == 3 and "cut short" in done.stderr and "duration put right" in done.stderr, done.stderr
    sound = audio.read(plain)
    assert spoken - 1 <= sound.seconds <= spoken + 1, f"{sound.seconds:.2f} s of {spoken:.2f} s"
    check_told_length(plain, sound)
    mono = sound.mono if sound.rate == 8000 else signals.resample(sound.mono, sound.rate, 8000)
    assert sum(piece[2] for piece in audio.story(mono, source)) >= sound.seconds - 0.3
    about, done = keyring.decrypt(sidecar_file(recordings[0]))
    assert done.returncode == 0, done.stderr
    told = json.loads(about.read_text())
    assert told["reason"] == "interrupted" and abs(told["duration_ms"] / 1000 - sound.seconds) < 1
