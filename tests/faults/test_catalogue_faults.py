"""The catalogue's file is locked, full, corrupt or gone, or the server is killed before it is written: recordings are made
and delivered all the same, and their rows come later."""

import hashlib
import os
import sqlite3
import subprocess
import time

import pytest

from support import signals
from support.call import check_file
from support.catalogue import WAV, Commands, recorded, wait_until

needs_mount = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")


def locked(ask):
    """Somebody else's connection that lets nobody write."""
    other = sqlite3.connect(ask.data / "catalogue.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    return other


def check_recorded(bench, client):
    done, component, _, _ = recorded(bench, client, WAV, seconds=0.5)
    check_file(done)
    return done, component.split("/")[1]


def check_row(ask, done, component):
    row = ask.settled("/" + component)
    assert row["sha256"] == hashlib.sha256(done.path.read_bytes()).hexdigest() and row["file"] == str(done.path)
    assert row["uri"] == done.uri and row["account"] == "app@localhost" and row["duration_ms"] == done.duration
    return row


def test_a_catalogue_that_another_process_keeps_locked_delays_its_rows_and_nothing_else(bench):
    """10 s in an exclusive transaction: calls are recorded and told of meanwhile, rows come afterwards, in order."""
    server = bench.start_server()
    ask = Commands(server)
    client = bench.client()
    other = locked(ask)
    until = time.monotonic() + 10
    made = [check_recorded(bench, client) for _ in range(2)]
    assert time.monotonic() < until
    assert ask.list("--all") == []
    time.sleep(max(0, until - time.monotonic()))
    other.close()
    for one in made:
        assert check_row(ask, *one)["gaps_complete"]
    assert ask.findings() == []


def test_a_server_starts_beside_a_catalogue_that_is_locked(bench):
    server = bench.start_server()
    ask = Commands(server)
    server.stop()
    other = locked(ask)
    server.start()
    client = bench.client()
    one = check_recorded(bench, client)
    assert "it is tried again" in server.log()
    other.close()
    check_row(ask, *one)
    assert ask.findings() == []


def test_rows_that_a_kill_kept_from_the_catalogue_come_with_the_next_start(bench):
    """The catalogue is locked, recordings end and are stored, one grows; SIGKILL: the next start has rows of all."""
    server = bench.start_server()
    ask = Commands(server)
    client = bench.client()
    other = locked(ask)
    made = [check_recorded(bench, client) for _ in range(2)]
    leg, jid = bench.answered(client, play=signals.marks(20))
    growing = client.record(jid, WAV)
    leg.media.wait_position(leg.media.position + signals.samples(1.5))
    server.kill()
    client.drop()
    other.close()
    assert ask.list("--all") == []
    server.start()
    for one in made:
        row = check_row(ask, *one)
        assert (row["state"], row["reason"]) == ("completed", "stop")
        assert (row["format"], row["channels"], row["sample_rate"], row["mixer"]) == ("wav", "mixed", 8000, False)
    cut = ask.settled(growing)
    assert (cut["state"], cut["account"]) == ("interrupted", "app@localhost") and cut["duration_ms"] > 500
    assert ask.findings() == []
    assert len(server.recorded_files()) == 3


def test_a_catalogue_that_is_corrupt_is_told_at_start_before_any_call_is_taken(bench):
    server = bench.start_server()
    ask = Commands(server)
    server.stop()
    file = ask.data / "catalogue.sqlite"
    content = file.read_bytes()
    file.write_bytes(b"this is no database at all" * 300)
    with pytest.raises(AssertionError, match="(?s)the server ended with 1.*catalogue.sqlite: .*not a database"):
        server.start()
    file.write_bytes(content)
    server.process = None
    server.start()
    check_row(ask, *check_recorded(bench, bench.client()))


def test_a_catalogue_that_is_gone_at_start_is_made_anew_and_said_to_be_missing(bench):
    server = bench.start_server()
    ask = Commands(server)
    client = bench.client()
    _, old = check_recorded(bench, client)
    id_ = ask.settled("/" + old)["id"]
    server.stop()
    for path in ask.data.glob("catalogue.sqlite*"):
        path.unlink()
    server.start()
    assert "the catalogue before it was removed" in server.log()
    check_row(ask, *check_recorded(bench, bench.client("2")))
    assert ("removed", id_, "it is in the manifest, and was removed from the catalogue") in ask.findings()


@needs_mount
@pytest.mark.parametrize("when", ["running", "start"])
def test_a_catalogue_on_a_full_disk_delays_its_rows_and_nothing_else(bench, tmp_path, when):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)], check=True)
    try:
        server = bench.start_server(catalogue={"file": str(disk / "catalogue.sqlite")})
        ask = Commands(server)
        first = check_recorded(bench, bench.client("1"))
        check_row(ask, *first)
        if when == "start":
            server.stop()
        with open(disk / "filler", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 4096)
            except OSError:
                pass
        if when == "start":
            server.start()
        client = bench.client("2")
        made = [check_recorded(bench, client) for _ in range(2)]
        (disk / "filler").unlink()
        for one in made:
            check_row(ask, *one)
        assert ask.findings() == []
    finally:
        bench.put_away()
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_drafts_that_a_crash_left_are_swept_at_start_and_what_may_hold_audio_is_not(bench):
    """Probes, drafts of notes, of entries, of upload states and of the cache go; a wav that nobody knows stays."""
    server = bench.start_server()
    data = server.folder / "data" / "telegraphone"
    spool = server.recordings / "spool"
    server.stop()
    gone = [spool / ".probe-abc", spool / "x.delivery.new", spool / "x.mp3.0a1b.upload.new", spool / "x.delivery.new",
            data / "untold" / "x.json.new", data / "dialogs" / "x.json.new", data / "cache" / "0123456789abcdef.draft"]
    stays = [spool / "foreign.wav", data / "cache" / "other.txt"]
    for path in gone + stays:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        os.utime(path, (time.time() - 7200,) * 2)
    server.start()
    wait_until(lambda: not any(path.exists() for path in gone if path.parent != data / "cache"))
    wait_until(lambda: not (data / "cache" / "0123456789abcdef.draft").exists())
    assert all(path.exists() for path in stays)
    assert "foreign.wav belongs to no recording that is known here" in server.log()
    (spool / "foreign.wav").unlink()
