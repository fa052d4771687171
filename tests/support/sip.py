"""SIP messages (RFC 3261) and session descriptions, as far as the test phone needs them: text in, text out."""

import random
import re

from support import codecs as known

_dice = random.Random()
_SHORT = {"i": "call-id", "m": "contact", "e": "content-encoding", "l": "content-length", "c": "content-type",
          "f": "from", "s": "subject", "k": "supported", "t": "to", "v": "via", "x": "session-expires"}

METHODS = "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, MESSAGE"
PHRASES = {100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 302: "Moved Temporarily",
           401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 407: "Proxy Authentication Required",
           480: "Temporarily Unavailable", 486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here",
           491: "Request Pending", 500: "Server Internal Error", 503: "Service Unavailable", 603: "Decline"}


def token(length=10):
    return "".join(_dice.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(length))


def _tag(header):
    found = re.search(r";\s*tag=([^;>\s]+)", header)
    return found.group(1) if found else None


class Message:
    """A request (method, uri) or a response (status, phrase); headers in order, names as received."""

    def __init__(self, start, headers=(), body=""):
        self.start = start
        self.headers = list(headers)
        self.body = body
        parts = start.split(" ", 2)
        self.is_response = start.startswith("SIP/2.0")
        self.status = int(parts[1]) if self.is_response else 0
        self.phrase = parts[2] if self.is_response and len(parts) > 2 else ""
        self.method = "" if self.is_response else parts[0]
        self.uri = "" if self.is_response else parts[1]

    def all(self, name):
        name = name.lower()
        return [value for key, value in self.headers if _SHORT.get(key.lower(), key.lower()) == name]

    def get(self, name, default=None):
        found = self.all(name)
        return found[0] if found else default

    def add(self, name, value):
        self.headers.append((name, value))

    @property
    def cseq(self):
        number, method = self.get("CSeq", "0 ?").split(None, 1)
        return int(number), method.strip()

    @property
    def to_tag(self):
        return _tag(self.get("To", ""))

    @property
    def from_tag(self):
        return _tag(self.get("From", ""))

    def contact_uri(self):
        found = re.search(r"<([^>]+)>", self.get("Contact", ""))
        return found.group(1) if found else self.get("Contact", "").split(";")[0].strip() or None

    def text(self):
        lines = [self.start] + [f"{name}: {value}" for name, value in self.headers]
        body = self.body.encode()
        if not self.all("Content-Length"):
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def __repr__(self):
        return f"<{self.start}>"


def parse(data):
    head, _, body = data.partition(b"\r\n\r\n")
    lines = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "replace")).split("\r\n")
    headers = []
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers.append((name.strip(), value.strip()))
    return Message(lines[0], headers, body.decode("utf-8", "replace"))


def split_stream(buffer):
    """Cuts the first whole message off a TCP buffer: (bytes or None, rest). Keepalive CRLFs are skipped."""
    while buffer[:2] == b"\r\n":
        buffer = buffer[2:]
    head, mark, _ = buffer.partition(b"\r\n\r\n")
    if not mark:
        return None, buffer
    found = re.search(rb"(?im)^(?:content-length|l)[ \t]*:[ \t]*(\d+)", head)
    size = len(head) + 4 + (int(found.group(1)) if found else 0)
    return (buffer[:size], buffer[size:]) if len(buffer) >= size else (None, buffer)


def make_sdp(address, port, codecs=("PCMU", "PCMA"), ptime=20, direction="sendrecv", mux=False, event_type=101,
             version=1, connection=None, session_id=4711, extra=(), types=None):
    """`codecs`: names of support.codecs, and "CN"; `types`: other payload types than they have there."""
    chosen = [(known.CODECS[name], (types or {}).get(name, known.CODECS[name].payload_type))
              for name in codecs if name != "CN"]
    clock = chosen[0][0].clock if chosen else 8000
    formats = [str(number) for _, number in chosen] + ([str(known.COMFORT_NOISE)] if "CN" in codecs else [])
    formats += [str(event_type)] if event_type else []
    kind = "IP6" if ":" in (connection or address) else "IP4"
    lines = ["v=0", f"o=phone {session_id} {version} IN {kind} {address}", "s=-",
             f"c=IN {kind} {connection or address}", "t=0 0",
             f"m=audio {port} RTP/AVP {' '.join(formats)}"]
    for codec, number in chosen:
        lines.append(f"a=rtpmap:{number} {codec.rtpmap}")
        if codec.fmtp:
            lines.append(f"a=fmtp:{number} {codec.fmtp}")
    if "CN" in codecs:
        lines.append(f"a=rtpmap:{known.COMFORT_NOISE} CN/8000")
    if event_type:
        lines += [f"a=rtpmap:{event_type} telephone-event/{clock}", f"a=fmtp:{event_type} 0-16"]
    if ptime:
        lines.append(f"a=ptime:{ptime}")
    lines.append(f"a={direction}")
    if mux:
        lines.append("a=rtcp-mux")
    return "\r\n".join(lines + list(extra)) + "\r\n"


class Sdp:
    """The first audio section of a description."""

    def __init__(self, text):
        self.text = text
        self.lines = [line for line in re.split(r"\r?\n", text) if line]
        self.media_lines = [line for line in self.lines if line.startswith("m=")]
        self.attributes = [line[2:] for line in self.lines if line.startswith("a=")]
        audio = next((line for line in self.media_lines if line.startswith("m=audio")), None)
        if audio is None:
            raise ValueError(f"no audio section in {text!r}")
        fields = audio[2:].split()
        self.port, self.proto, self.formats = int(fields[1].split("/")[0]), fields[2], [int(f) for f in fields[3:]]
        after = self.lines[self.lines.index(audio) + 1 :]
        section = after[: next((i for i, line in enumerate(after) if line.startswith("m=")), len(after))]
        session = self.lines[: next(i for i, line in enumerate(self.lines) if line.startswith("m="))]
        where = [line for line in section + session if line.startswith("c=")]
        self.address = where[0].split()[2] if where else None
        self.direction = next((a for line in section + session for a in [line[2:]] if line.startswith("a=") and a in
                               ("sendrecv", "sendonly", "recvonly", "inactive")), "sendrecv")
        self.mux = "a=rtcp-mux" in section
        self.origin = next(line for line in self.lines if line.startswith("o="))[2:].split()

    def attribute(self, name):
        for line in self.attributes:
            if line == name or line.startswith(name + ":"):
                return line[len(name) + 1 :]
        return None

    @property
    def codec_types(self):
        """Name of support.codecs -> payload type, in order."""
        maps = {int(number): what for number, what in re.findall(r"(?m)^rtpmap:(\d+) +(\S+)", "\n".join(self.attributes))}
        found = {}
        for number in self.formats:
            if number in maps:
                encoding, clock = maps[number].split("/")[:2]
                codec = known.find(encoding, int(clock))
            else:
                codec = next((c for c in known.CODECS.values() if c.payload_type == number < 96), None)
            if codec:
                found.setdefault(codec.name, number)
        return found

    @property
    def codecs(self):
        return list(self.codec_types)

    @property
    def event_type(self):
        for line in self.attributes:
            if line.startswith("rtpmap:") and "telephone-event/" in line:
                return int(line[7:].split()[0])
        return None
