"""Messages to and from the party of a call: SIP MESSAGE inside its dialog (XEP-0327 §6.8, RFC 3428)."""

import pytest

from support.xmpp_raw import CLIENT


def send(client, to, body="<body>Hello</body>", type_="normal", id_="m1"):
    kind = "" if type_ is None else f" type='{type_}'"
    client.send_raw(f"<message to='{to}'{kind} id='{id_}'>{body}</message>")


def expect_error(client, type_, condition, id_="m1"):
    stanza = client.expect(lambda s: s.name == "message" and s.get("type") == "error" and s.get("id") == id_, condition)
    assert stanza.condition[:2] == (type_, condition), stanza
    return stanza


@pytest.mark.parametrize("dialled", [False, True])
def test_a_message_reaches_the_party_and_its_answer_the_client(bench, dialled):
    client = bench.client()
    leg, jid = bench.dialled(client) if dialled else bench.answered(client)
    send(client, jid, "<body>Art thou not Romeo, and a Montague? ü &lt;&amp;&gt;</body>")
    message = leg.wait_request("MESSAGE")
    assert message.body == "Art thou not Romeo, and a Montague? ü <&>"
    assert message.get("Content-Type").startswith("text/plain") and message.get("Call-ID") == leg.call_id
    assert leg.message("Neither, fair saint, if either thee dislike. ß").status == 200
    back = client.expect(lambda s: s.name == "message" and s.get("from") == jid, "the answer")
    assert back.get("type") == "normal" and back.get("to") == client.jid
    assert back.element.findtext(CLIENT + "body") == "Neither, fair saint, if either thee dislike. ß"


def test_without_a_type_it_is_normal(bench):
    client = bench.client()
    leg, jid = bench.answered(client)
    send(client, jid, type_=None)
    assert leg.wait_request("MESSAGE").body == "Hello"


@pytest.mark.parametrize("type_", ["chat", "groupchat", "headline"])
def test_other_types_are_refused_with_modify(bench, type_):
    client = bench.client()
    leg, jid = bench.answered(client)
    send(client, jid, type_=type_)
    expect_error(client, "modify", "feature-not-implemented")
    assert not [r for r in leg.requests if r.method == "MESSAGE"]


def test_what_cannot_be_translated_is_refused_with_cancel(bench):
    client = bench.client()
    _, jid = bench.answered(client)
    send(client, jid, "<x xmlns='urn:example'/>")
    expect_error(client, "cancel", "feature-not-implemented")


def test_a_party_that_does_not_take_messages_is_an_error_to_the_client(bench):
    client = bench.client()
    leg, jid = bench.answered(client)
    leg.statuses["MESSAGE"] = 415
    send(client, jid)
    stanza = client.expect(lambda s: s.name == "message" and s.get("type") == "error", "an error")
    assert stanza.condition[0] == "cancel", stanza


def test_messages_to_calls_that_are_not_there_or_anothers_are_refused(bench):
    client = bench.client()
    other = bench.client("1", user="other", password="secret2", register=False)
    leg, jid = bench.answered(client)
    send(client, "nobody@localhost")
    expect_error(client, "cancel", "item-not-found")
    send(other, jid)
    stanza = other.expect(lambda s: s.name == "message" and s.get("type") == "error", "an error")
    assert stanza.condition[1] in ("conflict", "item-not-found", "not-allowed"), stanza
    assert not [r for r in leg.requests if r.method == "MESSAGE"]


@pytest.mark.parametrize("content_type, told", [("text/plain", True), ("text/plain; charset=utf-8", True),
                                                ("application/octet-stream", False)])
def test_what_the_party_sends_is_told_if_it_is_text(bench, content_type, told):
    client = bench.client()
    leg, jid = bench.answered(client)
    assert leg.message("hello there", content_type).status in ((200,) if told else (200, 415))
    if told:
        client.expect(lambda s: s.name == "message" and s.get("from") == jid, "the message")
    else:
        client.expect_nothing(lambda s: s.name == "message")


def test_bytes_that_are_no_text_do_not_break_the_stream(bench):
    """Control characters and bad UTF-8 cannot be in XML: the client's stream goes on."""
    client = bench.client()
    leg, jid = bench.answered(client)
    leg.message("a\x00b\x01c\ufffe")
    client.sync()
    leg.message("fine")
    client.expect(lambda s: s.name == "message" and (s.element.findtext(CLIENT + "body") or "") == "fine", "the second")
