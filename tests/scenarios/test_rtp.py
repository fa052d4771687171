"""RTP and RTCP as a phone meets them: where packets go, what an idle call sends, and the figures in the reports."""

import random
import time

import pytest

from support import audio, g711, signals
from support.call import check_file
from support.media import Impairment, Media


def test_packets_go_to_where_packets_come_from(bench):
    """Caller is behind a NAT: it speaks from another port than its SDP says; the beep arrives at that port."""
    client = bench.client()
    source = signals.marks(10)
    sip_call, jid = bench.call(client, play=source)
    port = sip_call.media.move_mouth()
    client.answer(jid)
    sip_call.wait_answered()
    sip_call.media.wait_position(signals.samples(0.5))
    component = client.record(jid, "format='wav' max-duration='900'")
    sound = check_file(client.expect_complete(component))
    assert audio.story(sound.mono, source)[0][2] > 0.8
    assert len(audio.tone_spans(sip_call.media.heard_pcm(), 1000)) == 1
    assert port != sip_call.media.port


def test_a_stranger_who_sends_to_our_port_is_neither_heard_nor_answered(bench):
    """After the first packets of the caller another source sends a loud tone to the same port: nothing of it is recorded."""
    client = bench.client()
    source = signals.marks(10)
    phone, jid = bench.answered(client, play=source)
    phone.media.wait_position(signals.samples(0.5))
    component = client.record(jid, "format='wav' max-duration='2000'")
    stranger = bench.keep(Media("127.0.0.1"))
    stranger.play(signals.tone(2000, 5, -6))
    stranger.open_mouth(phone.media.remote)
    sound = check_file(client.expect_complete(component))
    (_, _, length), = audio.story(sound.mono, source)
    assert length > 1.95
    assert audio.tone_spans(sound.mono, 2000) == []
    assert stranger.audio_packets() == []


def test_garbage_on_the_port_disturbs_nothing(bench):
    client = bench.client()
    source = signals.marks(10)
    phone, jid = bench.answered(client, play=source)
    component = client.record(jid, "format='wav' start-beep='0' max-duration='1500'")
    for data in (b"", b"\x80", b"\x00" * 40, b"\x80\x00" + b"\xff" * 8, b"\xff" * 1400, b"\x9f\x00" + b"\x00" * 12,
                 b"\xb0\x00\x00\x01" * 4,
                 b"\x80\xc8\xff\xff" + b"\x00" * 24, b"\x81\xc9\x00\x00" + b"\x00" * 4):
        phone.media.send_raw(data)
    (_, _, length), = audio.story(check_file(client.expect_complete(component)).mono, source)
    assert length > 1.45


def test_a_call_that_is_idle_sends_a_keepalive_and_rtcp_at_once_and_no_audio(bench):
    """Default [rtp] idle = "keepalive": the first packets come as soon as the call is answered, so that NATs open."""
    client = bench.client()
    phone, _ = bench.answered(client)
    phone.media.wait_position(signals.samples(1.5))
    assert len(phone.media.keepalives()) == 1 and phone.media.audio_packets() == []
    assert phone.media.keepalives()[0].payload_type not in (0, 8, 101)
    assert any(p.kind in (200, 201) for p in phone.media.reports)
    assert phone.media.broken == 0


def test_idle_silence_sends_silence_without_a_break_and_none_sends_nothing(bench):
    bench.start_server(rtp={"idle": "silence"})
    client = bench.client()
    phone, _ = bench.answered(client)
    phone.media.wait_position(signals.samples(1.5))
    packets = phone.media.audio_packets()
    assert len(packets) >= 40
    steps = {(b.sequence - a.sequence) & 0xFFFF for a, b in zip(packets, packets[1:])}
    stamps = {(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in zip(packets, packets[1:])}
    assert steps == {1} and stamps == {160} and audio.level(phone.media.heard_pcm()) < -60
    bench.start_server(rtp={"idle": "none"})
    client = bench.client()
    phone, _ = bench.answered(client)
    phone.media.wait_position(signals.samples(1.5))
    assert phone.media.heard == []


def test_a_beep_is_a_clean_burst_of_packets(bench):
    """Marker on its first packet only, sequence and timestamp without a gap; between beeps the timestamp follows time."""
    client = bench.client()
    phone, jid = bench.answered(client)
    client.expect_complete(client.record(jid, "max-duration='700'"))
    client.expect_complete(client.record(jid, "max-duration='700'"))
    packets = phone.media.audio_packets()
    marked = [i for i, p in enumerate(packets) if p.marker]
    assert len(marked) == 2 and marked[0] == 0
    for burst in (packets[: marked[1]], packets[marked[1] :]):
        assert {(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in zip(burst, burst[1:])} == {160}
    everything = [p for p in phone.media.heard]
    assert len({p.ssrc for p in everything}) == 1
    jump = (packets[marked[1]].timestamp - packets[marked[1] - 1].timestamp) & 0xFFFFFFFF
    assert jump / 8000 == pytest.approx(packets[marked[1]].arrival - packets[marked[1] - 1].arrival, abs=0.15)
    assert len(audio.tone_spans(phone.media.heard_pcm(), 1000)) == 2


def test_reports_carry_real_figures(bench):
    """Caller drops every tenth packet or so and sends an SR; the server's report counts them and refers to that SR."""
    bench.start_server(rtp={"idle": "silence"})
    client = bench.client()
    sip_call, jid = bench.call(client, play=signals.marks(30))
    sip_call.media.impairment = Impairment(drop=0.1, seed=2)
    client.answer(jid)
    sip_call.wait_answered()
    media = sip_call.media
    media.wait_position(signals.samples(0.5))
    middle = media.send_report()
    for _ in range(300):
        media.wait_position(media.position + 400)
        told = [p for p in media.reports if p.blocks and p.blocks[0].last_sr == middle]
        if told:
            break
    assert told, f"no report refers to our SR: {media.reports}"
    report = told[-1]
    block = report.blocks[0]
    assert block.ssrc == media.ssrc
    assert 1 <= block.cumulative_lost <= media.impairment.dropped
    assert 0 < block.fraction_lost < 100
    assert block.highest_sequence & 0xFFFF in {(media.sequence - n) & 0xFFFF for n in range(400)}
    assert block.jitter < 8000 and block.delay_since_last_sr < 30 * 65536
    assert report.kind == 200 and report.packet_count > 0 and report.octet_count == 160 * report.packet_count
    assert any(p.cname for p in media.reports)


def test_rtcp_says_goodbye_when_the_call_ends(bench):
    bench.start_server(rtp={"idle": "silence"})
    client = bench.client()
    phone, jid = bench.answered(client)
    phone.media.wait_position(signals.samples(0.5))
    client.hangup(jid)
    phone.wait_ended()
    for _ in range(100):
        if any(p.kind == 203 for p in phone.media.reports):
            return
        phone.media.wait_position(phone.media.position + 400)
    pytest.fail("no RTCP BYE came")


def test_rtcp_mux_is_taken_when_it_is_offered(bench):
    client = bench.client()
    phone, jid = bench.answered(client, mux=True, play=signals.marks(5))
    assert phone.remote_sdp.mux
    component = client.record(jid, "max-duration='1000'")
    check_file(client.expect_complete(component))
    assert phone.media.reports and {p.source for p in phone.media.reports} == {phone.media.remote}


def test_a_law_is_spoken_back_in_a_law(bench):
    client = bench.client()
    phone, jid = bench.answered(client, codecs=("PCMA",))
    client.expect_complete(client.record(jid, "max-duration='600'"))
    assert {p.payload_type for p in phone.media.audio_packets()} == {g711.STATIC["PCMA"]}
    assert len(audio.tone_spans(phone.media.heard_pcm(), 1000)) == 1


def test_the_callers_preference_among_the_laws_is_followed(bench):
    client = bench.client()
    phone, _ = bench.answered(client, codecs=("PCMA", "PCMU"))
    assert phone.remote_sdp.codecs[0] == "PCMA"


def test_ports_are_freed_and_running_out_of_them_refuses_the_call_and_not_the_server(bench):
    """A server with two port pairs: two calls are up; the third cannot be answered (resource-constraint) and may be
    rejected by its client; after a hangup the next goes through."""
    first = random.randrange(15000, 19000, 2)
    bench.start_server(rtp={"ports": f"{first}-{first + 3}"})
    client = bench.client()
    one, jid = bench.answered(client)
    bench.answered(client)
    third = bench.phone()
    call = third.invite()
    for _ in range(200):
        if call.find_response() or client.pending(lambda s: s.name == "presence"):
            break
        one.media.wait_position(one.media.position + 400)
    if not call.find_response():
        waiting = client.expect_offer(third.user).get("from")
        client.refused(waiting, "<answer xmlns='urn:xmpp:rayo:1'/>", "wait", "resource-constraint")
        client.ask(waiting, "<reject xmlns='urn:xmpp:rayo:1'><error/></reject>")
    assert call.wait_final().status in (480, 500, 503)
    one.bye()
    client.expect_end(jid)
    next_call, waiting = bench.call(client)
    for _ in range(100):  # the ports are given back a moment after the end
        reply = client.command(waiting, "<answer xmlns='urn:xmpp:rayo:1'/>")
        if reply.get("type") == "result":
            break
        time.sleep(0.02)
    next_call.wait_answered()
