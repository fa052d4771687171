"""What most scenarios begin with: a client that is registered, a phone that calls, the call answered and recorded."""

import itertools
import json

import pytest

from support import audio
from support.callee import Callee
from support.phone import Phone
from support.rayo import RAYO, RayoClient
from support.server import Server

_users = itertools.count(1)
_benches = itertools.count(1)


class Bench:
    """Makes the parts of one test and puts them away after it."""

    def __init__(self, folder, shared_server):
        self.folder = folder
        self._shared = shared_server
        self._own = None
        self.servers = []
        self._things = []
        self._number = next(_benches)

    @property
    def server(self):
        if self._own is None:
            self._own = self._shared()
            self.servers.append(self._own)
        return self._own

    def start_server(self, **options):
        """A server of this test's own, which the phones and clients made from now on use."""
        self._own = Server(self.folder / f"server{len(self.servers)}", **options)
        self.servers.append(self._own)
        self._things.append(self._own)
        return self._own

    def client(self, resource="1", **options):
        """On the server that tests share its resource is this test's alone: what the server still has to say to an
        earlier test's client goes nowhere."""
        server = self.server
        own = server in self.servers and server in self._things
        one = RayoClient(server, resource if own or not resource else f"{resource}-{self._number}", **options)
        self._things.append(one)
        return one

    def phone(self, transport="udp", user=None, **options):
        one = Phone(self.server.address, self.server.sip_port, transport, user=user or f"caller{next(_users)}",
                    **options)
        self._things.append(one)
        return one

    def callee(self, user=None, transport="udp", **options):
        """A phone that is called; `options` of its calls: codecs, play …; digest, on_call."""
        own = {key: options.pop(key) for key in ("digest", "on_call", "address") if key in options}
        one = Callee(self.server.address, self.server.sip_port, transport, user=user or f"callee{next(_users)}",
                     options=options, **own)
        self._things.append(one)
        return one

    def keep(self, thing):
        self._things.append(thing)
        return thing

    def call(self, client, transport="udp", user=None, phone=None, **options):
        """A phone calls and the client is offered the call: (sip call, call JID)."""
        phone = phone or self.phone(transport, user)
        sip_call = phone.invite(**options)
        offer = client.expect_offer(phone.user)
        return sip_call, offer.get("from")

    def answered(self, client, **options):
        """The same, and the client answers."""
        sip_call, jid = self.call(client, **options)
        client.answer(jid)
        sip_call.wait_answered()
        return sip_call, jid

    def dialled(self, client, callee=None, attributes="", children="", **options):
        """The client dials a phone, which answers: (its leg, call JID)."""
        callee = callee or self.callee(**options)
        jid = client.dial(callee.uri, attributes, children)
        leg = callee.wait_call()
        leg.answer()
        client.expect_answered(jid)
        return leg, jid

    def put_away(self):
        problems = []
        for thing in reversed(self._things):
            try:
                thing.stop() if isinstance(thing, Server) else thing.close()
            except AssertionError as problem:
                problems.append(str(problem))
        for thing in self._things:
            if isinstance(thing, Server):
                thing.kill()
        if problems:
            pytest.fail("\n".join(problems), pytrace=False)


def end_reason(stanza):
    """(reason, platform code) of an end event, which must be of type unavailable."""
    assert stanza.get("type") == "unavailable", stanza
    reason = next(child for child in stanza.first if child.tag != RAYO + "header")
    return reason.tag.split("}")[-1], reason.get("platform-code")


def hints(**values):
    """<hint/> elements: hints(sample_rate=8000) is the hint sample-rate."""
    return "".join(f"<hint name='{name.replace('_', '-')}' value='{value}'/>" for name, value in values.items())


def sidecar(complete):
    """What is in the json beside a recording (docs/sidecar.md)."""
    return json.loads(complete.path.with_suffix(".json").read_text())


def check_file(complete):
    """That uri, duration and size are the file's: to the byte, to the sample, ffprobe's within a codec frame."""
    path = complete.path
    assert path.is_absolute() and path.exists(), path
    assert path.stat().st_size == complete.size
    sound = audio.read(path)
    assert complete.duration == sound.samples * 1000 // sound.rate, f"{sound.samples} samples at {sound.rate} Hz"
    told = audio.probe(path)
    frame = {".mp3": 0.072, ".opus": 0.008}.get(path.suffix, 0.001)  # ffprobe counts what the encoder adds in front
    played = float(told["duration"]) - float(told.get("start_time") or 0)
    assert abs(played - complete.duration / 1000) <= frame, f"ffprobe says {played} s of {complete.duration} ms"
    return sound
