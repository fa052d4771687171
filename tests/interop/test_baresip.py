"""baresip, a phone that others wrote, calls and speaks a file; the recording holds what it said."""

import pytest

from support import audio, signals
from support.baresip import Baresip, baresip
from support.call import check_file, end_reason
from support.compare import compare
from support.hearing import Heard


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_baresip_calls_and_what_it_plays_is_recorded(bench, tmp_path, transport):
    client = bench.client()
    source = signals.marks(12)
    with baresip(bench.server, tmp_path, source, 8000, "PCMU/8000/1", transport):
        jid = client.expect_offer("baresip").get("from")
        client.accept(jid)
        client.answer(jid)
        component = client.record(jid, "format='wav' start-beep='false' max-duration='3000'")
        sound = check_file(client.expect_complete(component))
        assert sound.samples == 24000
        pieces = [p for p in audio.story(sound.mono, source) if p[2] > 0.3]
        assert sum(p[2] for p in pieces) > 2.0, pieces
        client.hangup(jid)
        client.expect_end(jid)


@pytest.mark.parametrize("codec, rate", [("opus/48000/2", 48000), ("G722/16000/1", 16000), ("L16/16000/1", 16000),
                                         ("L16/48000/1", 48000), ("PCMA/8000/1", 8000)])
def test_what_baresip_says_in_other_codecs_is_recorded_as_wide_as_it_was(bench, tmp_path, codec, rate):
    """baresip plays noise that never repeats, as wide as the codec: it is all there, in one piece, at the codec's rate."""
    client = bench.client()
    source = signals.marks(15, rate=rate, highest=0.38 * rate if rate < 48000 else 9000)
    with baresip(bench.server, tmp_path, source, rate, codec):
        jid = client.expect_offer("baresip").get("from")
        client.answer(jid)
        component = client.record(jid, "format='wav' start-beep='false' direction='send' max-duration='3500'")
        sound = check_file(client.expect_complete(component))
        assert sound.rate == rate and sound.seconds == 3.5
        found = compare(sound.mono, source, rate)
        assert found.jumps == [], found.jumps
        assert found.missing_ms <= 40 and abs(found.level) < 3, found
        client.hangup(jid)
        client.expect_end(jid)


@pytest.mark.parametrize("codec, rate", [("PCMU/8000/1", 8000), ("G722/16000/1", 16000), ("opus/48000/2", 48000)])
def test_baresip_is_dialled_answers_speaks_and_hears(bench, tmp_path, codec, rate):
    """What it says is recorded; it hears another call that it is joined to."""
    client = bench.client()
    leg, other = bench.answered(client, play=signals.tone(910, 60))
    phone = bench.keep(Baresip(tmp_path, signals.tone(430, 60, rate=rate), rate, codec))
    while "baresip is ready" not in phone.log:
        assert phone.process.poll() is None, phone.log
    jid = client.dial(phone.uri)
    client.expect_answered(jid)
    client.joined(jid, other)
    component = client.record(jid, "format='wav' start-beep='false' mix='false' max-duration='2500'")
    sound = check_file(client.expect_complete(component))
    for channel, there, not_there in zip(sound.pcm, (430, 910), (910, 430)):
        Heard(channel[sound.rate // 2 :], sound.rate, 0, 0).check([there], [not_there])
    leg.media.listen(0.6).check([430], [910])
    client.hangup(jid)
    assert end_reason(client.expect_end(jid))[0] == "hangup"
    heard = phone.heard()
    Heard(heard.mono[heard.rate : 2 * heard.rate], heard.rate, 0, 0).check([910], [430])
