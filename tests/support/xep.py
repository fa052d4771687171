"""The examples of XEP-0327 as scenarios: its addresses (juliet at shakespeare.lit), its stanzas, and a comparison of what
comes with what it prints.

Juliet's account is of shakespeare.lit itself, as there are no other servers here; her presence carries the capabilities
of a Rayo client, so that she is spoken to in the dialect xep-0327. A server may say more than an example does: a delay
(XEP-0203), a text in an error, the headers of the SIP message behind an event, and the ids beside uris that clients of 2011-2013 read.
"""

import xml.etree.ElementTree as ET

from support.rayo import RayoClient
from support.rayo_verbs import RAYO

DOMAIN, JULIET = "shakespeare.lit", "juliet@shakespeare.lit/balcony"
MORE_ATTRIBUTES = {"id", "call-id", "{http://www.w3.org/XML/1998/namespace}lang", "duration"}
MORE_ELEMENTS = {"{urn:xmpp:delay}delay", "{urn:ietf:params:xml:ns:xmpp-stanzas}text",
                 "{http://jabber.org/protocol/caps}c", "{urn:xmpp:rayo:1}header"}
ACCOUNTS = [{"name": "juliet", "password": "secret"}, {"name": "romeo", "password": "secret"}]


class Play:
    """A server of shakespeare.lit and Juliet's client on the balcony."""

    def __init__(self, bench, **config):
        self.bench = bench
        xmpp = {"domain": DOMAIN, "account": ACCOUNTS, **config.pop("xmpp", {})}
        self.server = bench.start_server(xmpp=xmpp, **config)
        self.juliet = self.enter("balcony")
        self._number = 0

    def enter(self, resource, user="juliet", **options):
        return self.bench.keep(RayoClient(self.server, resource, user=user, caps=True, **options))

    def call(self, **options):
        """A caller whose call has been answered: (its side, call JID)."""
        return self.bench.answered(self.juliet, **options)

    def calls(self, count, **options):
        return [self.call(**options) for _ in range(count)]

    def command(self, to, payload, expected=None, client=None):
        """The iq of an example; its answer must look like `expected`: "result" alone, a payload of the result, or the
        error's two elements, with the payload in front of them."""
        client = client or self.juliet
        self._number += 1
        id_ = f"h7ed{self._number}"
        client.send_raw(f"<iq from='{client.jid}'\n to='{to}'\n type='set'\n id='{id_}'>\n {payload}\n</iq>")
        reply = client.expect_reply(id_)
        if expected is None:
            return reply
        if expected.lstrip().startswith("<error"):
            inner, type_ = payload + expected, "error"
        else:
            inner, type_ = "" if expected == "result" else expected, "result"
        check_like(reply, f"<iq from='{to}' to='{client.jid}' type='{type_}' id='{id_}'>{inner}</iq>")
        return reply

    def expect(self, presence, client=None, limit=30.0):
        """A presence that looks like that of an example."""
        client = client or self.juliet
        wanted = _parsed(presence)
        first = wanted[0].tag if len(wanted) else None
        found = client.expect(lambda s: s.name == "presence" and s.get("from") == wanted.get("from")
                              and (s.first.tag if s.first is not None else None) == first and not _difference(
                                  s.element, wanted), f"presence like {presence}", limit)
        return found


def error(type_, condition):
    return f"<error type='{type_}'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"


def check_like(stanza, xml):
    problem = _difference(stanza.element, _parsed(xml))
    assert problem is None, f"{problem}\n  came: {stanza}\n  the example: {xml}"


def _parsed(xml):
    """An example; its outermost element is a client's stanza."""
    return ET.fromstring(xml.strip().replace(" ", " xmlns='jabber:client' ", 1))


def _difference(came, wanted, path=""):
    """What is not as it should be; None if all is."""
    path += "/" + came.tag.split("}")[-1]
    if came.tag != wanted.tag:
        return f"{path}: {came.tag}, not {wanted.tag}"
    for name in {*came.attrib, *wanted.attrib}:
        if came.get(name) != wanted.get(name) and not (name in MORE_ATTRIBUTES and name not in wanted.attrib):
            return f"{path}: {name} is {came.get(name)!r}, not {wanted.get(name)!r}"
    if (came.text or "").split() != (wanted.text or "").split():
        return f"{path}: says {came.text!r}, not {wanted.text!r}"
    wanted_tags = {child.tag for child in wanted}
    children = [child for child in came if child.tag in wanted_tags or child.tag not in MORE_ELEMENTS]
    if [c.tag for c in children] != [c.tag for c in wanted]:
        return f"{path}: holds {[c.tag for c in children]}, not {[c.tag for c in wanted]}"
    for one, other in zip(children, wanted):
        problem = _difference(one, other, path)
        if problem:
            return problem
    return None


def ref_of(reply):
    """The address in a result's <ref/>, which names it by uri and, for old clients, by id."""
    ref = reply.first
    assert reply.get("type") == "result" and ref is not None and ref.tag == RAYO + "ref", reply
    assert ref.get("uri").startswith("xmpp:"), reply
    return ref.get("uri")[5:]
