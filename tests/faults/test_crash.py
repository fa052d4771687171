"""The server is killed while it records: what was spoken until then is on disk and plays."""

import pytest

from support import audio, signals


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
