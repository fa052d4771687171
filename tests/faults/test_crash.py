"""The server is killed while it records: what was spoken until then is on disk and plays."""

import pytest

from support import audio, signals
from support.phone import Phone
from support.rayo import RayoClient


@pytest.mark.parametrize("format_", ["mp3", "wav"])
def test_a_recording_whose_server_was_killed_plays_up_to_its_last_second(bench, format_):
    """Caller speaks 4 s into a recording, the server gets SIGKILL: the spool holds a file that plays at least 3 s of it."""
    server = bench.start_server()
    client = bench.client()
    call, jid = bench.answered(client, play=signals.tone(440, 20))
    client.record(jid, f"format='{format_}' start-beep='false' direction='send'")
    begun = call.media.position
    call.media.wait_position(begun + signals.samples(4))
    server.kill()
    spooled = server.spooled_files()
    assert len(spooled) == 1 and server.recorded_files() == []
    sound = audio.read(spooled[0])
    assert 3.0 <= sound.seconds <= 6.0, sound.seconds
    half = sound.mono[signals.samples(0.5) : signals.samples(2.5)]
    assert audio.tone_level(half, 440) > -20


def test_a_server_starts_again_over_the_spool_of_one_that_was_killed(bench):
    """After SIGKILL the same directory is used again; the old spool file is not touched, the new recording is whole."""
    server = bench.start_server()
    client = bench.client()
    call, jid = bench.answered(client, play=signals.tone(440, 20))
    client.record(jid, "format='wav'")
    call.media.wait_position(signals.samples(1.5))
    server.kill()
    left = {path: path.read_bytes() for path in server.spooled_files()}
    assert len(left) == 1

    server.start()
    with RayoClient(server, "again") as second, Phone(server.address, server.sip_port, user="second") as phone:
        call = phone.invite(play=signals.tone(440, 10))
        jid = second.expect_offer("second").get("from")
        second.answer(jid)
        call.wait_answered()
        component = second.record(jid, "format='wav' max-duration='1000'")
        done = second.expect_complete(component)
        assert done.duration == 1000 and done.path.exists()
        call.bye()
    for path, content in left.items():
        assert path.read_bytes() == content
