"""The test bench proves itself: phone against phone, and what the ears say of sounds that are known."""

import struct
import subprocess
import time

import numpy as np
import pytest

from support import audio, codecs, g711, rtp, signals, sip
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


def speech_then_marks(rate):
    return signals.join(signals.speech(rate=rate), signals.marks(1, rate=rate, highest=0.4 * rate))


def likeness(name, said, heard):
    """Signal-to-noise ratio in dB after alignment: codecs have a delay."""
    edge = len(said) // 10
    piece = said[edge:-edge].astype(float)
    at, _ = audio.locate(piece, heard)
    return audio.level(piece) - audio.level(heard[at : at + len(piece)] - piece)


@pytest.mark.parametrize("name, ptime, least", [
    ("PCMU", 20, 30), ("PCMA", 10, 30), ("GSM", 20, 3), ("GSM", 60, 3), ("G722", 10, 12), ("G722", 120, 12),
    ("L16/8000", 20, 100), ("L16/16000", 20, 100), ("L16/44100", 10, 100), ("L16/48000", 10, 100),
    ("OPUS", 10, 8), ("OPUS", 20, 8), ("OPUS", 60, 8), ("OPUS", 120, 8)])
def test_what_a_codec_makes_its_reader_reads(name, ptime, least):
    rate = codecs.CODECS[name].rate
    said = speech_then_marks(rate)
    options = {"bitrate": 96000, "application": "lowdelay"} if name == "OPUS" else {}
    packets = codecs.encode(name, said, rate, ptime, **options)
    assert len(packets) == len(said) * 1000 // rate // ptime
    heard = codecs.decode(name, packets, ptime)
    assert len(heard) == len(packets) * ptime * rate // 1000
    assert likeness(name, said, heard) > least


def ogg(packets, ptime):
    """The packets as an Ogg file (RFC 7845), a page each."""
    table = []
    for value in range(256):
        crc = value << 24
        for _ in range(8):
            crc = (crc << 1) ^ (0x04C11DB7 if crc & 0x80000000 else 0)
        table.append(crc & 0xFFFFFFFF)

    def page(number, granule, packet):
        lacing = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
        kind = 2 if number == 0 else 0
        head = struct.pack("<4sBBqIIIB", b"OggS", 0, kind, granule, 1, number, 0, len(lacing)) + lacing
        crc = 0
        for byte in head + packet:
            crc = ((crc << 8) & 0xFFFFFFFF) ^ table[(crc >> 24) ^ byte]
        return head[:22] + struct.pack("<I", crc) + head[26:] + packet

    pages = [page(0, 0, b"OpusHead" + struct.pack("<BBHIhB", 1, 2, 0, 48000, 0, 0)),
             page(1, 0, b"OpusTags" + struct.pack("<II", 0, 0))]
    return b"".join(pages + [page(n + 2, (n + 1) * 48 * ptime, packet) for n, packet in enumerate(packets)])


@pytest.mark.parametrize("name, options", [
    ("OPUS", {}), ("OPUS", {"bandwidth": "narrow", "bitrate": 12000}), ("OPUS", {"fec": 1, "packet_loss": 20}),
    ("OPUS", {"application": "lowdelay"}), ("OPUS/stereo", {"bitrate": 64000})])
def test_opus_packets_are_what_ffmpeg_hears_too(name, options):
    packets = codecs.encode(name, speech_then_marks(48000), 48000, 20, **options)
    told = subprocess.run(["ffmpeg", "-v", "error", "-i", "-", "-ac", "1", "-ar", "48000", "-f", "s16le", "-"],
                          input=ogg(packets, 20), capture_output=True, check=True).stdout
    theirs, ours = np.frombuffer(told, dtype="<i2"), codecs.decode(name, packets)
    assert abs(len(theirs) - len(ours)) <= 960
    assert audio.locate(ours[24000:96000], theirs)[1] > 0.95


def test_opus_with_dtx_makes_next_to_nothing_of_silence():
    said = signals.join(signals.speech(rate=48000), signals.silence(3, 48000))
    packets = codecs.encode("OPUS", said, 48000, 20, dtx=1, bitrate=16000)
    assert sum(len(p) <= 2 for p in packets[-100:]) > 80 and sum(len(p) <= 2 for p in packets[:100]) < 10


@pytest.mark.parametrize("codec", ["G722", "GSM", "OPUS", "L16/16000", "L16/48000"])
def test_a_phone_hears_what_a_phone_says_in_every_codec(codec):
    one, two = pair(codec=codec)
    said = signals.marks(1)
    one.play(said, bitrate=64000, application="audio") if codec == "OPUS" else one.play(said)
    one.open_mouth(("127.0.0.1", two.port))
    one.wait_played()
    time.sleep(0.1)
    clock = codecs.CODECS[codec].clock
    assert {(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in zip(two.heard, two.heard[1:])} == {clock // 50}
    assert audio.locate(said[800:6400], two.heard_pcm())[1] > 0.6
    reference, rate = one.spoken(0, 8000)
    assert rate == codecs.CODECS[codec].rate and len(reference) == rate
    one.close(), two.close()


def test_a_phone_that_changes_codec_and_ptime_goes_on_with_the_same_words():
    one, two = pair()
    said = signals.marks(3)
    one.play(said)
    one.open_mouth(("127.0.0.1", two.port))
    for number, (codec, ptime) in enumerate([("L16/16000", 20), ("PCMA", 60), ("G722", 10), ("PCMU", 30)]):
        one.wait_position(4000 * (number + 1))
        one.ptime = ptime
        one.use(codec)
    one.wait_played()
    words = [w for w in one.sent if w.position < 24000]
    assert [w.position for w in words] == [sum(v.ticks for v in words[:n]) for n in range(len(words))]
    assert list(dict.fromkeys(w.codec for w in words)) == ["PCMU", "L16/16000", "PCMA", "G722"] or words[-1].codec == "PCMU"
    laws = [w for w in words if w.codec in g711.STATIC]
    for word in laws:
        assert word.payload == g711.encode(word.codec, said[word.position : word.position + word.ticks]).ljust(
            word.ticks, g711.encode(word.codec, [0]))
    steps = [(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in zip(two.heard, two.heard[1:])]
    assert max(steps) <= 960, "timestamps do not run on"
    one.close(), two.close()


def test_bursts_have_the_share_and_the_length_that_were_asked_for():
    impairment = Impairment(burst=0.15, burst_length=5, seed=4)
    came = [bool(impairment.pass_on(bytes(2))) for _ in range(20000)]
    runs = "".join("." if c else "x" for c in came).replace(".", " ").split()
    assert impairment.dropped / 20000 == pytest.approx(0.15, abs=0.03)
    assert np.mean([len(r) for r in runs]) == pytest.approx(5, abs=0.7)


@pytest.mark.parametrize("keep_order", [False, True])
def test_jitter_delays_each_packet_by_its_own_time(keep_order):
    one, two = pair()
    one.impairment = Impairment(jitter=60, keep_order=keep_order, seed=2)
    one.open_mouth(("127.0.0.1", two.port))
    one.wait_position(signals.samples(2))
    time.sleep(0.2)
    order = [(p.sequence - two.heard[0].sequence) & 0xFFFF for p in two.heard]
    assert set(order) >= set(range(95)) or min(order) > 60000
    assert (order == sorted(order)) == keep_order
    one.close(), two.close()


def test_a_stall_is_made_up_for_and_a_slow_clock_is_slow():
    one, two = pair()
    one.drift = 50000
    one.open_mouth(("127.0.0.1", two.port))
    one.wait_position(signals.samples(0.5))
    one.stall(0.5)
    one.wait_position(signals.samples(1.5))
    time.sleep(0.1)
    assert one.sent[50].due == pytest.approx(1.05)
    gaps = [b.arrival - a.arrival for a, b in zip(two.heard, two.heard[1:])]
    assert max(gaps) > 0.4 and len({p.sequence for p in two.heard}) == len(two.heard) >= 75
    one.close(), two.close()


def test_silence_that_is_suppressed_begins_with_comfort_noise():
    one, two = pair()
    one.silence_suppression, one.comfort_noise = True, codecs.comfort_noise(50)
    one.play(signals.join(signals.marks(0.2), signals.silence(0.4), signals.marks(0.2)))
    one.open_mouth(("127.0.0.1", two.port))
    one.wait_played()
    time.sleep(0.1)
    kinds = [p.payload_type for p in two.heard]
    assert kinds[:21] == [0] * 10 + [13] + [0] * 10
    assert two.heard[11].marker and two.heard[11].timestamp - two.heard[10].timestamp == 3200
    one.close(), two.close()


def test_descriptions_name_codecs_with_their_clocks():
    sdp = sip.Sdp(sip.make_sdp("127.0.0.1", 4000, codecs=("OPUS", "G722", "L16/16000", "CN"), types={"OPUS": 120}))
    assert sdp.codec_types == {"OPUS": 120, "G722": 9, "L16/16000": 97}
    assert "a=rtpmap:120 opus/48000/2" in sdp.text and "a=rtpmap:9 G722/8000" in sdp.text and 13 in sdp.formats
