"""Calls as Rayo clients see them: offers, who is in control, accept, answer, reject, redirect, hangup, end."""

import pytest

from support import sip
from support.call import end_reason
from support.rayo import CAPS, RAYO
from support.xmpp_raw import CLIENT

ANSWER = "<answer xmlns='urn:xmpp:rayo:1'/>"
ACCEPT = "<accept xmlns='urn:xmpp:rayo:1'/>"


def test_an_offer_carries_the_parties_as_uris_and_every_sip_header(bench):
    """Caller sends INVITE with X-headers, one of them twice; the offer is the presence's first child, caps after it."""
    client = bench.client()
    phone = bench.phone(display="Alice A.")
    phone.invite(headers=[("X-Skill", "agent"), ("X-Customer-Id", "8877"), ("X-Twice", "one"),
                          ("X-Twice", "two <&> 'q'")])
    offer = client.expect_offer(phone.user)
    element = offer.first
    assert element.get("to") == phone.target() and element.get("from") == f"sip:{phone.user}@localhost"
    headers = [(h.get("name").lower(), h.get("value")) for h in element.iter(RAYO + "header")]
    assert ("x-skill", "agent") in headers and ("x-customer-id", "8877") in headers
    assert [v for n, v in headers if n == "x-twice"] == ["one", "two <&> 'q'"]
    names = {n for n, _ in headers}
    assert {"call-id", "via", "cseq", "contact"} <= names
    assert offer.get("to") == client.jid
    assert offer.get("from").endswith("@localhost") and "/" not in offer.get("from")
    caps = offer.find(CAPS + "c")
    assert caps is not None and caps.get("node") == "urn:xmpp:rayo:call:1"
    assert list(offer.element).index(caps) > 0


def test_every_registered_client_gets_the_offer_and_the_first_to_command_controls_the_call(bench):
    """Two clients; the second accepts; the first then gets conflict for everything; both get the end."""
    one, two = bench.client("1"), bench.client("1", user="other", password="secret2")
    phone = bench.phone()
    sip_call = phone.invite()
    jid = one.expect_offer(phone.user).get("from")
    assert two.expect_offer(phone.user).get("from") == jid
    two.accept(jid)
    sip_call.wait_response(status=180)
    reply = one.command(jid, ACCEPT)
    assert reply.condition[:2] == ("cancel", "conflict") and reply.first.tag == RAYO + "accept"
    one.refused(jid, ANSWER, "cancel", "conflict")
    two.answer(jid)
    sip_call.wait_answered()
    sip_call.bye()
    assert end_reason(one.expect_end(jid)) == end_reason(two.expect_end(jid))


def test_accept_rings_answer_answers(bench):
    client = bench.client()
    sip_call, jid = bench.call(client)
    assert sip_call.find_response(status=180) is None, "it rang before anybody accepted"
    client.accept(jid)
    sip_call.wait_response(status=180)
    client.answer(jid)
    sdp = sip.Sdp(sip_call.wait_answered().body)
    assert sdp.codecs[0] == "PCMU" and sdp.port and sdp.port % 2 == 0
    sip_call.bye()
    end = client.expect_end(jid)
    assert end.raw.startswith("<presence") and end.first.tag == RAYO + "end"


def test_headers_of_accept_answer_and_hangup_reach_the_caller(bench):
    client = bench.client()
    sip_call, jid = bench.call(client)
    client.ask(jid, "<accept xmlns='urn:xmpp:rayo:1'><header name='X-One' value='1'/></accept>")
    assert sip_call.wait_response(status=180).get("X-One") == "1"
    client.ask(jid, "<answer xmlns='urn:xmpp:rayo:1'><header name='X-Two' value='zwei ü'/></answer>")
    assert sip_call.wait_answered().get("X-Two") == "zwei ü"
    client.ask(jid, "<hangup xmlns='urn:xmpp:rayo:1'><header name='X-Call-Result' value='4'/></hangup>")
    assert sip_call.wait_ended().get("X-Call-Result") == "4"


def test_headers_that_would_break_the_message_are_refused(bench):
    client = bench.client()
    sip_call, jid = bench.call(client)
    for name, value in (("X-Evil", "a&#13;&#10;Contact: &lt;sip:evil&gt;"), ("X Evil", "a"), ("Call-ID", "mine"),
                        ("Content-Length", "0")):
        reply = client.command(jid, f"<answer xmlns='urn:xmpp:rayo:1'><header name='{name}' value='{value}'/></answer>")
        assert reply.get("type") == "error", reply
        assert reply.condition[:2] in (("modify", "bad-request"), ("cancel", "not-allowed")), reply
    assert sip_call.find_response(status=200) is None
    client.answer(jid)
    assert "evil" not in sip_call.wait_answered().text().decode()


@pytest.mark.parametrize("payload, status, reason", [
    ("<decline/>", 603, "rejected"), ("<busy/>", 486, "busy"), ("<error/>", 500, "error")])
def test_reject_reasons_become_their_sip_status(bench, payload, status, reason):
    client = bench.client()
    sip_call, jid = bench.call(client)
    client.ask(jid, f"<reject xmlns='urn:xmpp:rayo:1'>{payload}<header name='X-Why' value='no'/></reject>")
    response = sip_call.wait_final()
    assert response.status == status and response.get("X-Why") == "no"
    assert end_reason(client.expect_end(jid))[0] in (reason, "rejected")


def test_a_reject_without_a_reason_declines(bench):
    client = bench.client()
    sip_call, jid = bench.call(client)
    client.ask(jid, "<reject xmlns='urn:xmpp:rayo:1'/>")
    assert sip_call.wait_final().status == 603


def test_reject_after_accept_is_not_allowed(bench):
    """XEP-0327, Call Rejection: 'unable to perform the rejection because the call has already been accepted'."""
    client = bench.client()
    sip_call, jid = bench.answered(client)
    reply = client.command(jid, "<reject xmlns='urn:xmpp:rayo:1'><decline/></reject>")
    assert reply.condition[:2] == ("cancel", "not-allowed"), reply


def test_redirect_is_302_with_contact_and_headers(bench):
    client = bench.client()
    sip_call, jid = bench.call(client)
    client.ask(jid, """<redirect xmlns='urn:xmpp:rayo:1' to='sip:other@there.example'>
        <header name="x-skill" value="agent" /><header name="x-customer-id" value="8877" /></redirect>""")
    response = sip_call.wait_final()
    assert response.status == 302 and "sip:other@there.example" in response.get("Contact")
    assert response.get("x-skill") == "agent" and response.get("x-customer-id") == "8877"
    client.expect_end(jid)


def test_redirect_needs_a_target_and_an_unanswered_call(bench):
    client = bench.client()
    sip_call, jid = bench.call(client)
    client.refused(jid, "<redirect xmlns='urn:xmpp:rayo:1'/>", "modify", "bad-request")
    client.answer(jid)
    sip_call.wait_answered()
    client.refused(jid, "<redirect xmlns='urn:xmpp:rayo:1' to='sip:other@there.example'/>", "wait",
                   "unexpected-request")


def test_answering_twice_and_accepting_what_is_answered_are_unexpected(bench):
    client = bench.client()
    sip_call, jid = bench.answered(client)
    client.refused(jid, ANSWER, "wait", "unexpected-request")
    client.refused(jid, ACCEPT, "wait", "unexpected-request")
    client.hangup(jid)
    sip_call.wait_ended()


def test_hangup_by_the_client_is_acknowledged_before_the_end(bench):
    client = bench.client()
    sip_call, jid = bench.answered(client)
    acknowledged = client.hangup(jid)
    end = client.expect_end(jid)
    assert acknowledged.number < end.number
    sip_call.wait_ended()
    assert end_reason(end)[0] == "hangup"


def test_hangup_of_a_call_that_was_never_answered_refuses_it(bench):
    client = bench.client()
    sip_call, jid = bench.call(client)
    client.hangup(jid)
    assert sip_call.wait_final().status >= 400
    client.expect_end(jid)


def test_a_caller_who_gives_up_before_the_answer_ends_the_call(bench):
    """CANCEL: 200 to it, 487 to the INVITE, the client receives end; then the call is not there."""
    client = bench.client()
    sip_call, jid = bench.call(client)
    client.accept(jid)
    sip_call.wait_response(status=180)
    assert sip_call.cancel().status == 200
    assert sip_call.wait_final().status == 487
    end = client.expect_end(jid)
    assert end_reason(end)[0] in ("hangup", "hungup")
    client.refused(jid, ANSWER, "cancel", "item-not-found")


def test_the_end_says_why_by_a_platform_code(bench):
    client = bench.client()
    sip_call, jid = bench.call(client)
    client.ask(jid, "<reject xmlns='urn:xmpp:rayo:1'><busy/></reject>")
    assert end_reason(client.expect_end(jid))[1] == "486"


def test_headers_of_the_callers_bye_are_in_the_end(bench):
    client = bench.client()
    sip_call, jid = bench.answered(client)
    sip_call.bye([("X-Bye", "thanks"), ("Reason", "Q.850;cause=16")])
    end = client.expect_end(jid)
    headers = {h.get("name").lower(): h.get("value") for h in end.element.iter(RAYO + "header")}
    assert headers.get("x-bye") == "thanks"


@pytest.mark.parametrize("payload", [ACCEPT, ANSWER, "<reject xmlns='urn:xmpp:rayo:1'><decline/></reject>",
                                     "<hangup xmlns='urn:xmpp:rayo:1'/>",
                                     "<redirect xmlns='urn:xmpp:rayo:1' to='sip:a@b'/>",
                                     "<record xmlns='urn:xmpp:rayo:record:1'/>"])
def test_commands_on_an_unknown_call_get_item_not_found_with_the_command_repeated(bench, payload):
    client = bench.client()
    reply = client.command("9f00061@localhost", payload)
    assert reply.get("type") == "error" and reply.condition[:2] == ("cancel", "item-not-found")
    assert reply.first.tag.split("}")[1] in payload


def test_without_a_registered_client_a_call_is_unavailable(bench):
    bench.start_server()
    idle = bench.client(register=False)
    assert bench.phone().invite().wait_final().status in (480, 503)
    idle.expect_nothing(lambda s: s.name == "presence")


@pytest.mark.parametrize("presence, offered", [
    ("<presence to='localhost'><show>chat</show></presence>", True),
    ("<presence><show>chat</show></presence>", True),
    ("<presence/>", True),
    ("<presence to='localhost'><show>chat</show></presence><presence to='localhost'><show>dnd</show></presence>",
     False),
    ("<presence to='localhost'><show>chat</show></presence><presence to='localhost' type='unavailable'/>", False),
    ("<presence to='localhost'><show>chat</show></presence><presence type='unavailable'/>", False),
    ("<presence to='localhost'><show>dnd</show></presence><presence to='localhost'><show>chat</show></presence>", True),
    ("<presence to='localhost'><show><![CDATA[chat]]></show></presence>", True),
])
def test_presence_decides_who_is_offered_calls(bench, presence, offered):
    client = bench.client("presence", register=False)
    client.send_raw(presence)
    client.sync()
    phone = bench.phone()
    sip_call = phone.invite()
    if offered:
        client.hangup(client.expect_offer(phone.user).get("from"))
    else:
        assert sip_call.wait_final().status in (480, 503)
        client.expect_nothing(lambda s: s.first is not None and s.first.tag == RAYO + "offer")


def test_a_client_whose_socket_drops_is_offered_nothing_and_unanswered_calls_of_its_are_refused(bench):
    """XEP-0327: 'If they all cease to be PCPs (eg by going offline) then the call should be rejected'."""
    bench.start_server()
    client = bench.client("gone")
    phone = bench.phone()
    waiting = phone.invite()
    client.expect_offer(phone.user)
    client.drop()
    assert waiting.wait_final().status in (480, 503)
    assert bench.phone().invite().wait_final().status in (480, 503)


def test_old_addresses_of_calls_are_aliases_and_the_reply_comes_from_where_the_command_went(bench):
    """call.<domain>, calls.<domain>, and the call's bare JID with the sender's own resource."""
    client = bench.client("1")
    sip_call, jid = bench.call(client)
    call = jid.split("@")[0]
    resource = client.jid.split("/")[1]
    client.ask(f"{call}@call.localhost/{resource}", ACCEPT)
    client.ask(f"{call}@calls.localhost", ANSWER)
    sip_call.wait_answered()
    component = client.record(f"{jid}/{resource}", "start-beep='false'").split("/")[1]
    client.ask(f"{call}@call.localhost/{component}", "<pause xmlns='urn:xmpp:rayo:record:1'/>")
    client.ask(f"localhost/{component}", "<stop xmlns='urn:xmpp:rayo:ext:1'/>")
    client.expect(lambda s: s.name == "presence" and (s.get("from") or "").endswith("/" + component), "complete")


def test_an_iq_get_to_a_call_and_a_payload_that_is_no_command_are_answered(bench):
    client = bench.client()
    _, jid = bench.answered(client)
    reply = client.command(jid, "<query xmlns='jabber:iq:version'/>", "get")
    assert reply.get("type") == "error" and reply.condition[1] in ("service-unavailable", "feature-not-implemented")
    client.send_raw(f"<iq type='set' id='empty' to='{jid}'/>")
    assert client.expect_reply("empty").find(CLIENT + "error") is not None
