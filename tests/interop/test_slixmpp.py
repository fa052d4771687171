"""A client that others wrote: slixmpp logs in in every way it can, and records a call from offer to end."""

import asyncio
import subprocess
import threading
import xml.etree.ElementTree as ET

import pytest
import slixmpp
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from support import audio, signals
from support.call import check_file
from support.rayo import RAYO, Complete
from support.server import Server
from support.xmpp_raw import Stanza

LIMIT = 30


class RecordingClient(slixmpp.ClientXMPP):
    """Answers the first call that is offered, records `milliseconds` of it, hangs up; keeps what it was told."""

    def __init__(self, server, mechanism, tls, milliseconds=None):
        super().__init__("app@localhost/slixmpp", "secret", sasl_mech=mechanism)
        self.port, self.tls, self.milliseconds = server.xmpp_port, tls, milliseconds
        self.ca_certs = server.certificate
        self.told = []
        self.done = self.loop.create_future()
        self.add_event_handler("session_start", self._start)
        self.add_event_handler("failed_auth", lambda _: self._fail("authentication failed"))
        self.add_event_handler("connection_failed", lambda e: self._fail(f"connection failed: {e}"))
        self.register_handler(Callback("presences", MatchXPath("{jabber:client}presence"), self._presence))

    def _fail(self, why):
        if not self.done.done():
            self.done.set_exception(AssertionError(why))

    async def _start(self, _):
        await self.get_roster()
        if self.milliseconds is None:
            self.done.set_result(self.boundjid.full)
            return
        self.send_presence(pto="localhost", pshow="chat")

    def _presence(self, presence):
        if len(presence.xml) == 0:
            return
        first = presence.xml[0]
        self.told.append(first.tag)
        if first.tag == RAYO + "offer":
            asyncio.ensure_future(self._record(presence["from"].full))
        elif first.tag.endswith("ext:1}complete"):
            self.complete = Complete(Stanza(presence.xml, str(presence), 0))
            asyncio.ensure_future(self._command(self.call, "<hangup xmlns='urn:xmpp:rayo:1'/>"))
        elif first.tag == RAYO + "end":
            self.done.set_result(self.complete)

    async def _command(self, to, payload):
        iq = self.make_iq_set(ito=to)
        iq.append(ET.fromstring(payload))
        return await iq.send(timeout=LIMIT)

    async def _record(self, call):
        self.call = call
        await self._command(call, "<answer xmlns='urn:xmpp:rayo:1'/>")
        await self._command(call, f"<record xmlns='urn:xmpp:rayo:record:1' max-duration='{self.milliseconds}'/>")

    def run(self, until=None):
        async def session():
            self.connect(("127.0.0.1", self.port), force_starttls=self.tls, disable_starttls=not self.tls)
            return await asyncio.wait_for(self.done, LIMIT)
        try:
            return self.loop.run_until_complete(session())
        finally:
            self.disconnect()
            self.loop.run_until_complete(asyncio.sleep(0.1))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with a certificate of its own, which slixmpp is told to trust: it verifies chain and host name."""
    folder = tmp_path_factory.mktemp("server")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    one = Server(folder, xmpp={"certificate": str(certificate), "key": str(key)})
    one.certificate = certificate
    yield one
    one.stop()


@pytest.fixture
def loop():
    one = asyncio.new_event_loop()
    asyncio.set_event_loop(one)
    yield one
    one.close()
    asyncio.set_event_loop(None)


@pytest.mark.parametrize("tls", [False, True], ids=["plain text", "STARTTLS"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", None])
def test_slixmpp_logs_in(bench, loop, mechanism, tls):
    if mechanism == "PLAIN" and not tls:
        pytest.skip("slixmpp itself refuses PLAIN without TLS")
    assert RecordingClient(bench.server, mechanism, tls).run() == "app@localhost/slixmpp"


def test_slixmpp_records_a_call_from_offer_to_end(bench, loop):
    """slixmpp registers and waits; our phone calls and speaks; slixmpp is told where the recording is before the end."""
    source = signals.marks(10)
    client = RecordingClient(bench.server, None, True, milliseconds=1500)
    phone = bench.phone()
    problems = []

    def caller():
        try:
            for _ in range(50):  # until the client has registered
                call = phone.invite(play=source)
                if call.wait_final().status == 200:
                    call.wait_ended()
                    return
        except AssertionError as problem:
            problems.append(problem)

    thread = threading.Thread(target=caller)
    client.add_event_handler("session_start", lambda _: client.loop.call_later(0.3, thread.start))
    complete = client.run()
    thread.join(LIMIT)
    assert not problems, problems
    sound = check_file(complete)
    assert sound.samples == 12000 and audio.story(sound.mono, source)[0][2] > 1.3
    assert [t.split("}")[1] for t in client.told] == ["offer", "complete", "end"]
