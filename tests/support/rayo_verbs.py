"""What a Rayo client says to calls and mixers besides recording them, and the events it waits for (XEP-0327 §6).

JIDs are full strings; a component's is what start() returned.
"""

from xml.sax.saxutils import escape, quoteattr

NS = "urn:xmpp:rayo:1"
RAYO = "{%s}" % NS
OUTPUT, INPUT, PROMPT = "urn:xmpp:rayo:output:1", "urn:xmpp:rayo:input:1", "urn:xmpp:rayo:prompt:1"
SRGS, SSML, URIS = "application/srgs+xml", "application/ssml+xml", "text/uri-list"
INPUT_COMPLETE = "{urn:xmpp:rayo:input:complete:1}"
OUTPUT_COMPLETE = "{urn:xmpp:rayo:output:complete:1}"
LIMIT = 30.0


def attributes_xml(**values):
    """Attributes without those that are None; a trailing or inner _ stands for nothing or for a hyphen."""
    return "".join(f" {name.strip('_').replace('_', '-')}={quoteattr(str(value))}" for name, value in values.items()
                   if value is not None)


def headers_xml(headers):
    return "".join(f"<header name={quoteattr(name)} value={quoteattr(value)}/>" for name, value in headers)


def dial_xml(to, attributes="", children=""):
    return f"<dial xmlns='{NS}' to={quoteattr(to)} {attributes}>{children}</dial>"


def join_xml(verb="join", call=None, mixer=None, direction=None, media=None):
    uri = None if call is None else f"xmpp:{call}"
    return f"<{verb} xmlns='{NS}'{attributes_xml(call_uri=uri, mixer_name=mixer, direction=direction, media=media)}/>"


def document_xml(content, content_type):
    return f"<document content-type='{content_type}'>{escape(content)}</document>"


def output_xml(text=None, uris=(), ssml=None, attributes="", documents=""):
    """An <output/> of one document of each kind that is given."""
    inner = documents
    if uris:
        inner += document_xml("\n".join(uris), URIS)
    if text is not None:
        inner += document_xml(text, "text/plain")
    if ssml is not None:
        inner += document_xml(ssml, SSML)
    return f"<output xmlns='{OUTPUT}' {attributes}>{inner}</output>"


def grammar(items, mode="dtmf"):
    """SRGS: one of these, each a string of keys with spaces between."""
    inner = "".join(f"<item>{escape(item)}</item>" for item in items)
    return (f"<grammar xmlns='http://www.w3.org/2001/06/grammar' version='1.0' mode='{mode}' root='r'><rule id='r' "
            f"scope='public'><one-of>{inner}</one-of></rule></grammar>")


def digits(count):
    """SRGS: so many digits."""
    keys = "".join(f"<item>{digit}</item>" for digit in range(10))
    return ("<grammar xmlns='http://www.w3.org/2001/06/grammar' version='1.0' mode='dtmf' root='r'>"
            f"<rule id='d'><one-of>{keys}</one-of></rule><rule id='r' scope='public'><item repeat='{count}'>"
            "<ruleref uri='#d'/></item></rule></grammar>")


def input_xml(*grammars, attributes="mode='dtmf'"):
    inner = "".join(f"<grammar content-type='{SRGS}'>{escape(one)}</grammar>" for one in grammars)
    return f"<input xmlns='{INPUT}' {attributes}>{inner}</input>"


def prompt_xml(output, input_, attributes=""):
    return f"<prompt xmlns='{PROMPT}' {attributes}>{output}{input_}</prompt>"


class Conversation:
    """The verbs and events, for a client that has ask(), start(), expect()."""

    # ---- calls of ours ----
    def dial(self, to, attributes="", children=""):
        """Returns the call's JID."""
        reply = self.ask(self.domain, dial_xml(to, attributes, children))
        ref = reply.first
        assert ref.tag == RAYO + "ref" and ref.get("uri").startswith("xmpp:"), reply
        jid = ref.get("uri")[5:]
        assert ref.get("id") == jid.split("@")[0], reply
        return jid

    # ---- joins ----
    def join(self, call, other=None, mixer=None, direction=None, media=None):
        """Joins `call` to another, or to the mixer of that name, whose JID is returned then."""
        reply = self.ask(call, join_xml(call=other, mixer=mixer, direction=direction, media=media))
        if mixer is None:
            return None
        ref = reply.first
        assert ref is not None and ref.tag == RAYO + "ref", reply
        return ref.get("uri")[5:]

    def unjoin(self, call, other=None, mixer=None):
        return self.ask(call, join_xml("unjoin", other, mixer))

    def joined(self, call, other=None, mixer=None, direction=None, media=None):
        """join(), and both joined events."""
        jid = self.join(call, other, mixer, direction, media)
        self.expect_joined(call, other, mixer)
        self.expect_joined(jid or other, call)
        return jid

    def unjoined(self, call, other=None, mixer=None, mixer_jid=None):
        """unjoin(), and both unjoined events."""
        self.unjoin(call, other, mixer)
        self.expect_unjoined(call, other, mixer)
        self.expect_unjoined(mixer_jid or other, call)

    # ---- components ----
    def output(self, host, text=None, uris=(), ssml=None, attributes="", documents=""):
        return self.start(host, output_xml(text, uris, ssml, attributes, documents))

    def input(self, host, *grammars, attributes="mode='dtmf'"):
        return self.start(host, input_xml(*grammars, attributes=attributes))

    def prompt(self, host, output, input_, attributes=""):
        return self.start(host, prompt_xml(output, input_, attributes))

    def steer(self, component, verb, attributes=""):
        """pause, resume, seek, speed-up … of an output."""
        return self.ask(component, f"<{verb} xmlns='{OUTPUT}' {attributes}/>")

    # ---- the rest of a call ----
    def plain(self, call, verb, attributes=""):
        """mute, unmute, hold, unhold, dtmf."""
        return self.ask(call, f"<{verb} xmlns='{NS}' {attributes}/>")

    # ---- events ----
    def expect_event(self, source, name, limit=LIMIT, fits=lambda element: True, ns=NS):
        """The presence from that JID whose first child is that element."""
        tag = "{%s}%s" % (ns, name)
        stanza = self.expect(lambda s: s.name == "presence" and s.get("from") == source and s.first is not None
                             and s.first.tag == tag and fits(s.first), f"{name} from {source}", limit)
        assert stanza.get("type") is None, stanza
        return stanza

    def expect_ringing(self, call, limit=LIMIT):
        return self.expect_event(call, "ringing", limit)

    def expect_answered(self, call, limit=LIMIT):
        return self.expect_event(call, "answered", limit)

    def expect_joined(self, source, call=None, mixer=None, limit=LIMIT, name="joined"):
        return self.expect_event(source, name, limit, lambda e: names(e, call, mixer))

    def expect_unjoined(self, source, call=None, mixer=None, limit=LIMIT):
        return self.expect_joined(source, call, mixer, limit, "unjoined")

    def expect_speaking(self, mixer, call, speaking=True, limit=LIMIT):
        return self.expect_event(mixer, "started-speaking" if speaking else "stopped-speaking", limit,
                                 lambda e: names(e, call))

    def expect_gone(self, jid, limit=LIMIT):
        """Unavailable presence of a mixer that is no more."""
        return self.expect(lambda s: s.name == "presence" and s.get("from") == jid and s.get("type") == "unavailable",
                           f"{jid} being gone", limit)

    def is_event_of(self, source, *elements):
        """A predicate for expect_nothing()."""
        return lambda s: (s.name == "presence" and s.get("from") == source and s.first is not None
                          and s.first.tag.split("}")[-1] in elements)


def names(element, call=None, mixer=None):
    """Whether a joined (unjoined, started-speaking) is of that call or mixer, in every form that clients read."""
    if call is not None:
        return element.get("call-uri") == f"xmpp:{call}" and element.get("call-id") == call.split("@")[0]
    return element.get("mixer-name") == mixer
