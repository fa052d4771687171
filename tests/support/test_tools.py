"""The test bench proves itself: phone against phone, and what the ears say of sounds that are known."""

import time

import numpy as np
import pytest

from support import audio, g711, rtp, signals, sip
from support.media import Impairment, Media

pytestmark = pytest.mark.no_binary


def pair(**options):
    one, two = Media(seed=1, **options), Media(seed=2, **options)
    return one, two


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
@pytest.mark.parametrize("ptime", [10, 20, 30, 60])
def test_what_one_phone_says_the_other_hears_to_the_sample(codec, ptime):
    one, two = pair(codec=codec, ptime=ptime)
    said = signals.marks(0.6)
    one.play(said)
    one.open_mouth(("127.0.0.1", two.port))
    one.wait_played()
    time.sleep(0.1)
    heard = two.heard_pcm()[: len(said)]
    assert np.array_equal(heard, g711.decode(codec, g711.encode(codec, said)))
    assert two.heard[0].marker and not any(p.marker for p in two.heard[1:])
    one.close(), two.close()


def test_the_network_drops_doubles_and_swaps_the_same_packets_each_time():
    runs = []
    for _ in range(2):
        impairment = Impairment(drop=0.1, duplicate=0.1, reorder=0.1, delay=4, delayed=0.05, seed=3)
        runs.append([p for n in range(200) for p in impairment.pass_on(bytes([n]))])
    assert runs[0] == runs[1]
    assert runs[0] != sorted(runs[0]) and len(set(runs[0])) < 200 < len(runs[0]) + 50


def test_a_report_that_is_packed_reads_back():
    packets = rtp.parse_rtcp(rtp.sender_report(77, 5 << 32, 9, 10, 11))
    assert [p.kind for p in packets] == [200, 202]
    assert (packets[0].ssrc, packets[0].ntp, packets[0].packet_count, packets[0].octet_count) == (77, 5 << 32, 10, 11)
    assert packets[1].cname == "phone"


def test_a_story_tells_which_pieces_of_the_source_were_kept():
    source = signals.marks(6)
    kept = np.concatenate([source[4000:16000], source[30000:40000]])
    first, second = audio.story(g711.decode("PCMU", g711.encode("PCMU", kept)), source)
    assert first == pytest.approx((0, 0.5, 1.5), abs=0.006)
    assert second == pytest.approx((1.5, 3.75, 1.25), abs=0.006)


def test_tones_gaps_and_clicks_are_found_where_they_are():
    sound = signals.join(signals.silence(0.5), signals.tone(1000, 0.2), signals.silence(0.3), signals.tone(440, 0.3))
    assert audio.tone_spans(sound, 1000) == [pytest.approx((0.5, 0.7), abs=0.015)]
    assert audio.onset(sound) == pytest.approx(0.5, abs=0.005)
    assert [gap for gap in audio.gaps(sound[4000:])] == [pytest.approx((0.2, 0.5), abs=0.011)]
    assert audio.clicks(sound) == []
    torn = np.concatenate([signals.tone(440, 0.5)[:3001], signals.tone(440, 0.5)[3010:]])
    broken = torn.copy()
    broken[3001] = 30000
    assert audio.clicks(broken)


def test_descriptions_are_read_back_as_they_were_made():
    sdp = sip.Sdp(sip.make_sdp("127.0.0.1", 4000, ptime=30, direction="sendonly", mux=True))
    assert (sdp.address, sdp.port, sdp.codecs, sdp.event_type) == ("127.0.0.1", 4000, ["PCMU", "PCMA"], 101)
    assert sdp.mux and sdp.direction == "sendonly" and sdp.attribute("ptime") == "30"
