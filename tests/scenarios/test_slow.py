"""What takes longer than a usual run: limits of half a minute. Set TELEGRAPHONE_SLOW=1 to have it tested."""

import os
import time

import pytest

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
