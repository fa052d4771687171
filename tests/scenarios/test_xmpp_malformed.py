"""Whatever is malformed ends its own stream with the right stream error; a second client goes on as if nothing was."""

import socket

import pytest

from support.rayo import RayoClient
from support.xmpp_raw import XmppStream

HEAD = "<?xml version='1.0'?><stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"


@pytest.fixture(scope="module")
def witness(server):
    """A client that must stay untouched by all of this."""
    one = RayoClient(server, "witness")
    yield one
    one.sync()
    one.close()


BEFORE_LOGIN = {
    "not XML": ("this is no XML at all <<<", ("not-well-formed", "bad-format")),
    "another protocol": ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", ("not-well-formed", "bad-format")),
    "another root": ("<html xmlns='jabber:client'>", ("bad-format", "invalid-namespace")),
    "another stream namespace": (HEAD.replace("http://etherx.jabber.org/streams", "urn:wrong"), ("invalid-namespace",)),
    "another content namespace": (HEAD.replace("'jabber:client'", "'jabber:server'"), ("invalid-namespace",)),
    "an undeclared prefix": ("<stream:stream to='localhost' version='1.0' xmlns='jabber:client'>",
                             ("not-well-formed", "bad-namespace-prefix", "bad-format")),
    "a DOCTYPE": ("<!DOCTYPE stream [<!ENTITY a 'b'>]>" + HEAD.split("?>")[1], ("restricted-xml", "not-well-formed")),
    "a stanza before authentication": (HEAD + "<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>",
                                       ("not-authorized",)),
    "a version below one": (HEAD.replace("version='1.0' xmlns", "version='0.9' xmlns"), ("unsupported-version",)),
    "bytes that are no UTF-8": (HEAD.encode() + b"<a>\xff\xfe</a>",
                                ("not-well-formed", "bad-format", "unsupported-encoding")),
}


@pytest.mark.parametrize("name", BEFORE_LOGIN)
def test_before_login(server, witness, name):
    data, conditions = BEFORE_LOGIN[name]
    stream = XmppStream(server.xmpp_port)
    stream.send_raw(data)
    error = stream.expect(lambda s: s.element.tag.endswith("streams}error"), "a stream error")
    assert error.first.tag == "{urn:ietf:params:xml:ns:xmpp-streams}" + error.first.tag.split("}")[1]
    assert error.first.tag.split("}")[1] in conditions, error
    assert b"<stream:stream" in stream.raw_received, "the error came without a stream header before it"
    stream.expect_closed()
    assert stream.raw_received.rstrip().endswith(b"</stream:stream>")
    stream.drop()
    witness.sync()


AFTER_LOGIN = {
    "not well-formed": ("<iq type='get' id='1'><a></b></iq>", ("not-well-formed",)),
    "an attribute twice": ("<iq type='get' type='set' id='1'/>", ("not-well-formed",)),
    "an entity": ("<message><body>&xxe;</body></message>", ("restricted-xml", "not-well-formed")),
    "a comment": ("<!-- hello --><presence/>", ("restricted-xml",)),
    "a processing instruction": ("<?php ?><presence/>", ("restricted-xml",)),
    "a DOCTYPE in the middle": ("<!DOCTYPE x><presence/>", ("restricted-xml", "not-well-formed")),
    "a stanza of another namespace": ("<frob xmlns='urn:example:frob'/>", ("unsupported-stanza-type",)),
    "a stanza of no known name": ("<frob/>", ("unsupported-stanza-type",)),
    "a from that is somebody else": ("<presence from='other@localhost/1'/>", ("invalid-from",)),
    "text between stanzas": ("hello", ("bad-format", "not-well-formed", "unsupported-stanza-type", "invalid-xml")),
    "too big": ("<message><body>" + "x" * 300000 + "</body></message>", ("policy-violation",)),
    "too deep": ("<message>" + "<a>" * 200, ("policy-violation",)),
    "too many attributes": ("<message " + " ".join(f"a{n}='{'y' * 100}'" for n in range(5000)) + "/>",
                            ("policy-violation",)),
    "an undeclared prefix": ("<message><x:a/></message>", ("not-well-formed", "bad-namespace-prefix")),
    "a zero byte": ("<message>\0</message>", ("not-well-formed",)),
    "a stream in the stream": (HEAD.split("?>")[1] + "</stream:stream>",
                               ("bad-format", "unsupported-stanza-type", "invalid-xml",
                                                     "not-well-formed")),
}


@pytest.mark.parametrize("name", AFTER_LOGIN)
def test_after_login(server, witness, name):
    data, conditions = AFTER_LOGIN[name]
    stream = XmppStream(server.xmpp_port).login(resource="bad")
    try:
        stream.send_raw(data)
    except OSError:
        pass  # the server had heard enough
    error = stream.expect(lambda s: s.element.tag.endswith("streams}error"), "a stream error")
    assert error.first.tag.split("}")[1] in conditions, error
    stream.expect_closed()
    stream.drop()
    witness.sync()


def test_a_billion_laughs_are_not_heard(server, witness):
    laughs = "<!DOCTYPE l [<!ENTITY a0 'ha'>" + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>"
                                                        for n in range(1, 10)) + "]>"
    stream = XmppStream(server.xmpp_port)
    stream.send_raw(laughs + HEAD.split("?>")[1] + "<m>&a9;</m>")
    stream.expect(lambda s: s.element.tag.endswith("streams}error"), "a stream error")
    stream.expect_closed()
    witness.sync()


def test_a_connection_that_says_nothing_does_not_keep_others_waiting(server, witness):
    silent = [XmppStream(server.xmpp_port) for _ in range(20)]
    witness.sync()
    for one in silent:
        one.drop()
    witness.sync()


def test_a_client_that_does_not_read_is_cut_off_and_others_go_on(server, witness):
    """A client asks without ever reading the answers; the server does not grow without bound, and serves the others."""
    deaf = XmppStream(server.xmpp_port).login(resource="deaf")
    deaf._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    witness.sync()
    deaf.drop()
    witness.sync()
    assert server.is_alive()
