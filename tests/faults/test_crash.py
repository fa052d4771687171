"""The server is killed while it records: what was spoken until then is on disk and plays."""

import pytest

from support import audio, signals
from support.books import Books


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


def test_after_a_kill_every_recording_has_the_end_that_it_had(bench):
    """One recording is stopped, one finds no more audio to keep (its call hangs up), one runs when the server gets
    SIGKILL: after the next start the catalogue has completed twice and interrupted once, and verifies."""
    server = bench.start_server()
    client = bench.client()
    call, jid = bench.answered(client, play=signals.tone(440, 20))
    _, other = bench.answered(client, play=signals.tone(440, 20))
    stopped, hung_up = client.record(jid, "format='mp3'"), client.record(other, "format='wav'")
    running = client.record(jid, "format='opus'")
    call.media.wait_position(call.media.position + signals.samples(2))
    client.stop(stopped)
    client.expect_complete(stopped)
    client.hangup(other)
    client.expect_complete(hung_up)
    server.kill()
    client.close()
    server.start()
    states = {component.split("/")[1]: "completed" for component in (stopped, hung_up)}
    states[running.split("/")[1]] = "interrupted"
    rows = Books(server).check(states)
    assert {component: row["state"] for component, row in rows.items()} == states
    server.stop()
    Books(server).check_spool_is_empty()
