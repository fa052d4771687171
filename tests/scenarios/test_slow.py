"""What takes longer than a usual run: limits of half a minute. Set TELEGRAPHONE_SLOW=1 to have it tested."""

import os
import time

import pytest

from support import audio, signals
from support.call import check_file
from support.compare import compare_call
from support.xmpp_raw import XmppStream

pytestmark = pytest.mark.skipif(not os.environ.get("TELEGRAPHONE_SLOW"), reason="slow: set TELEGRAPHONE_SLOW=1")


def test_a_client_that_does_not_log_in_within_thirty_seconds_is_told_so_and_cut_off(bench):
    silent = bench.keep(XmppStream(bench.server.xmpp_port))
    slow = bench.keep(XmppStream(bench.server.xmpp_port))
    slow.open_stream()
    for one in (silent, slow):
        one.expect_stream_error("connection-timeout", 60)


def test_an_idle_call_sends_a_keepalive_each_fifteen_seconds(bench):
    client = bench.client()
    phone, _ = bench.answered(client)
    until = time.monotonic() + 60
    while len(phone.media.keepalives()) < 3 and time.monotonic() < until:
        time.sleep(0.2)
    one, two, three = [p.arrival for p in phone.media.keepalives()][:3]
    assert two - one == pytest.approx(15, abs=2) and three - two == pytest.approx(15, abs=2)
    assert phone.media.audio_packets() == []


def test_ten_minutes_of_a_phone_whose_clock_is_off_end_where_the_wall_clock_says(bench):
    """Two phones, 200 ppm slow and 200 ppm fast (120 ms in ten minutes): no moment of their recordings is more than 20 ms
    from where it was in real time, both channels are as long, nothing is missing or twice."""
    client = bench.client()
    lines = []
    for drift in (200, -200):
        phone, jid = bench.call(client)
        phone.media.drift = drift
        client.answer(jid)
        phone.wait_answered()
        phone.media.wait_position(signals.samples(1))
        component = client.record(jid, "format='wav' mix='false' start-beep='false'")
        phone.media.play(signals.marks(600, seed=abs(drift)))
        lines.append((phone, component))
    for phone, component in lines:
        phone.media.wait_played(700)
        client.stop(component)
        sound = check_file(client.expect_complete(component))
        found = compare_call(sound, phone.media)
        assert abs(found.worst_place) <= 20 and abs(found.skew) <= 20, f"{found.worst_place} ms at {phone.media.drift} ppm"
        assert found.jumps == [] and found.missing == []
        assert sound.seconds >= 600 and audio.level(sound.pcm[1]) < -90
