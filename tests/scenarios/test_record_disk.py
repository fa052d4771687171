"""When the disk fails: refused before the ref if it can be known by then, an <error/> with a text after it."""

import shutil
import subprocess

import pytest

from support import audio, signals
from support.call import check_file
from support.rayo import record_xml

CORE = "{urn:xmpp:rayo:ext:complete:1}"


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


@pytest.fixture
def tiny_disk(tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("no tmpfs may be mounted here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_disk_that_fills_up_ends_the_recording_with_an_error_and_what_was_written_is_whole(bench, tiny_disk):
    """Client records wav (16 KB a second) on a disk of 96 KB: <error/> with a text, and a recording that plays."""
    server = bench.start_server(recording={"directory": str(tiny_disk / "recordings")})
    server.recordings = tiny_disk / "recordings"
    client = bench.client()
    source = signals.marks(20)
    _, jid = bench.answered(client, play=source)
    component = client.record(jid, "format='wav' start-beep='false'")
    done = client.expect_complete(component)
    assert done.reason.tag == CORE + "error" and done.reason.text.strip()
    sound = check_file(done)
    (_, _, length), = audio.story(sound.mono, source)
    assert length > 2
    client.sync()
    assert server.is_alive()
