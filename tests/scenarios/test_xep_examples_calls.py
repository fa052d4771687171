"""Every example of XEP-0327 §6.1 and §6.2: registration, outbound and inbound calls. See support/xep.py."""

import pytest

from support.callee import Callee
from support.xep import ACCOUNTS, DOMAIN, JULIET, Play, error, ref_of

CAPS = """<c xmlns='http://jabber.org/protocol/caps'
 hash='sha-1'
 node='urn:xmpp:rayo:client:1'
 ver='QgayPKawpkPSDYmwT/WM94uAlu0='/>"""
DIAL = """<dial xmlns='urn:xmpp:rayo:1'
 to='tel:+13055195825'
 from='tel:+14152226789'>
 <header name="x-skill" value="agent" />
 <header name="x-customer-id" value="8877" />
 </dial>"""


def outbound(bench, **config):
    """A server whose telephone numbers go to a phone of ours: (play, phone)."""
    phone = bench.keep(Callee("127.0.0.1", 9, user="gateway"))
    play = Play(bench, dial={"gateway": phone.uri, **config.pop("dial", {})}, **config)
    phone.point_at(play.server.address, play.server.sip_port)
    return play, phone


# ---- 6.1 ----

@pytest.mark.parametrize("show, offered", [("chat", True), ("dnd", False)])
def test_client_presents_itself_as_available_or_unavailable(bench, show, offered):
    play = Play(bench)
    courtyard = play.enter("courtyard", register=False)
    courtyard.send_raw(f"""<presence from='juliet@shakespeare.lit/courtyard'
 to='shakespeare.lit'>
 {CAPS}
 <show>{show}</show>
</presence>""")
    courtyard.sync()
    play.bench.phone().invite()
    play.juliet.expect_offer()
    if offered:
        courtyard.expect_offer()
    else:
        courtyard.expect_nothing(lambda s: s.name == "presence" and s.first is not None)


# ---- 6.2.1 ----

def test_client_requests_a_session_which_rings_and_is_answered(bench):
    play, phone = outbound(bench)
    reply = play.command(DOMAIN, DIAL)
    call = ref_of(reply)
    leg = phone.wait_call()
    assert leg.invite.uri.startswith("sip:+13055195825@") and "+14152226789" in leg.invite.get("From")
    assert (leg.invite.get("x-skill"), leg.invite.get("x-customer-id")) == ("agent", "8877")
    leg.ring()
    play.expect(f"<presence from='{call}' to='{JULIET}'><ringing xmlns='urn:xmpp:rayo:1'/></presence>")
    leg.answer()
    play.expect(f"<presence from='{call}' to='{JULIET}'><answered xmlns='urn:xmpp:rayo:1'/></presence>")


def test_client_is_unknown_and_the_server_does_not_permit_that(bench):
    play, phone = outbound(bench, dial={"registered-only": True})
    stranger = play.enter("courtyard", user="romeo", register=False)
    play.command(DOMAIN, DIAL, error("auth", "registration-required"), stranger)
    phone.expect_no_call(0.2)


def test_client_is_not_authorized_to_create_a_session(bench):
    accounts = [{**account, "dial": account["name"] != "romeo"} for account in ACCOUNTS]
    play, phone = outbound(bench, xmpp={"account": accounts})
    play.command(DOMAIN, DIAL, error("auth", "not-authorized"), play.enter("orchard", user="romeo"))
    play.command(DOMAIN, DIAL)
    phone.wait_call()


def test_server_does_not_support_outbound_calls(bench):
    play, _ = outbound(bench, dial={"enabled": False})
    play.command(DOMAIN, DIAL, error("cancel", "feature-not-implemented"))


def test_server_does_not_have_sufficient_resources(bench):
    play, phone = outbound(bench, rtp={"ports": "26010-26011"})
    play.command(DOMAIN, DIAL)
    phone.wait_call()
    play.command(DOMAIN, DIAL, error("wait", "resource-constraint"))


def test_dial_command_was_malformed(bench):
    Play(bench).command(DOMAIN, DIAL.replace("tel:+13055195825", "foo:bar"), error("modify", "bad-request"))


def test_requested_uri_conflicts_with_an_existing_call(bench):
    play, phone = outbound(bench)
    dial = DIAL.replace("from='tel:+14152226789'", "from='tel:+14152226789' uri='xmpp:somecall@shakespeare.lit'")
    assert ref_of(play.command(DOMAIN, dial)) == "somecall@shakespeare.lit"
    phone.wait_call()
    play.command(DOMAIN, dial, error("modify", "conflict"))


def test_client_requests_a_session_with_a_nested_join(bench):
    play, phone = outbound(bench)
    _, other = play.call()
    call = ref_of(play.command(DOMAIN, f"""<dial xmlns='urn:xmpp:rayo:1'
 to='tel:+13055195825'
 from='tel:+14152226789'>
 <join call-uri='xmpp:{other}' />
 </dial>"""))
    phone.wait_call().answer()
    play.expect(f"<presence from='{call}' to='{JULIET}'><answered xmlns='urn:xmpp:rayo:1'/></presence>")
    for one, beside in ((call, other), (other, call)):
        play.expect(f"<presence from='{one}' to='{JULIET}'>"
                    f"<joined xmlns='urn:xmpp:rayo:1' call-uri='xmpp:{beside}'/></presence>")


# ---- 6.2.2 ----

def test_new_call_announces_itself(bench):
    """The example's headers and addresses; caps are qualified by the node of a call. Further SIP headers may follow."""
    play = Play(bench)
    phone = play.bench.phone(user="13058881212")
    phone.invite(headers=[("x-skill", "agent"), ("x-customer-id", "8877")])
    offer = play.juliet.expect_offer("13058881212")
    assert offer.get("to") == JULIET and offer.get("type") is None
    caps = offer.find("{http://jabber.org/protocol/caps}c")
    assert (caps.get("hash"), caps.get("node")) == ("sha-1", "urn:xmpp:rayo:call:1") and caps.get("ver")
    element = offer.find("{urn:xmpp:rayo:1}offer")
    assert element.get("to") == phone.target() and "13058881212" in element.get("from")
    headers = [(h.get("name").lower(), h.get("value")) for h in element]
    assert ("x-skill", "agent") in headers and ("x-customer-id", "8877") in headers
    assert offer.find("{urn:xmpp:delay}delay") is not None  # 5.3: SHOULD


def test_the_call_already_has_another_controlling_party(bench):
    play = Play(bench)
    courtyard = play.enter("courtyard")
    play.bench.phone().invite()
    call = play.juliet.expect_offer().get("from")
    play.command(call, "<accept xmlns='urn:xmpp:rayo:1'/>", "result", courtyard)
    play.command(call, "<accept xmlns='urn:xmpp:rayo:1'/>", error("cancel", "conflict"))
    play.command(call, "<answer xmlns='urn:xmpp:rayo:1'/>", "result", courtyard)


# ---- 6.7 ----

def test_several_headers_of_one_name_are_an_ordered_collection(bench):
    """The example's header is Route, which belongs to SIP's own routing here and is refused, not ignored; the same with
    a name of the application's own goes out in order."""
    play, phone = outbound(bench)
    dial = """<dial xmlns='urn:xmpp:rayo:1'
 to='tel:+13055195825'
 from='tel:+14152226789'>
 <header name="Route" value="foo" />
 <header name="Route" value="bar" />
 </dial>"""
    refused = play.command(DOMAIN, dial)
    assert refused.get("type") == "error" and refused.condition[:2] in (("modify", "bad-request"),
                                                                        ("cancel", "not-allowed")), refused
    play.command(DOMAIN, dial.replace("Route", "X-Route"))
    assert phone.wait_call().invite.all("X-Route") == ["foo", "bar"]


# ---- 6.6 ----

def test_client_redirects_with_some_headers(bench):
    play = Play(bench)
    caller, call = play.bench.call(play.juliet)
    play.command(call, """<redirect xmlns='urn:xmpp:rayo:1'
 to='sip:other@there.com'>
 <header name="x-skill" value="agent" />
 <header name="x-customer-id" value="8877" />
 </redirect>""", "result")
    answer = caller.wait_final()
    assert answer.status == 302 and answer.contact_uri() == "sip:other@there.com"
    assert (answer.get("x-skill"), answer.get("x-customer-id")) == ("agent", "8877")


def test_the_call_is_in_a_state_where_a_redirect_is_not_possible(bench):
    play = Play(bench)
    _, call = play.call()
    play.command(call, """<redirect xmlns='urn:xmpp:rayo:1'
 to='sip:other@there.com'>
 <header name="x-skill" value="agent" />
 <header name="x-customer-id" value="8877" />
 </redirect>""", error("wait", "unexpected-request"))


REJECT = """<reject xmlns='urn:xmpp:rayo:1'>
 <header name="x-reject-description" value="Sorry, she cannae take it!" />
 </reject>"""


def test_client_rejects_with_some_headers(bench):
    play = Play(bench)
    caller, call = play.bench.call(play.juliet)
    play.command(call, REJECT, "result")
    answer = caller.wait_final()
    assert answer.status == 603 and answer.get("x-reject-description") == "Sorry, she cannae take it!"


def test_the_call_has_already_been_accepted_and_cannot_be_rejected(bench):
    play = Play(bench)
    _, call = play.call()
    play.command(call, REJECT, error("cancel", "not-allowed"))


def test_client_hangs_up_with_some_headers(bench):
    play = Play(bench)
    caller, call = play.call()
    play.command(call, """<hangup xmlns='urn:xmpp:rayo:1'>
 <header name="x-call-result" value="4" />
 </hangup>""", "result")
    assert caller.wait_ended().get("x-call-result") == "4"
    play.expect(f"""<presence from='{call}' to='{JULIET}' type='unavailable'>
 <end xmlns='urn:xmpp:rayo:1'><hangup-command platform-code='200'/></end></presence>""")


def test_controlling_party_is_told_of_a_remote_hangup(bench):
    """The example says <hangup/>, the definition of the element <hungup/>: the latter, in this dialect. Headers of the
    BYE are in it too."""
    play = Play(bench)
    caller, call = play.call()
    caller.bye()
    end = play.juliet.expect_end(call)
    assert end.get("to") == JULIET and end.get("type") == "unavailable"
    assert end.first[0].tag == "{urn:xmpp:rayo:1}hungup"


def test_non_existent_call_receives_a_command(bench):
    play = Play(bench)
    play.command("9f00061@shakespeare.lit", "<answer xmlns='urn:xmpp:rayo:1'/>", error("cancel", "item-not-found"))
    play.command("9f00061@call.shakespeare.lit", "<answer xmlns='urn:xmpp:rayo:1'/>", error("cancel", "item-not-found"))


# ---- 6.8 ----

def test_an_xmpp_message_becomes_a_sip_message(bench):
    play = Play(bench)
    caller, call = play.call()
    play.juliet.send_raw(f"""<message
 from='{JULIET}'
 to='{call}'
 type='normal'>
 <body>Art thou not Romeo, and a Montague?</body>
</message>""")
    message = caller.wait_request("MESSAGE")
    assert message.body == "Art thou not Romeo, and a Montague?"
    assert message.get("Content-Type") == "text/plain" and message.get("Content-Length") == "35"
    assert message.get("Call-ID") == caller.call_id
