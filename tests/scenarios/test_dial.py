"""Calls that a client places (XEP-0327 §6.2.1): what the phone gets, what the client is told, and why it ended."""

import re
import time

import pytest

from support import audio, signals, sip
from support.call import check_file, end_reason
from support.rayo import RAYO
from support.rayo_verbs import dial_xml, headers_xml
from support.server import free_sip_port


def headers_of(stanza):
    return [(h.get("name").lower(), h.get("value")) for h in stanza.first.iter(RAYO + "header")]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_phone_that_is_dialled_rings_answers_speaks_and_is_recorded(bench, transport):
    """Client dials, receives a ref, ringing, answered; the recording holds what the phone says; the phone hangs up."""
    client, source = bench.client(), signals.marks(10)
    bob = bench.callee(transport=transport, play=source)
    jid = client.dial(bob.uri)
    assert re.fullmatch(r"[^/@]+@localhost", jid)
    leg = bob.wait_call()
    assert leg.invite.uri.split(";")[0] == bob.uri.split(";")[0] and sip.Sdp(leg.invite.body).codecs[:1] != []
    client.expect_nothing(client.is_event_of(jid, "ringing", "answered"))
    leg.ring()
    client.expect_ringing(jid)
    client.expect_nothing(client.is_event_of(jid, "answered"))
    leg.answer()
    client.expect_answered(jid)
    component = client.record(jid, "format='wav' start-beep='false' direction='send' max-duration='1500'")
    sound = check_file(client.expect_complete(component))
    assert sum(length for _, _, length in audio.story(sound.mono, source)) > 1.3
    leg.bye()
    assert end_reason(client.expect_end(jid)) == ("hangup", "200")


def test_the_client_hangs_up_what_it_dialled(bench):
    client = bench.client()
    leg, jid = bench.dialled(client)
    client.ask(jid, "<hangup xmlns='urn:xmpp:rayo:1'><header name='X-Call-Result' value='4'/></hangup>")
    assert leg.wait_ended().get("X-Call-Result") == "4"
    assert end_reason(client.expect_end(jid))[0] == "hangup"
    client.refused(jid, "<hangup xmlns='urn:xmpp:rayo:1'/>", "cancel", "item-not-found")


def test_headers_go_both_ways_and_keep_their_order(bench):
    """§6.7: several of one name are a collection of ordered values."""
    client, bob = bench.client(), bench.callee()
    sent = [("X-Skill", "agent"), ("X-Route", "foo"), ("X-Route", "bar"), ("X-Customer", "ü & <8877>")]
    jid = client.dial(bob.uri, children=headers_xml(sent))
    leg = bob.wait_call()
    for name in ("X-Skill", "X-Route", "X-Customer"):
        assert leg.invite.all(name) == [v for n, v in sent if n == name]
    leg.ring(headers=[("X-Ring", "one"), ("X-Ring", "two")])
    assert [v for n, v in headers_of(client.expect_ringing(jid)) if n == "x-ring"] == ["one", "two"]
    leg.answer(headers=[("X-Answer", "4")])
    assert ("x-answer", "4") in headers_of(client.expect_answered(jid))
    leg.bye(headers=[("X-Bye", "5")])
    assert ("x-bye", "5") in headers_of(client.expect_end(jid))


@pytest.mark.parametrize("from_, uri, display", [
    ("sip:agent@example.org", "sip:agent@example.org", None),
    ("&quot;Agent Smith&quot; &lt;sip:smith@example.org&gt;", "sip:smith@example.org", "Agent Smith"),
    ("tel:+14152226789", r"sip:\+14152226789@", None)])
def test_from_is_the_caller_that_the_phone_sees(bench, from_, uri, display):
    client, bob = bench.client(), bench.callee()
    client.dial(bob.uri, f"from='{from_}'")
    seen = bob.wait_call().invite.get("From")
    assert re.search(uri, seen), seen
    assert display is None or display in seen


@pytest.mark.parametrize("status, reason", [(486, "busy"), (600, "busy"), (603, "rejected"), (480, "rejected"),
                                            (403, "rejected"), (408, "timeout"), (404, "error"), (500, "error"),
                                            (503, "error"), (488, "error")])
@pytest.mark.parametrize("rings", [False, True], ids=["at once", "after ringing"])
def test_why_a_call_was_not_answered(bench, status, reason, rings):
    client, bob = bench.client(), bench.callee()
    jid = client.dial(bob.uri)
    leg = bob.wait_call()
    if rings:
        leg.ring()
        client.expect_ringing(jid)
    leg.refuse(status, headers=[("X-Why", "so")])
    end = client.expect_end(jid)
    assert end_reason(end) == (reason, str(status))
    client.expect_nothing(client.is_event_of(jid, "answered"))
    leg.wait_request("ACK")


def test_a_phone_that_does_not_answer_within_the_timeout_is_cancelled(bench):
    client, bob = bench.client(), bench.callee()
    begun = time.monotonic()
    jid = client.dial(bob.uri, "timeout='1200'")
    leg = bob.wait_call()
    leg.ring()
    assert end_reason(client.expect_end(jid))[0] == "timeout"
    assert 1.1 < time.monotonic() - begun < 2.5
    leg.wait_request("CANCEL")


@pytest.mark.parametrize("timeout", ["-1", "none", "60000"])
def test_a_timeout_that_does_not_come_changes_nothing(bench, timeout):
    client, bob = bench.client(), bench.callee()
    jid = client.dial(bob.uri, f"timeout='{timeout}'")
    leg = bob.wait_call()
    time.sleep(0.3)
    leg.answer()
    client.expect_answered(jid)


def test_nobody_at_the_address_is_an_end_not_a_silence(bench):
    client = bench.client()
    jid = client.dial(f"sip:nobody@127.0.0.1:{free_sip_port()}", "timeout='3000'")
    reason, code = end_reason(client.expect_end(jid))
    assert reason in ("error", "timeout") and code is not None


def test_hanging_up_before_the_answer_cancels(bench):
    client, bob = bench.client(), bench.callee()
    jid = client.dial(bob.uri)
    leg = bob.wait_call()
    leg.ring()
    client.expect_ringing(jid)
    client.hangup(jid)
    leg.wait_request("CANCEL")
    assert leg.is_cancelled and end_reason(client.expect_end(jid))[0] == "hangup"


def test_an_answer_that_crosses_the_hangup_is_hung_up(bench):
    """The phone answers although it was cancelled: it gets ACK and BYE, and the client no answered."""
    client, bob = bench.client(), bench.callee()
    jid = client.dial(bob.uri)
    leg = bob.wait_call()
    leg.ring()
    client.expect_ringing(jid)
    leg.respond(200, body=leg.description())  # on its way while the client hangs up
    client.hangup(jid)
    leg.wait_request("ACK"), leg.wait_ended()
    client.expect_end(jid)


# ---- the URI that the client chooses ----

def test_the_client_chooses_the_uri_of_its_call(bench):
    client, bob = bench.client(), bench.callee()
    assert client.dial(bob.uri, "uri='xmpp:my-call@localhost'") == "my-call@localhost"
    leg = bob.wait_call()
    leg.answer()
    client.expect_answered("my-call@localhost")
    text = client.refused("localhost", dial_xml(bob.uri, "uri='xmpp:my-call@localhost'"), "modify", "conflict")
    assert text
    client.hangup("my-call@localhost")
    client.expect_end("my-call@localhost")
    assert client.dial(bob.uri, "uri='xmpp:my-call@localhost'") == "my-call@localhost"


def test_the_uri_of_somebody_elses_call_is_taken_too(bench):
    client = bench.client()
    _, jid = bench.call(client)
    client.refused("localhost", dial_xml(bench.callee().uri, f"uri='xmpp:{jid}'"), "modify", "conflict")


@pytest.mark.parametrize("uri", ["xmpp:", "xmpp:localhost", "xmpp:call@elsewhere.org", "sip:call@localhost",
                                 "xmpp:call@localhost/resource", "xmpp:@localhost", ""])
def test_a_uri_that_is_no_call_address_is_refused(bench, uri):
    client, bob = bench.client(), bench.callee()
    client.refused("localhost", dial_xml(bob.uri, f"uri='{uri}'"), "modify", "bad-request")


# ---- what is refused ----

@pytest.mark.parametrize("payload, condition", [
    ("<dial xmlns='urn:xmpp:rayo:1'/>", "bad-request"),
    (dial_xml(""), "bad-request"),
    (dial_xml("foo:bar"), "bad-request"),
    (dial_xml("sip:"), "bad-request"),
    (dial_xml("tel:nobody"), "bad-request"),
    (dial_xml("sip:a b@127.0.0.1"), "bad-request"),
    (dial_xml("sips:bob@127.0.0.1"), "feature-not-implemented"),
    (dial_xml("tel:+13055195825"), "feature-not-implemented"),  # no gateway is configured
    (dial_xml("sip:bob@127.0.0.1", "from='foo:bar'"), "bad-request"),
    (dial_xml("sip:bob@127.0.0.1", "timeout='soon'"), "bad-request"),
    (dial_xml("sip:bob@127.0.0.1", "timeout='-7'"), "bad-request"),
    (dial_xml("sip:bob@127.0.0.1", "colour='red'"), "bad-request"),
    (dial_xml("sip:bob@127.0.0.1", children="<header name='X Evil' value='a'/>"), "bad-request"),
    (dial_xml("sip:bob@127.0.0.1", children="<header value='a'/>"), "bad-request"),
    (dial_xml("sip:bob@127.0.0.1", children="<header name='X-A' value='a&#13;&#10;B: c'/>"), "bad-request"),
    (dial_xml("sip:bob@127.0.0.1", children="<join/>"), "bad-request"),
    (dial_xml("sip:bob@127.0.0.1", children="<join mixer-name='a' call-uri='xmpp:b@localhost'/>"), "bad-request"),
    (dial_xml("sip:bob@127.0.0.1", children="<join mixer-name='a' media='direct'/>"), "feature-not-implemented"),
    (dial_xml("sip:bob@127.0.0.1", children="<dance/>"), "bad-request"),
])
def test_a_dial_command_that_cannot_be_carried_out_is_refused_with_its_condition(bench, payload, condition):
    bench.client().refused("localhost", payload, "modify", condition)


@pytest.mark.parametrize("name", ["Call-ID", "Via", "CSeq", "Content-Length", "Contact"])
def test_headers_that_belong_to_the_protocol_are_not_the_clients(bench, name):
    client, bob = bench.client(), bench.callee()
    reply = client.command("localhost", dial_xml(bob.uri, children=headers_xml([(name, "1")])))
    assert reply.get("type") == "error" and reply.condition[:2] in (("modify", "bad-request"),
                                                                    ("cancel", "not-allowed")), reply
    bob.expect_no_call(0.2)


def test_a_nested_join_with_a_call_that_does_not_exist_is_refused_before_anything_rings(bench):
    client, bob = bench.client(), bench.callee()
    client.refused("localhost", dial_xml(bob.uri, children="<join call-uri='xmpp:nobody@localhost'/>"), "cancel",
                   "service-unavailable")
    bob.expect_no_call()


def test_without_a_free_port_there_is_no_call(bench):
    server = bench.start_server(rtp={"ports": "26000-26001"})
    client, bob = bench.client(), bench.callee()
    _, jid = bench.dialled(client, bob)
    client.refused("localhost", dial_xml(bob.uri), "wait", "resource-constraint")
    client.hangup(jid)
    client.expect_end(jid)
    bench.dialled(client)
    assert server.is_alive()


def test_a_dial_belongs_to_who_dialled(bench):
    """Another client is not offered the call, may not command it, and does not hear of its end."""
    client, other = bench.client(), bench.client("2", user="other", password="secret2")
    leg, jid = bench.dialled(client)
    other.refused(jid, "<hangup xmlns='urn:xmpp:rayo:1'/>", "cancel", "conflict")
    leg.bye()
    client.expect_end(jid)
    other.expect_nothing(lambda s: s.get("from") == jid and s.name == "presence" and s.first.tag.endswith("}offer"))


def test_what_is_not_answered_cannot_be_answered_accepted_or_rejected(bench):
    """These are commands for calls that came in."""
    client, bob = bench.client(), bench.callee()
    jid = client.dial(bob.uri)
    bob.wait_call().ring()
    client.expect_ringing(jid)
    for verb in ("accept", "answer", "reject"):
        reply = client.command(jid, f"<{verb} xmlns='urn:xmpp:rayo:1'/>")
        assert reply.condition[:2] in (("wait", "unexpected-request"), ("cancel", "not-allowed")), reply


def test_a_server_that_is_stopped_hangs_up_what_it_dialled(bench):
    server = bench.start_server()
    client = bench.client()
    leg, _ = bench.dialled(client)
    ringing = bench.callee()
    client.dial(ringing.uri)
    early = ringing.wait_call()
    early.ring()
    server.stop()
    leg.wait_ended()
    assert early.wait_request("CANCEL")
