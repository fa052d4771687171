"""How phones answer a call of ours: forks, redirections, late offers, codecs, and who must show a digest."""

import time

import pytest

from support import signals, sip
from support.call import end_reason
from support.digest import Digest
from support.rayo_verbs import dial_xml


def speaks_and_hears(client, leg, jid, frequency=700):
    """The party is recorded, and hears an output."""
    leg.media.play(signals.tone(frequency, 4))
    component = client.record(jid, "format='wav' start-beep='true' direction='send' max-duration='900'")
    client.expect_complete(component)
    assert len(leg.media.hearing(time.monotonic() - 1.5).spans(1000)) == 1  # the start-beep


@pytest.mark.parametrize("codec", ["PCMA", "PCMU", "G722", "OPUS", "GSM"])
def test_every_codec_is_offered_and_can_be_answered_with(bench, codec):
    client = bench.client()
    leg, jid = bench.dialled(client, codecs=(codec,))
    assert codec in sip.Sdp(leg.invite.body).codecs
    speaks_and_hears(client, leg, jid)


def test_an_answer_without_a_codec_that_was_offered_ends_the_call(bench):
    client, bob = bench.client(), bench.callee()
    jid = client.dial(bob.uri)
    leg = bob.wait_call()
    leg.answer(body=leg.description(codecs=("G729",)))
    reason, _ = end_reason(client.expect_end(jid))
    assert reason == "error"
    leg.wait_ended()


@pytest.mark.parametrize("body", ["v=0\r\n", "this is no description", "v=0\r\nm=audio 0 RTP/AVP 0\r\n"])
def test_an_answer_that_is_no_description_ends_the_call_and_the_server_lives(bench, body):
    client, bob = bench.client(), bench.callee()
    jid = client.dial(bob.uri)
    leg = bob.wait_call()
    leg.answer(body=body)
    assert end_reason(client.expect_end(jid))[0] == "error"
    leg.wait_ended()
    bench.dialled(client)


# ---- forks (RFC 3261 §13.2.2.4) ----

def test_two_phones_ring_and_the_second_answers(bench):
    client, bob = bench.client(), bench.callee()
    jid = client.dial(bob.uri)
    one = bob.wait_call()
    two = one.fork()
    one.ring(), two.ring()
    client.expect_ringing(jid)
    two.answer()
    client.expect_answered(jid)
    client.expect_nothing(client.is_event_of(jid, "ringing"))
    speaks_and_hears(client, two, jid)
    two.bye()
    assert end_reason(client.expect_end(jid))[0] == "hangup"


def test_two_phones_answer_and_one_is_hung_up(bench):
    """Both 2xx are acknowledged; the later one is sent BYE; the client sees one answer, and the call goes on."""
    client, bob = bench.client(), bench.callee()
    jid = client.dial(bob.uri)
    one = bob.wait_call()
    two = one.fork()
    one.ring(), two.ring()
    one.answer()
    client.expect_answered(jid)
    two.answer()
    two.wait_ended()
    client.expect_nothing(client.is_event_of(jid, "answered", "end"))
    speaks_and_hears(client, one, jid)
    assert not one.ended


def test_one_phone_refuses_after_another_rang_elsewhere(bench):
    """A proxy gives back one final answer; early dialogs of both end with it."""
    client, bob = bench.client(), bench.callee()
    jid = client.dial(bob.uri)
    one = bob.wait_call()
    two = one.fork()
    one.ring(), two.ring()
    client.expect_ringing(jid)
    two.refuse(486)
    assert end_reason(client.expect_end(jid)) == ("busy", "486")


# ---- redirection ----

def test_a_redirection_is_not_followed_unless_configured(bench):
    client, bob, carol = bench.client(), bench.callee(), bench.callee()
    jid = client.dial(bob.uri)
    bob.wait_call().redirect(carol.uri)
    reason, code = end_reason(client.expect_end(jid))
    assert (reason in ("rejected", "error"), code) == (True, "302")
    carol.expect_no_call()


def test_a_redirection_is_followed_where_configured(bench):
    bench.start_server(dial={"redirects": 2})
    client, bob, carol = bench.client(), bench.callee(), bench.callee()
    jid = client.dial(bob.uri, children="<header name='X-Skill' value='agent'/>")
    bob.wait_call().redirect(carol.uri)
    leg = carol.wait_call()
    assert leg.invite.get("X-Skill") == "agent"
    leg.answer()
    client.expect_answered(jid)
    speaks_and_hears(client, leg, jid)


def test_a_redirection_in_a_circle_ends(bench):
    bench.start_server(dial={"redirects": 2})
    client, bob, carol = bench.client(), bench.callee(), bench.callee()
    jid = client.dial(bob.uri)
    bob.wait_call().redirect(carol.uri)
    carol.wait_call().redirect(bob.uri)  # where it has been tried already (RFC 3261 §8.1.3.4)
    assert end_reason(client.expect_end(jid))[1] == "302"
    assert len(bob._legs) == len(carol._legs) == 1


# ---- telephone numbers and digests ----

def gateway(bench, digest, password="secret", **config):
    """A server that sends telephone numbers to a gateway, which challenges."""
    phone = bench.callee("gateway", digest=digest)
    server = bench.start_server(dial={"gateway": phone.uri, "user": "office", "password": password, **config})
    phone.point_at(server.address, server.sip_port)
    return phone


@pytest.mark.parametrize("status", [401, 407])
@pytest.mark.parametrize("algorithm, qop", [("MD5", "auth"), ("MD5", None), ("SHA-256", "auth")])
def test_a_telephone_number_goes_to_the_gateway_and_its_challenge_is_answered(bench, status, algorithm, qop):
    phone = gateway(bench, Digest("office", "secret", status=status, algorithm=algorithm, qop=qop))
    client = bench.client()
    jid = client.dial("tel:+1-305-519-5825", "from='tel:+14152226789'")
    leg = phone.wait_call()
    assert phone.digest.verdicts == [("INVITE", "none"), ("INVITE", "right")]
    assert leg.invite.uri.startswith("sip:+13055195825@") and "+14152226789" in leg.invite.get("From")
    leg.answer()
    client.expect_answered(jid)
    leg.bye()
    assert end_reason(client.expect_end(jid))[0] == "hangup"


def test_a_wrong_password_is_not_tried_for_ever(bench):
    phone = gateway(bench, Digest("office", "another"))
    client = bench.client()
    jid = client.dial("tel:+13055195825")
    reason, code = end_reason(client.expect_end(jid))
    assert (reason, code) == ("rejected", "407")
    assert len(phone.digest.verdicts) <= 3


def test_without_credentials_a_challenge_is_a_refusal(bench):
    bench.start_server()
    client, bob = bench.client(), bench.callee(digest=Digest("office", "secret"))
    jid = client.dial(bob.uri)
    assert end_reason(client.expect_end(jid)) == ("rejected", "407")


# ---- who may dial ----

def test_clients_that_have_not_registered_may_not_dial_where_that_is_configured(bench):
    bench.start_server(dial={"registered-only": True})
    bob = bench.callee()
    stranger = bench.client("2", register=False)
    stranger.refused("localhost", dial_xml(bob.uri), "auth", "registration-required")
    client = bench.client()
    client.dial(bob.uri)
    bob.wait_call()


def test_an_account_that_may_not_dial_is_not_authorized(bench):
    bench.start_server(xmpp={"account": [{"name": "app", "password": "secret", "dial": False}]})
    bench.client().refused("localhost", dial_xml(bench.callee().uri), "auth", "not-authorized")


def test_a_server_without_outbound_calls_says_so(bench):
    bench.start_server(dial={"enabled": False})
    bench.client().refused("localhost", dial_xml(bench.callee().uri), "cancel", "feature-not-implemented")


# ---- registration to a trunk ----

def test_the_server_registers_with_its_trunk_and_goes_when_it_stops(bench):
    """REGISTER is challenged, answered, and removed with Expires: 0 when the server stops."""
    phone = gateway(bench, Digest("office", "secret", status=401), register="sip:office@gateway.test")
    request = phone.wait_registered()
    assert phone.digest.verdicts[:2] == [("REGISTER", "none"), ("REGISTER", "right")]
    assert "office@" in request.get("To") and request.contact_uri()
    bench.server.stop()
    assert any(r.get("Expires") == "0" or "expires=0" in r.get("Contact", "") for r in phone.registrations[1:])
