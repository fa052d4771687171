"""A raw XMPP client: sends text as it is given, receives stanzas as elements and as the exact bytes that came.

A thread reads; whoever tests waits with expect(). Namespaced tags are written as in ElementTree: {jabber:client}iq.
"""

import base64
import contextlib
import select
import socket
import ssl
import threading
import time
import xml.etree.ElementTree as ET
from xml.parsers import expat

LIMIT = 30.0
CLIENT = "{jabber:client}"
STREAM = "{http://etherx.jabber.org/streams}"
SASL = "{urn:ietf:params:xml:ns:xmpp-sasl}"
STREAM_ERRORS = "{urn:ietf:params:xml:ns:xmpp-streams}"
STANZA_ERRORS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"


class Stanza:
    """One first-level element: `element`, `raw` (the text that came) and its `number` in the stream."""

    def __init__(self, element, raw, number):
        self.element, self.raw, self.number = element, raw, number

    @property
    def name(self):
        return self.element.tag.split("}")[-1]

    def get(self, attribute):
        return self.element.get(attribute)

    @property
    def first(self):
        """The first child: where every Rayo element is."""
        return self.element[0] if len(self.element) else None

    def find(self, path):
        return self.element.find(path)

    @property
    def condition(self):
        """The condition of an error stanza: (type, condition, text), or None. The first child that is not text."""
        error = self.element.find(CLIENT + "error")
        if error is None:
            return None
        names = [c.tag.split("}")[-1] for c in error if c.tag.startswith(STANZA_ERRORS)]
        text = error.findtext(STANZA_ERRORS + "text") or ""
        return error.get("type"), next((n for n in names if n != "text"), None), text

    def __repr__(self):
        return self.raw


class _Parser:
    """Cuts a stream into first-level elements (RFC 6120 §4)."""

    def __init__(self):
        self._parser = expat.ParserCreate(namespace_separator="}")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._bytes = b""
        self._depth = 0
        self._begin = 0
        self._builder = None
        self.header = None
        self.header_raw = ""
        self.stanzas = []
        self.closed = False

    def feed(self, data):
        self._bytes += data
        self._parser.Parse(data, False)

    @staticmethod
    def _name(name):
        return "{" + name if "}" in name else name

    def _start(self, name, attributes):
        self._depth += 1
        attributes = {self._name(key): value for key, value in attributes.items()}
        if self._depth == 1:
            self.header = ET.Element(self._name(name), attributes)
            self.header_raw = self._bytes[: self._tag_end(self._parser.CurrentByteIndex)].decode()
            return
        if self._depth == 2:
            self._begin = self._parser.CurrentByteIndex
            self._builder = ET.TreeBuilder()
        self._builder.start(self._name(name), attributes)

    def _end(self, name):
        self._depth -= 1
        if self._depth == 0:
            self.closed = True
            return
        self._builder.end(self._name(name))
        if self._depth == 1:
            raw = self._bytes[self._begin : self._tag_end(self._parser.CurrentByteIndex)].decode()
            self.stanzas.append((self._builder.close(), raw))

    def _text(self, text):
        if self._depth >= 2:
            self._builder.data(text)

    def _tag_end(self, at):
        quote = None
        while True:
            byte = self._bytes[at : at + 1]
            at += 1
            if quote:
                quote = None if byte == quote else quote
            elif byte in (b"'", b'"'):
                quote = byte
            elif byte in (b">", b""):
                return at


class XmppStream:
    def __init__(self, port, host="127.0.0.1", domain="localhost", name="client"):
        self.host, self.port, self.domain, self.name = host, port, domain, name
        self.jid = None
        self.features = None
        self._tls_lock = threading.Lock()
        self._socket = socket.create_connection((host, port), timeout=10)
        self._socket.settimeout(None)
        self._begin()

    def _begin(self):
        self._arrived = threading.Condition()
        self._waiting = []
        self.received = []
        self.raw_received = b""
        self.over = False
        self._parser = _Parser()
        self._count = 0
        self._pause_reading = False
        self._start_reader()

    def _start_reader(self):
        self._reader = threading.Thread(target=self._read, args=(self._socket,), daemon=True)
        self._reader.start()

    def _receive(self, connection):
        """The next bytes. OpenSSL must not read and write one connection in two threads at once, hence the lock."""
        if not isinstance(connection, ssl.SSLSocket):
            return connection.recv(65536)
        while True:
            if not connection.pending():
                select.select([connection], [], [])
            with self._tls_lock:
                try:
                    connection.settimeout(0.2)
                    return connection.recv(65536)
                except (ssl.SSLWantReadError, TimeoutError):
                    continue  # not a whole record yet

    def _read(self, connection):
        while True:
            try:
                data = self._receive(connection)
            except (OSError, ValueError):
                data = b""
            with self._arrived:
                if not data:
                    self.over = True
                    self._arrived.notify_all()
                    return
                self.raw_received += data
                self._take(data)
                self._arrived.notify_all()
                if self._pause_reading and self._waiting and self._waiting[-1].element.tag.endswith("}proceed"):
                    return

    def _take(self, data):
        try:
            self._parser.feed(data)
        except expat.ExpatError as error:
            self.broken = f"the server's XML is broken: {error}: {self.raw_received[-500:]!r}"
            self.over = True
            return
        for element, raw in self._parser.stanzas:
            stanza = Stanza(element, raw, self._count)
            self._count += 1
            self.received.append(stanza)
            self._waiting.append(stanza)
        self._parser.stanzas = []

    # ---- sending ----
    def send_raw(self, data):
        data = data.encode() if isinstance(data, str) else data
        with self._tls_lock if isinstance(self._socket, ssl.SSLSocket) else contextlib.nullcontext():
            if isinstance(self._socket, ssl.SSLSocket):
                self._socket.settimeout(LIMIT)
            self._socket.sendall(data)

    def restart(self):
        """A new stream on the same connection, as after TLS and SASL."""
        self._parser = _Parser()
        self.open_stream()

    def open_stream(self, to=None, header=None, expect_features=True):
        self.send_raw(header or f"<?xml version='1.0'?><stream:stream to='{to or self.domain}' version='1.0' "
                      "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>")
        if expect_features:
            self.features = self.expect(lambda s: s.element.tag == STREAM + "features", "stream features").element

    def start_tls(self):
        self._pause_reading = True
        self.send_raw("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        self.expect(lambda s: s.element.tag.endswith("xmpp-tls}proceed"), "proceed")
        self._reader.join(5)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._socket = context.wrap_socket(self._socket, server_hostname=self.domain)
        self._pause_reading = False
        self._parser = _Parser()
        self._start_reader()
        self.open_stream()

    @property
    def mechanisms(self):
        return [m.text for m in self.features.iter(SASL + "mechanism")]

    def auth_plain(self, user, password, authzid=""):
        """Sends PLAIN; returns the success or failure."""
        secret = base64.b64encode(f"{authzid}\0{user}\0{password}".encode()).decode()
        self.send_raw(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>")
        return self.expect(lambda s: s.element.tag in (SASL + "success", SASL + "failure"), "an answer to <auth/>")

    def login(self, user="app", password="secret", resource="1", tls=False, authzid=""):
        self.open_stream()
        if tls:
            self.start_tls()
        answer = self.auth_plain(user, password, authzid)
        assert answer.name == "success", answer
        self.restart()
        wish = f"<resource>{resource}</resource>" if resource else ""
        self.send_raw(f"<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>{wish}</bind></iq>")
        bound = self.expect_reply("bind")
        assert bound.get("type") == "result", bound
        self.jid = bound.element.findtext(".//{urn:ietf:params:xml:ns:xmpp-bind}jid")
        return self

    # ---- receiving ----
    def expect(self, predicate, what="a stanza", limit=LIMIT):
        """The first stanza not yet taken that fits; it is taken. The others stay."""
        until = time.monotonic() + limit
        with self._arrived:
            while True:
                for stanza in self._waiting:
                    if predicate(stanza):
                        self._waiting.remove(stanza)
                        return stanza
                left = until - time.monotonic()
                if self.over or left <= 0:
                    why = getattr(self, "broken", None) or ("the stream is over" if self.over
                                                            else f"not within {limit:g} s")
                    raise AssertionError(f"{self.name} expected {what}: {why}; waiting: {self._waiting}; "
                                         f"received before: {self.received[-6:]}")
                self._arrived.wait(left)

    def expect_reply(self, id_, limit=LIMIT):
        return self.expect(lambda s: s.name == "iq" and s.get("id") == id_ and s.get("type") in ("result", "error"),
                           f"the answer to iq {id_}", limit)

    def pending(self, predicate=lambda s: True):
        with self._arrived:
            return [s for s in self._waiting if predicate(s)]

    def expect_nothing(self, predicate=lambda s: True):
        """That no such stanza has come, and none is on its way: a ping to the domain comes back before it."""
        self.sync()
        found = self.pending(predicate)
        assert not found, f"{self.name} expected nothing of the kind, got {found}"

    def sync(self):
        """After this, all that the server sent before it answered our ping is here."""
        id_ = f"sync-{time.monotonic_ns()}"
        self.send_raw(f"<iq type='get' id='{id_}' to='{self.domain}'><ping xmlns='urn:xmpp:ping'/></iq>")
        return self.expect_reply(id_)

    def expect_stream_error(self, condition, limit=LIMIT):
        """<stream:error/> with that condition first, then the end of the stream and of the connection."""
        error = self.expect(lambda s: s.element.tag == STREAM + "error", f"the stream error {condition}", limit)
        found = error.first.tag.split("}")[-1]
        assert found == condition, f"expected stream error {condition}, got {error}"
        assert error.first.tag == STREAM_ERRORS + condition, error
        assert error.raw.startswith("<stream:error"), error.raw
        self.expect_closed(limit)
        return error

    def expect_closed(self, limit=LIMIT):
        with self._arrived:
            assert self._arrived.wait_for(lambda: self.over, limit), f"{self.name}: the server did not close the connection"

    # ---- end ----
    def drop(self):
        """Cuts the connection without </stream:stream>."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()

    def close(self):
        try:
            self.send_raw("</stream:stream>")
            with self._arrived:
                self._arrived.wait_for(lambda: self.over, 2)
        except OSError:
            pass
        self.drop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
