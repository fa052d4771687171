"""Disks that are full or gone: refused before the ref, or an error with the intact rest after it; calls go on."""

import os
import shutil
import subprocess

import pytest

from support import audio, signals
from support.call import check_file
from support.rayo import record_xml

needs_mount = pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 512 KiB, mounted while the test runs."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk, leave=0):
    """Takes all the space of `disk` but `leave` bytes."""
    block = b"\0" * 4096
    with open(disk / "filler", "wb", buffering=0) as file:
        try:
            while True:
                file.write(block)
        except OSError:
            pass
    if leave:
        os.truncate(disk / "filler", os.path.getsize(disk / "filler") - leave)


@needs_mount
def test_a_disk_that_fills_up_ends_the_recording_with_an_error_and_an_intact_file(bench, small_disk):
    """Caller speaks, the disk fills: client receives complete with <error>, a text, and the uri, duration and size of
    what is there; the call is still up and the same caller can be hung up in order."""
    bench.start_server(recording={"directory": str(small_disk / "recordings")}, spool={"reserve": 0})
    client = bench.client()
    call, jid = bench.answered(client, play=signals.tone(440, 30))
    component = client.record(jid, "format='wav' start-beep='false' direction='send'")
    call.media.wait_position(signals.samples(2))
    fill(small_disk)
    done = client.expect_complete(component, limit=90)
    assert done.reason_name == "error" and "space" in done.reason.text, done.stanza
    assert done.path.stat().st_size == done.size
    sound = audio.read(done.path)
    assert abs(sound.samples * 1000 // sound.rate - done.duration) <= 1 and done.duration >= 1000
    client.hangup(jid)
    client.expect_end(jid)


@needs_mount
def test_a_recording_that_finds_no_space_is_refused_before_the_ref_and_the_call_goes_on(bench, small_disk):
    """Client sends <record/> on a full disk, client receives resource-constraint (wait) or internal-server-error."""
    bench.start_server(recording={"directory": str(small_disk / "recordings")}, spool={"reserve": 0})
    client = bench.client()
    _, jid = bench.answered(client, play=signals.tone(440, 5))
    fill(small_disk)
    reply = client.command(jid, "<record xmlns='urn:xmpp:rayo:record:1'/>")
    assert reply.get("type") == "error", reply
    assert reply.condition[:2] in (("wait", "resource-constraint"), ("cancel", "internal-server-error")), reply
    assert reply.condition[2]
    (small_disk / "filler").unlink()
    component = client.record(jid, "max-duration='500'")
    assert client.expect_complete(component).duration == 500


@needs_mount
def test_below_the_reserve_no_recording_begins_and_those_that_run_go_on_into_it(bench, tmp_path):
    """6 MB of 8 are the reserve. While a recording runs the disk fills up to 4 MB: client sends another <record/>,
    client receives resource-constraint (wait); the one that runs goes on and is whole."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)], check=True)
    try:
        bench.start_server(recording={"directory": str(disk / "recordings")}, spool={"reserve": 6})
        client = bench.client()
        call, jid = bench.answered(client, play=signals.tone(440, 30))
        running = client.record(jid, "format='wav' start-beep='false' direction='send' max-duration='3000'")
        fill(disk, leave=4_000_000)
        reply = client.command(jid, "<record xmlns='urn:xmpp:rayo:record:1'/>")
        assert reply.get("type") == "error", reply
        assert reply.condition[:2] == ("wait", "resource-constraint") and "MB left" in reply.condition[2], reply
        done = client.expect_complete(running)
        assert done.reason_name != "error" and done.duration == 3000
        (disk / "filler").unlink()
        component = client.record(jid, "max-duration='500'")
        assert client.expect_complete(component).duration == 500
    finally:
        bench.put_away()
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_spool_that_cannot_be_opened_refuses_the_record_before_anything_is_acknowledged(bench):
    """The spool directory becomes a file under the running server; it is put back, and recording works again."""
    server = bench.start_server()
    client = bench.client()
    phone, jid = bench.answered(client, play=signals.marks(20))
    spool = server.recordings / "spool"
    shutil.rmtree(spool)
    spool.write_text("in the way")
    reply = client.command(jid, record_xml())
    assert reply.get("type") == "error"
    assert reply.condition[1] in ("internal-server-error", "resource-constraint"), reply
    assert reply.condition[2], "no text says what is wrong"
    client.expect_nothing(lambda s: s.name == "presence")
    spool.unlink()
    spool.mkdir()
    check_file(client.expect_complete(client.record(jid, "max-duration='200'")))


def test_other_recordings_do_not_suffer_from_one_that_cannot_be_written(bench):
    """The file size limit of the process ends a long wav recording; an mp3 of the same call goes on to its end."""
    server = bench.start_server()
    client = bench.client()
    _, jid = bench.answered(client, play=signals.tone(440, 30))
    limit = 64 * 1024  # 4 s of wav, 16 s of mp3
    subprocess.run(["prlimit", f"--pid={server.process.pid}", f"--fsize={limit}:{limit}"], check=True)
    wav = client.record(jid, "format='wav' start-beep='false'")
    mp3 = client.record(jid, "format='mp3' start-beep='false' max-duration='7000'")
    failed = client.expect_complete(wav, limit=90)
    assert failed.reason_name == "error" and failed.reason.text, failed.stanza
    assert audio.read(failed.path).seconds >= 3
    done = client.expect_complete(mp3, limit=90)
    assert done.reason_name == "success" and done.duration == 7000
