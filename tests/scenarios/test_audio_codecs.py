"""Every codec that a phone may speak is recorded at its own rate and holds what was said: judged against what libopus,
ffmpeg and numpy decode from the same packets."""

import numpy as np
import pytest

from support import audio, codecs, opus, signals, sip
from support.call import check_file, hints, sidecar
from support.compare import compare_call
from support.media import Impairment

EXACT = ("PCMU", "PCMA", "L16/8000", "L16/16000", "L16/32000", "L16/44100", "L16/48000")
VOICE = dict(bitrate=32000)


def said(rate, seconds=2.0):
    """Marks, a pause, speech: as wide as the rate lets it be."""
    return signals.join(signals.silence(0.3, rate), signals.marks(0.8, rate=rate, highest=0.4 * rate),
                        signals.silence(0.2, rate),
                        signals.speech(rate=rate), signals.silence(0.2, rate),
                        signals.marks(seconds, 9, rate=rate, highest=0.4 * rate))


def recorded(bench, codec, ptime=20, attributes="format='wav'", children="", encoder=None, impairment=None, also=(), **call):
    """A call in which `said` was spoken and recorded from before its first word to after its last: (phone, complete)."""
    client = bench.client()
    rate = codecs.CODECS[codec].rate
    phone, jid = bench.call(client, codecs=(codec, *also), ptime=ptime, **call)
    phone.media.impairment = impairment
    client.answer(jid)
    phone.wait_answered()
    component = client.record(jid, f"{attributes} start-beep='false'", children)
    phone.media.play(said(rate), rate, **(encoder or (VOICE if codec.startswith("OPUS") else {})))
    phone.media.wait_played()
    phone.media.wait_position(phone.media.position + signals.samples(0.4))
    client.stop(component)
    return phone, client.expect_complete(component)


@pytest.mark.parametrize("codec, ptime", [
    ("PCMU", 20), ("PCMU", 120), ("PCMA", 10), ("GSM", 20), ("GSM", 60), ("G722", 20), ("G722", 10), ("G722", 60),
    ("L16/8000", 20), ("L16/16000", 20), ("L16/32000", 10), ("L16/44100", 10), ("L16/48000", 10), ("L16/48000", 20),
    ("OPUS", 10), ("OPUS", 20), ("OPUS", 60), ("OPUS", 120), ("OPUS/stereo", 20)])
def test_a_call_is_recorded_at_the_rate_of_its_codec_and_nothing_is_missing(bench, codec, ptime):
    phone, complete = recorded(bench, codec, ptime, "format='wav' mix='false'")
    sound = check_file(complete)
    assert int(audio.probe(complete.path)["stream_sample_rate"]) == codecs.CODECS[codec].rate
    found = compare_call(sound, phone.media)
    assert found.jumps == [] and found.missing == [], found
    assert found.is_exact or codec not in EXACT, f"SNR {found.mean_snr} dB"
    assert found.mean_snr > 20 and abs(found.level) < 0.5, f"SNR {found.mean_snr} dB, level {found.level} dB"
    assert sound.channels == 2 and audio.level(sound.pcm[1]) < -90


@pytest.mark.parametrize("codec, above", [("G722", 4500), ("L16/16000", 4500), ("OPUS", 5000), ("L16/48000", 12000)])
def test_what_is_wide_stays_wide(bench, codec, above):
    """Caller speaks noise up to 0.4 of the rate: the recording holds what lies above what narrow band can hold."""
    phone, complete = recorded(bench, codec, encoder=dict(bitrate=64000, application="audio") if codec == "OPUS" else None)
    sound = check_file(complete)
    last = sound.mono[-int(2.2 * sound.rate) : -int(0.5 * sound.rate)].astype(float)
    spectrum = np.abs(np.fft.rfft(last)) ** 2
    share = spectrum[np.fft.rfftfreq(len(last), 1 / sound.rate) > above].sum() / spectrum.sum()
    assert share > 0.1, f"only {100 * share:.1f} % of the energy is above {above} Hz"


@pytest.mark.parametrize("codec", ["G722", "GSM", "OPUS", "PCMU"])
def test_what_is_too_loud_is_cut_off_and_does_not_wrap(bench, codec):
    """Caller shouts: noise with its peaks cut off, whose decoded samples lie beyond full scale."""
    client = bench.client()
    rate = codecs.CODECS[codec].rate
    phone, jid = bench.answered(client, codecs=(codec,))
    component = client.record(jid, "format='wav' start-beep='false' direction='send'")
    phone.media.play(signals.join(signals.silence(0.3, rate), signals.marks(0.5, rate=rate),
                                  signals.marks(1.5, 3, dbfs=-3, rate=rate)), rate, **(VOICE if codec == "OPUS" else {}))
    phone.media.wait_played()
    client.stop(component)
    sound = check_file(client.expect_complete(component))
    begin = compare_call(sound, phone.media).begin
    said = phone.media.spoken()[0][begin:][: sound.samples].astype(int)
    apart = np.abs(sound.mono[: len(said)].astype(int) - said)
    assert (apart > 30000).sum() == 0, f"{(apart > 30000).sum()} samples wrapped round"


@pytest.mark.parametrize("options", [
    dict(bandwidth="narrow", bitrate=12000), dict(bandwidth="medium", bitrate=16000), dict(bandwidth="wide", bitrate=20000),
    dict(bandwidth="superwide", bitrate=32000), dict(bandwidth="full", bitrate=64000), dict(application="lowdelay"),
    dict(vbr=0, bitrate=24000), dict(fec=1, packet_loss=20)], ids=str)
def test_opus_of_every_bandwidth_is_what_the_reference_hears(bench, options):
    phone, complete = recorded(bench, "OPUS", encoder=options)
    found = compare_call(check_file(complete), phone.media)
    assert found.jumps == [] and found.missing == [] and found.mean_snr > 20, found


@pytest.mark.parametrize("codec", ["OPUS", "OPUS/stereo"])
def test_opus_that_stops_in_silence_keeps_its_time(bench, codec):
    phone, complete = recorded(bench, codec, encoder=dict(dtx=1, bitrate=24000))
    found = compare_call(check_file(complete), phone.media, margin=0.3)
    assert abs(found.worst_place) <= 20 and found.missing == [], found


def test_what_opus_carries_of_the_packet_before_replaces_one_that_was_lost(bench):
    """Every tenth packet or so is lost. In the holes is what the reference makes of the redundancy in the next packet, and
    that is much more like what was said than what it makes up without."""
    phone, complete = recorded(bench, "OPUS", impairment=Impairment(drop=0.1, seed=3),
                               encoder=dict(bitrate=32000, bandwidth="wide", fec=1, packet_loss=30))
    sound, media = check_file(complete), phone.media
    begin = compare_call(sound, media).begin
    lost = {at // 160 for at, _ in media.lost_spans()}
    packets = [None if number in lost else word.payload for number, word in enumerate(media.sent)]
    repaired, said = opus.decode(packets)[begin:], media.spoken()[0][begin:]
    alike = []
    for number in lost:
        if number - 1 in lost or number + 1 in lost:
            continue
        at = number * 960 - begin
        pieces = [pcm[max(0, at) : at + 960].astype(float) for pcm in (sound.mono, repaired, said)]
        if at > 0 and len(pieces[0]) == 960 and audio.level(pieces[2]) > -35:
            there, wanted, original = pieces
            alike.append((np.corrcoef(there, wanted)[0, 1], np.corrcoef(there, original)[0, 1]))
    assert len(alike) > 5
    with_redundancy, with_speech = np.mean(alike, axis=0)
    assert with_redundancy > 0.9, f"likeness to the redundancy {with_redundancy:.2f}, to what was said {with_speech:.2f}"
    assert sum(span["length"] for span in sidecar(complete)["map"] if span["kind"] == "repaired") >= 960 * len(alike)


@pytest.mark.parametrize("codec", ["PCMU", "G722", "OPUS", "L16/16000", "GSM"])
def test_a_beep_is_heard_in_the_codec_that_is_spoken(bench, codec):
    client = bench.client()
    phone, jid = bench.answered(client, codecs=(codec,))
    client.expect_complete(client.record(jid, "max-duration='800' start-beep='true'"))
    (start, end), = audio.tone_spans(phone.media.heard_pcm(), 1000)
    assert 0.15 <= end - start <= 0.3
    assert {p.payload_type for p in phone.media.audio_packets()} == {codecs.CODECS[codec].payload_type}
    stamps = {(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in zip(phone.media.audio_packets(),
                                                                       phone.media.audio_packets()[1:])}
    assert stamps == {codecs.CODECS[codec].clock // 50}


def test_comfort_noise_sounds_as_loud_as_it_was_asked_for_and_for_as_long(bench):
    """Caller's phone sends one packet of RFC 3389 at -50 dBov for each pause: there is noise of that level, and the words
    lie where they were said."""
    client = bench.client()
    phone, jid = bench.call(client, codecs=("PCMU", "CN"))
    phone.media.silence_suppression, phone.media.comfort_noise = True, codecs.comfort_noise(50)
    one, two = signals.marks(0.6, seed=1), signals.marks(0.6, seed=2)
    client.answer(jid)
    phone.wait_answered()
    component = client.record(jid, "format='wav' start-beep='false'")
    phone.media.play(signals.join(signals.marks(0.5), signals.silence(0.5), one, signals.silence(2), two))
    phone.media.wait_played()
    client.stop(component)
    complete = client.expect_complete(component)
    sound = check_file(complete).mono
    first, second = audio.locate(one, sound)[0], audio.locate(two, sound[: len(sound)])[0]
    assert (second - first) / 8000 == pytest.approx(2.6, abs=0.02)
    pause = sound[first + 4800 + 800 : second - 800]
    assert audio.level(pause) == pytest.approx(-50, abs=6)
    assert sum(span["length"] for span in sidecar(complete)["map"] if span["kind"] == "noise") > 12000


def test_an_answer_keeps_to_one_rate(bench):
    """Caller offers wide and narrow codecs at once; the answer has the first and only others of its rate."""
    client = bench.client()
    for offered, expected in ((("OPUS", "PCMU", "G722", "L16/48000"), {"OPUS", "L16/48000"}),
                              (("PCMU", "OPUS", "PCMA"), {"PCMU", "PCMA"}), (("G722", "PCMA", "L16/16000"), {"G722", "L16/16000"})):
        phone, _ = bench.answered(client, codecs=offered)
        answered = phone.remote_sdp.codecs
        assert answered[0] == offered[0] and set(answered) <= expected, answered


def test_a_call_without_an_offer_is_offered_every_codec(bench):
    client = bench.client()
    phone, jid = bench.call(client, offer=False, codecs=("G722",), speaks=False)
    client.answer(jid)
    response = phone.wait_answered()
    assert {"OPUS", "G722", "PCMU", "PCMA", "GSM"} <= set(sip.Sdp(response.body).codecs)


@pytest.mark.parametrize("codec", ["OPUS", "L16/16000"])
def test_keys_pressed_in_a_wide_call_shift_nothing(bench, codec):
    """Telephone-events with the clock of the codec."""
    client = bench.client()
    source = signals.marks(8)
    phone, jid = bench.answered(client, play=source, codecs=(codec,), encoder=dict(bitrate=64000) if codec == "OPUS" else {})
    component = client.record(jid, "format='wav' start-beep='false' max-duration='3000'", hints(sample_rate=8000))
    phone.media.wait_position(signals.samples(1))
    phone.media.press("5", 200)
    sound = check_file(client.expect_complete(component))
    pieces = [p for p in audio.story(sound.mono, source) if p[2] > 0.3]
    shifts = [round((begun - at) * 8000) for at, begun, _ in pieces]
    assert len(pieces) == 2 and abs(shifts[0] - shifts[1]) <= 8, pieces


def test_a_wide_call_is_narrow_only_where_the_client_asks_for_it(bench):
    phone, complete = recorded(bench, "L16/48000", children=hints(sample_rate=16000))
    assert check_file(complete).rate == 16000
    found = compare_call(check_file(complete), phone.media)
    assert found.jumps == [] and found.missing == [], found
