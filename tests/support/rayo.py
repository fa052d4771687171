"""A Rayo client of raw stanzas: registers, takes offers, gives commands, waits for events (XEP-0327, record-api.txt)."""

from pathlib import Path
from urllib.parse import unquote
from xml.sax.saxutils import quoteattr

from support.rayo_verbs import Conversation
from support.xmpp_raw import CLIENT, LIMIT, XmppStream

RAYO = "{urn:xmpp:rayo:1}"
EXT = "{urn:xmpp:rayo:ext:1}"
EXT_COMPLETE = "{urn:xmpp:rayo:ext:complete:1}"
RECORD_COMPLETE = "{urn:xmpp:rayo:record:complete:1}"
CAPS = "{http://jabber.org/protocol/caps}"
CLIENT_CAPS = "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:xmpp:rayo:client:1' ver='QgayPKawpkPSDYmwT/WM94uAlu0='/>"


class Complete:
    """What a <complete/> says: why, and of a recording where it is; `match` is the text of an input's result."""

    def __init__(self, stanza):
        self.stanza = stanza
        complete = stanza.first
        self.reason = complete[0]
        self.reason_name = self.reason.tag.split("}")[-1]
        self.match = self.reason.text if self.reason_name == "match" else None
        self.recording = complete.find(RECORD_COMPLETE + "recording")
        if self.recording is not None:
            self.uri = self.recording.get("uri")
            self.duration = int(self.recording.get("duration"))
            self.size = int(self.recording.get("size"))

    @property
    def path(self):
        assert self.uri.startswith("file:/") and not self.uri.startswith("file://"), self.uri
        return Path(unquote(self.uri[5:]))


class RayoClient(Conversation, XmppStream):
    def __init__(self, server, resource="1", user="app", password="secret", register=True, caps=False, tls=False):
        super().__init__(server.xmpp_port, server.address, server.domain, name=f"{user}/{resource}")
        self._ids = 0
        self.login(user, password, resource, tls)
        if register:
            self.register(caps=caps)

    def register(self, show="chat", caps=False, to=None):
        where = "" if to == "" else f" to='{to or self.domain}'"
        self.send_raw(f"<presence{where}>{CLIENT_CAPS if caps else ''}<show>{show}</show></presence>")
        self.sync()

    def command(self, to, payload, type_="set", limit=LIMIT):
        """Sends an iq and returns its answer."""
        self._ids += 1
        id_ = f"{self.name}-{self._ids}"
        self.send_raw(f"<iq type='{type_}' to={quoteattr(to)} id='{id_}'>{payload}</iq>")
        reply = self.expect_reply(id_, limit)
        assert reply.get("from") == to, f"the reply's from is not the JID that was commanded: {reply}"
        return reply

    def ask(self, to, payload, limit=LIMIT):
        """A command that must succeed."""
        reply = self.command(to, payload, limit=limit)
        assert reply.get("type") == "result", reply
        return reply

    def refused(self, to, payload, type_, condition):
        """A command that must be refused so; returns the error's text."""
        reply = self.command(to, payload)
        assert reply.get("type") == "error", f"expected {condition} ({type_}), got {reply}"
        error = reply.find(CLIENT + "error")
        assert reply.condition[:2] == (type_, condition), f"expected {condition} ({type_}), got {reply}"
        first = next(c for c in error if not c.tag.endswith("}text"))
        assert first.tag.endswith("}" + condition), reply
        return reply.condition[2]

    def expect_offer(self, from_user=None, limit=LIMIT):
        def fits(stanza):
            offer = stanza.first
            return (stanza.name == "presence" and offer is not None and offer.tag == RAYO + "offer"
                    and (from_user is None or f":{from_user}@" in (offer.get("from") or "")))
        return self.expect(fits, f"an offer from {from_user or 'anybody'}", limit)

    def expect_end(self, call, limit=LIMIT):
        return self.expect(lambda s: s.name == "presence" and s.get("from") == call and s.first is not None
                           and s.first.tag == RAYO + "end", f"the end of {call}", limit)

    def accept(self, call):
        return self.ask(call, "<accept xmlns='urn:xmpp:rayo:1'/>")

    def answer(self, call):
        return self.ask(call, "<answer xmlns='urn:xmpp:rayo:1'/>")

    def hangup(self, call):
        return self.ask(call, "<hangup xmlns='urn:xmpp:rayo:1'/>")

    def start(self, host, payload):
        """Starts a component; returns its full JID, by the ref that must carry uri and id."""
        reply = self.ask(host, payload)
        ref = reply.first
        assert ref.tag == RAYO + "ref", reply
        uri, id_ = ref.get("uri"), ref.get("id")
        assert uri == f"xmpp:{uri[5:].split('/')[0]}/{id_}" and id_, reply
        return uri[5:]

    def record(self, call, attributes="", children=""):
        return self.start(call, record_xml(attributes, children))

    def pause(self, component):
        return self.ask(component, "<pause xmlns='urn:xmpp:rayo:record:1'/>")

    def resume(self, component):
        return self.ask(component, "<resume xmlns='urn:xmpp:rayo:record:1'/>")

    def stop(self, component):
        return self.ask(component, "<stop xmlns='urn:xmpp:rayo:ext:1'/>")

    def expect_complete(self, component, limit=LIMIT):
        stanza = self.expect(lambda s: s.name == "presence" and s.get("from") == component and s.first is not None
                             and s.first.tag == EXT + "complete", f"the complete of {component}", limit)
        return Complete(stanza)


def record_xml(attributes="", children=""):
    return f"<record xmlns='urn:xmpp:rayo:record:1' {attributes}>{children}</record>" if attributes or children \
        else "<record xmlns='urn:xmpp:rayo:record:1'/>"
