"""SIP as a phone meets it: transports, offers, reliable responses, cancel, holding, session timers, refusals."""

import signal

import pytest

from support import audio, signals, sip
from support.call import check_file
from support.media import Media
from support.phone import Phone
from support.server import free_sip_port


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("offer", [True, False], ids=["offer", "late offer"])
def test_a_call_is_answered_recorded_and_hung_up_by_either_side(bench, transport, offer):
    client = bench.client()
    source = signals.marks(6)
    for ends in ("caller", "client"):
        phone, jid = bench.answered(client, transport=transport, offer=offer, play=source)
        assert phone.find_response(status=100) is not None
        component = client.record(jid, "start-beep='false' max-duration='700'")
        sound = check_file(client.expect_complete(component))
        assert audio.story(sound.mono, source)[0][2] > 0.6
        if ends == "caller":
            assert phone.bye().status == 200
        else:
            client.hangup(jid)
            phone.wait_ended()
        client.expect_end(jid)


def test_a_late_offer_is_answered_by_an_offer_of_both_laws_and_events(bench):
    client = bench.client()
    phone, _ = bench.answered(client, offer=False)
    offered = sip.Sdp(phone.wait_answered().body)
    assert {"PCMU", "PCMA"} <= set(offered.codecs) and offered.event_type and offered.direction == "sendrecv"


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_caller_that_requires_100rel_gets_a_reliable_180_and_sends_prack(bench, transport):
    client = bench.client()
    phone, jid = bench.call(client, transport=transport, require_100rel=True)
    client.accept(jid)
    ringing = phone.wait_response(status=180)
    assert ringing.get("RSeq") and "100rel" in ringing.get("Require", "")
    assert phone.wait_response("PRACK").status == 200
    client.answer(jid)
    phone.wait_answered()
    assert phone.bye().status == 200


def test_a_late_offer_with_100rel_brings_up_media(bench):
    client = bench.client()
    phone, jid = bench.call(client, offer=False, require_100rel=True, play=signals.marks(5))
    client.accept(jid)
    client.answer(jid)
    phone.wait_answered()
    component = client.record(jid, "start-beep='false' max-duration='600'")
    assert audio.level(check_file(client.expect_complete(component)).mono) > -30


def test_cancel_before_anything_is_decided_ends_in_487(bench):
    client = bench.client()
    phone, jid = bench.call(client)
    assert phone.cancel().status == 200
    assert phone.wait_final().status == 487
    client.expect_end(jid)


HOLDS = {
    "sendonly": (dict(direction="sendonly"), "recvonly"),
    "inactive": (dict(direction="inactive"), "inactive"),
    "0.0.0.0": (dict(connection="0.0.0.0"), None),
}


@pytest.mark.parametrize("style", HOLDS)
def test_holding_in_each_style_is_answered_and_the_recording_goes_on_over_it(bench, style):
    """Caller holds by re-INVITE, sends nothing for a second, resumes: the recording has silence of that length between."""
    client = bench.client()
    one, two = signals.marks(1, seed=1), signals.marks(20, seed=2)
    phone, jid = bench.answered(client, play=one)
    component = client.record(jid, "format='wav' start-beep='false'")
    phone.media.wait_played()
    changes, answered = HOLDS[style]
    response = phone.reinvite(**changes)
    assert response.status == 200
    if answered:
        assert sip.Sdp(response.body).direction == answered
    else:
        assert sip.Sdp(response.body).direction in ("sendrecv", "recvonly", "inactive")
    phone.media.hush()
    phone.media.wait_position(phone.media.position + signals.samples(1))
    assert phone.reinvite(direction="sendrecv").status == 200
    phone.media.speak_on()
    resumed = phone.media.play(two)
    phone.media.wait_position(resumed + signals.samples(1))
    client.stop(component)
    sound = check_file(client.expect_complete(component)).mono
    first = audio.locate(one[3000:7000], sound)
    second = audio.locate(two[:4000], sound)
    assert second[1] > 0.8
    assert (second[0] - first[0]) / 8000 == pytest.approx((resumed - 3000) / 8000, abs=0.06)
    assert sip.Sdp(response.body).origin[1] == sip.Sdp(phone.find_response(status=200).body).origin[1]


def test_a_reinvite_that_changes_the_port_moves_the_media_and_loses_nothing(bench):
    """Caller moves to a new socket by re-INVITE; the beep of a new recording arrives there."""
    client = bench.client()
    source = signals.marks(20)
    phone, jid = bench.answered(client, play=source)
    component = client.record(jid, "format='wav' start-beep='false'")
    phone.media.wait_position(signals.samples(0.8))
    old, new = phone.media, bench.keep(Media("127.0.0.1", "PCMU"))
    phone.media = new
    assert phone.reinvite().status == 200
    old.hush()
    new.play(source[old.position :])
    beeping = client.record(jid, "format='wav' max-duration='800'")
    client.expect_complete(beeping)
    client.stop(component)
    pieces = audio.story(check_file(client.expect_complete(component)).mono, source)
    assert pieces[-1][1] + pieces[-1][2] > 1.4, "nothing of what came from the new port was recorded"
    assert len(audio.tone_spans(new.heard_pcm(), 1000)) == 1
    old.close()


def test_an_update_without_sdp_refreshes_and_one_with_sdp_holds(bench):
    client = bench.client()
    phone, _ = bench.answered(client)
    assert phone.update().status == 200
    response = phone.update(direction="sendonly")
    assert response.status == 200 and sip.Sdp(response.body).direction == "recvonly"
    assert phone.update(direction="sendrecv").status == 200


def test_a_reinvite_without_sdp_is_answered_by_an_offer(bench):
    client = bench.client()
    phone, _ = bench.answered(client)
    phone.auto_ack = False
    response = phone.reinvite(body="")
    assert response.status == 200 and "PCMU" in sip.Sdp(response.body).codecs
    phone.ack(response, phone.description(codecs=("PCMU",)))
    phone.auto_ack = True
    assert phone.bye().status == 200


def test_a_reinvite_that_nobody_can_serve_is_488_and_the_call_goes_on(bench):
    client = bench.client()
    source = signals.marks(20)
    phone, jid = bench.answered(client, play=source)
    bad = phone.description().replace("RTP/AVP 0 8 101", "RTP/AVP 18").replace("a=rtpmap:0 PCMU", "a=rtpmap:18 G729")
    assert phone.reinvite(body=bad).status == 488
    component = client.record(jid, "start-beep='false' max-duration='500'")
    assert audio.level(check_file(client.expect_complete(component)).mono) > -30


@pytest.mark.parametrize("inside", [False, True], ids=["outside of calls", "inside a call"])
def test_options_says_what_is_understood(bench, inside):
    client = bench.client()
    phone = bench.phone()
    if inside:
        sip_call, _ = bench.answered(client, phone=phone)
        response = sip_call.in_dialog("OPTIONS")
    else:
        response = phone.request("OPTIONS")
    assert response.status == 200
    allowed = {m.strip() for m in ",".join(response.all("Allow")).split(",")}
    assert {"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "PRACK", "UPDATE", "INFO"} <= allowed
    assert "application/sdp" in response.get("Accept", "")
    supported = ",".join(response.all("Supported"))
    assert "timer" in supported and "100rel" in supported


def test_info_is_acknowledged(bench):
    client = bench.client()
    phone, _ = bench.answered(client)
    assert phone.in_dialog("INFO", [("Content-Type", "application/dtmf-relay")],
                           "Signal=5\r\nDuration=160\r\n").status == 200


def test_session_timers_are_negotiated(bench):
    client = bench.client()
    phone, jid = bench.answered(client, supported=("timer",),
                                headers=[("Session-Expires", "1800;refresher=uac"), ("Min-SE", "90")])
    response = phone.wait_answered()
    assert response.get("Session-Expires", "").startswith("1800") and "refresher=uac" in response.get("Session-Expires")
    assert phone.update(headers=[("Supported", "timer"), ("Session-Expires", "1800;refresher=uac")]).status == 200


def test_a_session_interval_that_is_too_small_is_422_with_min_se(bench):
    bench.client()
    phone = bench.phone()
    response = phone.invite(supported=("timer",), headers=[("Session-Expires", "30")]).wait_final()
    assert response.status == 422 and int(response.get("Min-SE")) >= 90


def test_no_common_codec_is_488_and_no_client_hears_of_it(bench):
    client = bench.client()
    phone = bench.phone()
    body = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n"
    assert phone.invite(sdp=body).wait_final().status == 488
    client.expect_nothing(lambda s: s.name == "presence")


@pytest.mark.parametrize("body", ["nonsense", "v=0\r\nm=audio x y z\r\n",
                                  "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 4000 RTP/AVP 31\r\n"],
                         ids=["no SDP", "bad m-line", "no audio"])
def test_a_description_that_cannot_be_used_is_refused_and_the_server_lives(bench, body):
    bench.client()
    call = bench.phone().call(sdp=body)
    if not body.startswith("v=0"):
        call.headers.append(("Content-Type", "application/sdp"))
    call.invite()
    assert call.wait_final().status in (400, 415, 488, 606)
    assert bench.phone().request("OPTIONS").status == 200


@pytest.mark.parametrize("method", ["BYE", "INFO", "UPDATE", "INVITE", "PRACK", "CANCEL"])
def test_requests_of_unknown_dialogs_are_481(bench, method):
    bench.client()
    phone = bench.phone()
    assert phone.request(method, to_tag=None if method == "CANCEL" else "nosuchtag").status == 481


@pytest.mark.parametrize("method", ["SUBSCRIBE", "REFER", "PUBLISH", "REGISTER", "FROBNICATE"])
def test_methods_that_are_not_served_are_refused(bench, method):
    response = bench.phone().request(method)
    assert response.status in (405, 489, 501), response.start


def test_a_required_extension_that_is_unknown_is_420(bench):
    bench.client()
    response = bench.phone().invite(headers=[("Require", "teleport")]).wait_final()
    assert response.status == 420 and "teleport" in response.get("Unsupported", "")


def test_while_it_is_being_stopped_new_calls_get_503(bench):
    """A call is up and its phone does not answer the BYE, so that stopping takes a moment; meanwhile a new INVITE: 503."""
    server = bench.start_server()
    client = bench.client()
    phone, _ = bench.answered(client)
    phone.vanish()
    late = bench.phone()
    server.signal(signal.SIGTERM)
    phone.wait_request("BYE")
    call = late.invite()
    try:
        assert call.wait_final(3).status == 503
    except AssertionError as problem:
        assert "did not come" in str(problem), problem  # it was gone by then: refused all the same
    assert server.wait() == 0


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_call_over_ipv6_is_answered_and_recorded(bench, transport):
    """SIP, SDP and RTP all on ::1."""
    port = free_sip_port("::1")
    server = bench.start_server(sip={"listen": [f"udp:[::1]:{port}", f"tcp:[::1]:{port}"]}, rtp={"address": "::1"})
    server.sip_port = port
    client = bench.client()
    source = signals.marks(5)
    phone = bench.keep(Phone("::1", port, transport, address="::1", user="six"))
    sip_call, jid = bench.answered(client, phone=phone, play=source)
    assert "IN IP6 ::1" in sip_call.wait_answered().body
    sound = check_file(client.expect_complete(client.record(jid, "max-duration='800'")))
    assert audio.story(sound.mono, source)[0][2] > 0.7
    assert len(audio.tone_spans(sip_call.media.heard_pcm(), 1000)) == 1
    assert sip_call.bye().status == 200


@pytest.mark.parametrize("ptime", [10, 30, 40, 60])
def test_the_servers_own_packets_have_the_ptime_that_was_asked_for(bench, ptime):
    client = bench.client()
    phone, jid = bench.answered(client, ptime=ptime)
    client.expect_complete(client.record(jid, "max-duration='600'"))
    packets = phone.media.audio_packets()
    assert packets and {len(p.payload) for p in packets} == {8 * ptime}
    assert len(audio.tone_spans(phone.media.heard_pcm(), 1000)) == 1


def test_the_answer_names_telephone_event_by_the_callers_number(bench):
    client = bench.client()
    phone, _ = bench.answered(client, event_type=96)
    sdp = sip.Sdp(phone.wait_answered().body)
    assert sdp.event_type == 96 and sdp.attribute("fmtp:96") is None or "96 0-16" in (sdp.attribute("fmtp") or "")
    phone2, _ = bench.answered(client, event_type=None)
    assert sip.Sdp(phone2.wait_answered().body).event_type is None


def test_further_media_sections_are_refused_in_their_place(bench):
    client = bench.client()
    phone = bench.phone()
    call = phone.call()
    call.sdp = call.description() + "m=video 5004 RTP/AVP 31\r\nm=audio 5006 RTP/AVP 0\r\n"
    call.invite()
    client.answer(client.expect_offer(phone.user).get("from"))
    sdp = sip.Sdp(call.wait_answered().body)
    assert [line.split()[0] + " " + line.split()[1] for line in sdp.media_lines] == [f"m=audio {sdp.port}",
                                                                                     "m=video 0", "m=audio 0"]


def test_the_same_call_may_be_made_a_hundred_times_and_nothing_is_left_behind(bench):
    """One hundred calls, answered and hung up: the server has no more descriptors open than before."""
    bench.start_server()
    client = bench.client()
    phone = bench.phone()

    def round_():
        call, jid = bench.answered(client, phone=phone, speaks=False)
        call.bye()
        client.expect_end(jid)
        call.media.close()

    for _ in range(5):
        round_()
    client.sync()
    before = bench.server.open_descriptors()
    for _ in range(100):
        round_()
    client.sync()
    assert bench.server.open_descriptors() <= before + 2
