"""One SIP dialog of a test phone with its media, whoever called whom: what either side can ask for and must answer.

A thread behind the scenes answers what a phone answers by itself (ACK, PRACK, 200 to BYE, INFO, MESSAGE, re-INVITE);
everything that tests call is blocking. `responses` and `requests` keep what came, in order.
"""

import threading

from support import sip, signals
from support.media import Media

LIMIT = 30.0  # seconds; nothing should take that long

HOLDS = {  # what a phone offers to put the other side on hold
    "sendonly": dict(direction="sendonly"),
    "inactive": dict(direction="inactive"),
    "zero address": dict(connection="0.0.0.0"),
    "port": dict(port=0),
}
ANSWERS = {"sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}  # RFC 3264 §6.1


class Dialog:
    """`codecs`: names of support.codecs; `play`, `rate` and `encoder` (how Opus is made) are given to Media.play().

    What a test may set: auto_ack, auto_prack, auto_bye: whether that is done without being asked for; `statuses`: method
    -> what such a request of the server's is answered with, instead of 200."""

    def __init__(self, phone, sdp=None, codecs=("PCMU", "PCMA"), ptime=20, mux=False, event_type=101,
                 direction="sendrecv", auto_ack=True, auto_prack=True, auto_bye=True, speaks=True, play=None,
                 media_address=None, encoder=None, rate=signals.RATE):
        self.phone, self.sdp = phone, sdp
        self.auto_ack, self.auto_prack, self.auto_bye, self.speaks = auto_ack, auto_prack, auto_bye, speaks
        self.codecs, self.direction = codecs, direction
        self.media = Media(media_address or phone.transport.address, codecs[0] if codecs else "PCMU", ptime, mux,
                           event_type)
        self.offer = True       # whether the first INVITE has one
        self.sdp_version = 1
        self.cseq = 0
        self.invite_cseq = None  # of our INVITE that began the dialog
        self.responses, self.requests = [], []
        self.statuses = {}
        self.ended = False
        self.remote_sdp = None
        self.held = False       # by the other side
        self._play, self._rate, self._encoder = play, rate, encoder or {}
        self._branch = None
        self._acks = {}
        self._pracked = set()
        self._early_answer = False
        self._arrived = threading.Condition()

    # ---- what goes out ----
    def description(self, **changes):
        fields = dict(address=self.media.address, port=self.media.port, codecs=self.codecs, ptime=self.media.ptime,
                      direction=self.direction, mux=self.media.mux, event_type=self.media.event_type,
                      version=self.sdp_version)
        fields.update(changes)
        return sip.make_sdp(**fields)

    def _request(self, method, headers=(), body="", branch=None, cseq=None):
        if cseq is None:
            self.cseq += 1
        extra = [("Content-Type", "application/sdp")] if body.startswith("v=0") else []
        return sip.Message(f"{method} {self.target_uri} SIP/2.0", [
            ("Via", self.phone.via(branch)), ("Max-Forwards", "70"), ("From", self.from_header), ("To", self.to_header),
            ("Call-ID", self.call_id), ("CSeq", f"{cseq or self.cseq} {method}"), ("Contact", self.phone.contact),
            *headers, *extra], body)

    def ack(self, response, body=""):
        number = response.cseq[0]
        if response.status >= 300:  # belongs to the INVITE's own transaction
            message = self._request("ACK", cseq=number, branch=self._branch)
            message.headers = [(n, response.get("To") if n == "To" else v) for n, v in message.headers]
        else:
            message = self._request("ACK", body=body, cseq=number)
        self._acks[number] = message.text()
        self.phone.transport.send(self._acks[number])

    def prack(self, response, body=""):
        number, method = response.cseq
        message = self._request("PRACK", [("RAck", f"{response.get('RSeq')} {number} {method}")], body)
        self.phone.transport.send(message.text())
        return message.cseq[0]

    def in_dialog(self, method, headers=(), body="", limit=LIMIT):
        """Sends a request inside the dialog, acknowledges a re-INVITE's answer, returns the final response."""
        branch = "z9hG4bK" + sip.token()
        message = self._request(method, headers, body, branch)
        if method == "INVITE":
            self._branch = branch
        self.phone.transport.send(message.text())
        return self.wait_response(method, cseq=message.cseq[0], limit=limit)

    def reinvite(self, body=None, headers=(), **changes):
        """Offers again, with changes to sip.make_sdp(); other codecs and another ptime are spoken once it agrees."""
        self.sdp_version += 1
        self.codecs = changes.get("codecs", self.codecs)
        self.media.ptime = changes.get("ptime", self.media.ptime)
        return self.in_dialog("INVITE", headers, self.description(**changes) if body is None else body)

    def hold(self, style="sendonly"):
        """On hold in one of the styles of HOLDS; the phone sends nothing meanwhile."""
        self.media.hush()
        return self.reinvite(**HOLDS[style])

    def unhold(self):
        response = self.reinvite()
        self.media.speak_on()
        return response

    def update(self, body=None, headers=(), **changes):
        if changes:
            self.sdp_version += 1
            body = self.description(**changes)
        return self.in_dialog("UPDATE", headers, body or "")

    def info(self, digit, content_type="application/dtmf-relay", milliseconds=160):
        """A key by SIP INFO, in one of the two forms that phones use."""
        relay = f"Signal={digit}\r\nDuration={milliseconds}\r\n"
        body = relay if content_type == "application/dtmf-relay" else digit
        return self.in_dialog("INFO", [("Content-Type", content_type)], body)

    def message(self, text, content_type="text/plain"):
        """A SIP MESSAGE inside the dialog (RFC 3428)."""
        return self.in_dialog("MESSAGE", [("Content-Type", content_type)], text)

    def bye(self, headers=()):
        response = self.in_dialog("BYE", headers)
        self.ended = True
        self.media.hush()
        return response

    def vanish(self):
        """The party is cut off: no more packets, and nothing is answered."""
        self.media.hush()
        self.auto_bye = False

    # ---- what comes in ----
    def on_message(self, message, reply):
        with self._arrived:
            if message.is_response:
                self._on_response(message)
                self.responses.append(message)
            else:
                if message.method != "ACK":
                    self._on_request(message, reply)
                elif message.body:
                    self._agree(message)  # the answer to what we offered late
                self.requests.append(message)
            self._arrived.notify_all()

    def _on_response(self, response):
        number, method = response.cseq
        is_chosen = method == "INVITE" and number == self.invite_cseq and response.status // 100 == 2  # of a fork
        if response.to_tag and response.status < 300 and (is_chosen or ";tag=" not in self.to_header):
            self.to_header = response.get("To")
        if method != "INVITE" or response.status == 100:
            return
        if response.status < 300 and response.contact_uri():
            self.target_uri = response.contact_uri()
        if response.status < 200:
            rseq = response.get("RSeq")
            if rseq and self.auto_prack and rseq not in self._pracked:
                self._pracked.add(rseq)
                body = self._agree(response) if response.body and not self.offer else ""
                if response.body and self.offer:
                    self._agree(response)
                self._early_answer = self._early_answer or bool(body)
                self.prack(response, body)
            elif response.body and self.offer and not rseq:
                self._agree(response)
            return
        if number in self._acks:
            if response.status < 300:
                self.phone.transport.send(self._acks[number])
            return
        if response.status >= 300:
            self.ack(response)
            self.ended = self.ended or number == self.invite_cseq
        elif self.auto_ack:
            body = self._agree(response) if response.body else ""
            late = not self.offer and number == self.invite_cseq and not self._early_answer
            self.ack(response, body if late else "")

    def _agree(self, message):
        """Takes the server's description; returns ours, should it be wanted as the answer."""
        self.remote_sdp = sip.Sdp(message.body)
        theirs = self.remote_sdp.codec_types
        if "OPUS" in theirs and "OPUS/stereo" in self.codecs:
            theirs = {"OPUS/stereo" if name == "OPUS" else name: number for name, number in theirs.items()}
        common = [codec for codec in theirs if codec in self.codecs]
        if common:
            self.media.use(common[0], theirs[common[0]])
        if self.remote_sdp.event_type and (not self.offer or not message.is_response):
            self.media.event_type = self.remote_sdp.event_type
        self.media.mux = self.media.mux and self.remote_sdp.mux
        self.codecs_answered = common[:1]
        if self.speaks and self.remote_sdp.port:
            if self._play is not None and self.media.remote is None:
                self.media.play(self._play, self._rate, **self._encoder)
            self.media.open_mouth((self.remote_sdp.address, self.remote_sdp.port))
        if not message.is_response:
            self._heed(self.remote_sdp.direction)
        direction = ANSWERS.get(self.remote_sdp.direction, self.direction)
        return self.description(codecs=common[:1], types=theirs, direction=direction) if common else ""

    def _heed(self, direction):
        """The other side's offer puts us on hold, or takes us off it."""
        held = direction in ("sendonly", "inactive")
        if held:
            self.media.hush()
        elif self.held:
            self.media.speak_on()
        self.held = held

    def _on_request(self, request, reply):
        if request.method == "BYE" and not self.auto_bye:
            return
        status = self.statuses.get(request.method, 200)
        body = ""
        if request.method in ("INVITE", "UPDATE") and status == 200:
            if request.body:
                body = self._agree(request) or self.description()
            elif request.method == "INVITE":
                body = self.description()
        if request.method in ("BYE", "CANCEL"):
            self.ended = True
            self.media.hush()
        reply(self._response_to(request, status, body=body).text())

    def _response_to(self, request, status, phrase=None, headers=(), body=""):
        kept = ("via", "v", "from", "f", "to", "t", "call-id", "i", "cseq", "record-route")
        copied = [(n, v) for n, v in request.headers if n.lower() in kept]
        kind = [("Content-Type", "application/sdp")] if body else []
        return sip.Message(f"SIP/2.0 {status} {phrase or sip.PHRASES.get(status, 'Whatever')}",
                           [*copied, ("Contact", self.phone.contact), *headers, *kind], body)

    # ---- waiting ----
    def wait(self, condition, what, limit=LIMIT):
        with self._arrived:
            if not self._arrived.wait_for(condition, limit):
                raise AssertionError(f"{what} did not come within {limit:g} s; responses {self.responses}, requests {self.requests}")
        return condition()

    def find_response(self, method="INVITE", status=None, cseq=None):
        for response in self.responses:
            number, its_method = response.cseq
            if its_method != method or (cseq is not None and number != cseq):
                continue
            if response.status >= 200 if status is None else response.status == status:
                return response
        return None

    def wait_response(self, method="INVITE", status=None, cseq=None, limit=LIMIT):
        """The response with that status; without one the final response."""
        what = f"the {status or 'final'} response to {method}"
        return self.wait(lambda: self.find_response(method, status, cseq), what, limit)

    def wait_request(self, method, limit=LIMIT, number=1):
        """The first (second, …) request with that method."""
        def found():
            there = [r for r in self.requests if r.method == method]
            return there[number - 1] if len(there) >= number else None
        return self.wait(found, f"{method} number {number}", limit)

    def wait_ended(self, limit=LIMIT):
        """The BYE by which the server ended the call."""
        return self.wait_request("BYE", limit)

    def close(self):
        if not self.ended and self._is_established():
            try:
                self.phone.transport.send(self._request("BYE").text())
            except OSError:
                pass
            self.ended = True
        self.media.close()

    def _is_established(self):
        return self.find_response(status=200) is not None
