"""The XMPP listener as Rayo clients of every age need it (on-the-wire.md, Stream)."""

import base64

import pytest

from support import signals
from support.call import check_file
from support.xmpp_raw import CLIENT, SASL, XmppStream

TLS = "{urn:ietf:params:xml:ns:xmpp-tls}"
BIND = "{urn:ietf:params:xml:ns:xmpp-bind}"
SESSION = "{urn:ietf:params:xml:ns:xmpp-session}"


@pytest.fixture
def stream(bench):
    return bench.keep(XmppStream(bench.server.xmpp_port))


def test_the_stream_header_is_written_as_old_parsers_need_it(stream):
    """The prefix is stream:, the default namespace jabber:client, from is the domain, there is an id and version 1.0."""
    stream.open_stream()
    header = stream._parser.header_raw
    assert "<stream:stream " in header
    root = stream._parser.header
    assert root.get("from") == "localhost" and root.get("id") and root.get("version") == "1.0"
    assert "xmlns='jabber:client'" in header.replace('"', "'")


def test_plain_and_both_scrams_are_offered_with_starttls_optional(stream):
    stream.open_stream()
    assert {"PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256"} <= set(stream.mechanisms)
    tls = stream.features.find(TLS + "starttls")
    assert tls is not None and tls.find(TLS + "required") is None
    assert stream.received[0].raw.startswith("<stream:features")


def test_after_sasl_bind_and_session_are_offered(stream):
    stream.open_stream()
    assert stream.auth_plain("app", "secret").name == "success"
    stream.restart()
    assert stream.features.find(BIND + "bind") is not None and stream.features.find(SESSION + "session") is not None
    assert stream.mechanisms == []


@pytest.mark.parametrize("authzid", ["", "app@localhost", "app"])
def test_plain_takes_an_authzid_that_is_empty_the_bare_jid_or_the_user(stream, authzid):
    stream.open_stream()
    assert stream.auth_plain("app", "secret", authzid).name == "success"


def test_plain_refuses_to_act_as_somebody_else(stream):
    stream.open_stream()
    failure = stream.auth_plain("app", "secret", "other@localhost")
    assert failure.name == "failure" and failure.first.tag == SASL + "invalid-authzid"


def test_a_wrong_password_and_an_unknown_user_cannot_be_told_apart(bench):
    answers = []
    for user, password in (("app", "wrong"), ("nobody", "secret")):
        stream = bench.keep(XmppStream(bench.server.xmpp_port))
        stream.open_stream()
        answers.append(stream.auth_plain(user, password).raw)
    assert answers[0] == answers[1] and "not-authorized" in answers[0]


def test_the_third_failed_authentication_ends_the_stream(stream):
    stream.open_stream()
    for _ in range(3):
        assert stream.auth_plain("app", "wrong").name == "failure"
    stream.expect_stream_error("policy-violation")


def test_after_one_failure_the_right_password_still_works(stream):
    stream.open_stream()
    assert stream.auth_plain("app", "wrong").name == "failure"
    assert stream.auth_plain("app", "secret").name == "success"


@pytest.mark.parametrize("xml, condition", [
    ("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='FROB'/>", "invalid-mechanism"),
    ("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>!!!</auth>", "incorrect-encoding"),
    ("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>"
     + base64.b64encode(b"no nulls here").decode() + "</auth>", None),
])
def test_broken_authentication_fails_by_name(stream, xml, condition):
    stream.open_stream()
    stream.send_raw(xml)
    failure = stream.expect(lambda s: s.element.tag == SASL + "failure", "a failure")
    if condition:
        assert failure.first.tag == SASL + condition


def test_an_aborted_scram_can_be_begun_again(stream):
    stream.open_stream()
    first = base64.b64encode(b"n,,n=app,r=abcdefgh").decode()
    stream.send_raw(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>{first}</auth>")
    stream.expect(lambda s: s.element.tag == SASL + "challenge", "a challenge")
    stream.send_raw("<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>")
    assert stream.expect(lambda s: s.element.tag == SASL + "failure", "a failure").first.tag == SASL + "aborted"
    assert stream.auth_plain("app", "secret").name == "success"


def test_a_stream_over_tls_works_like_one_without(bench):
    client = bench.client("tls", tls=True)
    phone, jid = bench.answered(client, play=signals.marks(5))
    check_file(client.expect_complete(client.record(jid, "max-duration='300'")))


def test_tls_required_offers_nothing_else_and_refuses_sasl_before_it(bench):
    bench.start_server(xmpp={"tls": "required"})
    stream = bench.keep(XmppStream(bench.server.xmpp_port))
    stream.open_stream()
    assert stream.mechanisms == [] and stream.features.find(f"{TLS}starttls/{TLS}required") is not None
    failure = stream.auth_plain("app", "secret")
    assert failure.name == "failure" and failure.first.tag == SASL + "encryption-required"
    bench.client("tls", tls=True).sync()


def test_tls_off_offers_no_starttls(bench):
    bench.start_server(xmpp={"tls": "off"})
    stream = bench.keep(XmppStream(bench.server.xmpp_port))
    stream.open_stream()
    assert stream.features.find(TLS + "starttls") is None and "PLAIN" in stream.mechanisms


def test_two_resources_of_one_account_live_side_by_side(bench):
    one, two = bench.client("one"), bench.client("two")
    assert one.jid.startswith("app@localhost/one") and two.jid.startswith("app@localhost/two")
    one.sync(), two.sync()


def test_a_client_that_comes_back_under_its_resource_replaces_its_old_stream(bench):
    old = bench.client("same")
    new = bench.client("same")
    old.expect_stream_error("conflict")
    assert new.jid == old.jid
    phone = bench.phone()
    phone.invite()
    new.expect_offer(phone.user)


def test_without_a_wish_the_server_makes_a_resource(bench):
    client = bench.client("", register=False)
    assert client.jid.startswith("app@localhost/") and len(client.jid) > len("app@localhost/")


def test_the_old_session_request_is_answered(bench):
    client = bench.client(register=False)
    client.send_raw("<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>")
    assert client.expect_reply("s").get("type") == "result"


def test_the_roster_is_empty(bench):
    client = bench.client(register=False)
    client.send_raw("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>")
    reply = client.expect_reply("r")
    assert reply.get("type") == "result" and reply.first.tag == "{jabber:iq:roster}query" and len(reply.first) == 0


@pytest.mark.parametrize("type_", ["get", "set"])
@pytest.mark.parametrize("to", ["to='localhost'", "", "to='app@localhost'"])
def test_pings_are_answered_of_either_type(bench, type_, to):
    client = bench.client(register=False)
    client.send_raw(f"<iq type='{type_}' id='p' {to}><ping xmlns='urn:xmpp:ping'/></iq>")
    assert client.expect_reply("p").get("type") == "result"


def test_disco_info_names_rayo_and_its_record_component(bench):
    client = bench.client()
    reply = client.command("localhost", "<query xmlns='http://jabber.org/protocol/disco#info'/>", "get")
    assert reply.get("type") == "result", reply
    features = {f.get("var") for f in reply.element.iter("{http://jabber.org/protocol/disco#info}feature")}
    assert {"urn:xmpp:rayo:1", "urn:xmpp:rayo:record:1", "urn:xmpp:ping"} <= features
    assert "http://jabber.org/protocol/disco#info" in features
    assert list(reply.element.iter("{http://jabber.org/protocol/disco#info}identity"))


def test_disco_items_is_answered(bench):
    client = bench.client()
    reply = client.command("localhost", "<query xmlns='http://jabber.org/protocol/disco#items'/>", "get")
    assert reply.get("type") == "result" and reply.first.tag.endswith("disco#items}query")


@pytest.mark.parametrize("type_", ["get", "set"])
def test_every_iq_that_is_not_known_is_service_unavailable(bench, type_):
    client = bench.client()
    reply = client.command("localhost", "<query xmlns='urn:example:unknown'/>", type_)
    assert reply.condition[0] == "cancel" and reply.condition[1] in ("service-unavailable", "feature-not-implemented")
    error = reply.find(CLIENT + "error")
    assert list(error.attrib)[0] == "type"


def test_results_and_errors_are_never_answered(bench):
    client = bench.client()
    client.send_raw("<iq type='result' id='x1' to='localhost'/><iq type='error' id='x2' to='localhost'><error type='cancel'/></iq>")
    client.expect_nothing(lambda s: s.get("id") in ("x1", "x2"))


@pytest.mark.parametrize("xml", ["<iq type='get' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>",
                                 "<iq type='frob' id='t' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>"],
                         ids=["no id", "unknown type"])
def test_an_iq_without_id_or_with_an_unknown_type_is_a_bad_request(bench, xml):
    client = bench.client()
    client.send_raw(xml)
    reply = client.expect(lambda s: s.name == "iq" and s.get("type") == "error", "an error")
    assert reply.condition[:2] == ("modify", "bad-request")


def test_whitespace_keepalives_comments_of_nobody_and_cdata_are_fine(bench):
    client = bench.client()
    for _ in range(5):
        client.send_raw(" \n")
    client.send_raw("<iq type='get' id='c' to='localhost'><ping xmlns='urn:xmpp:ping'><![CDATA[]]></ping></iq>")
    assert client.expect_reply("c").get("type") == "result"


def test_a_stanza_may_arrive_byte_by_byte_and_many_may_arrive_at_once(bench):
    client = bench.client()
    for byte in "<iq type='get' id='slow' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>":
        client.send_raw(byte)
    assert client.expect_reply("slow").get("type") == "result"
    client.send_raw("".join(f"<iq type='get' id='m{n}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>"
                            for n in range(500)))
    numbers = [client.expect_reply(f"m{n}").number for n in range(500)]
    assert numbers == sorted(numbers)


def test_the_end_of_the_stream_is_answered_by_the_end_of_the_stream(bench):
    client = bench.client()
    client.send_raw("</stream:stream>")
    client.expect_closed()
    assert client.raw_received.rstrip().endswith(b"</stream:stream>")


def test_a_message_to_the_server_breaks_nothing(bench):
    client = bench.client()
    client.send_raw("<message to='localhost'><body>hello</body></message><message to='nobody@localhost' type='chat'><body>x</body></message>")
    client.sync()


def test_rayo_clients_of_another_domain_are_other_peoples(bench):
    stream = bench.keep(XmppStream(bench.server.xmpp_port))
    stream.open_stream(to="elsewhere.example", expect_features=False)
    stream.expect_stream_error("host-unknown")


def test_fifty_clients_at_once_all_get_the_offer(bench):
    clients = [bench.client(f"r{n}") for n in range(50)]
    phone = bench.phone()
    phone.invite()
    jids = {c.expect_offer(phone.user).get("from") for c in clients}
    assert len(jids) == 1
    clients[7].ask(jids.pop(), "<reject xmlns='urn:xmpp:rayo:1'><busy/></reject>")
