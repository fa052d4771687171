#!/usr/bin/python3
"""A test phone: a SIP caller over UDP or TCP that plays what it is given and keeps all that it hears.

    phone.py --to sip:app@127.0.0.1:5060 --play hello.wav [--seconds N] [--transport tcp] [--save heard.wav]

In tests: phone = Phone("127.0.0.1", 5060); call = phone.invite(); call.wait_answered(); call.media.play(pcm); call.bye().
Everything is blocking; a thread behind the scenes answers what a phone answers by itself (ACK, PRACK, 200 to BYE).
"""

import argparse
import sys
import threading
import time
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from support import codecs, signals, sip  # noqa: E402
from support.media import Media  # noqa: E402
from support.transport import Tcp, Udp  # noqa: E402

LIMIT = 30.0  # seconds; nothing should take that long


class Phone:
    def __init__(self, host, port, transport="udp", address="127.0.0.1", user="alice", display=None):
        self.host, self.server_port, self.user, self.display = host, port, user, display
        self._calls = {}
        self._stray = []
        self._arrived = threading.Condition()
        kind = Tcp if transport.lower() == "tcp" else Udp
        self.transport = kind((host, port), address, self._on_message)

    @property
    def contact(self):
        suffix = ";transport=tcp" if self.transport.name == "TCP" else ""
        return f"<sip:{self.user}@{self._local}{suffix}>"

    @property
    def _local(self):
        host = f"[{self.transport.address}]" if ":" in self.transport.address else self.transport.address
        return f"{host}:{self.transport.port}"

    def via(self, branch=None):
        return f"SIP/2.0/{self.transport.name} {self._local};branch={branch or 'z9hG4bK' + sip.token()};rport"

    def target(self, user="app"):
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"sip:{user}@{host}:{self.server_port}"

    def call(self, to=None, **options):
        """A call that has not been sent yet: see Call."""
        call = Call(self, to or self.target(), **options)
        self._calls[call.call_id] = call
        return call

    def invite(self, to=None, **options):
        call = self.call(to, **options)
        call.invite()
        return call

    def request(self, method, to=None, headers=(), body="", call_id=None, to_tag=None, limit=LIMIT):
        """A request outside of any call; returns its final response."""
        to = to or self.target()
        call_id = call_id or sip.token()
        message = sip.Message(f"{method} {to} SIP/2.0", [
            ("Via", self.via()), ("Max-Forwards", "70"), ("From", f"<sip:{self.user}@localhost>;tag={sip.token()}"),
            ("To", f"<{to}>" + (f";tag={to_tag}" if to_tag else "")), ("Call-ID", call_id), ("CSeq", f"1 {method}"),
            ("Contact", self.contact), *headers], body)
        until = time.monotonic() + limit
        with self._arrived:
            while True:
                self.transport.send(message.text())
                if self._arrived.wait_for(lambda: self._answer_to(call_id), min(1.0, max(0, until - time.monotonic()))):
                    return self._answer_to(call_id)
                assert time.monotonic() < until, f"no answer to {method}"

    def _answer_to(self, call_id):
        return next((m for m in self._stray if m.get("Call-ID") == call_id and m.status >= 200), None)

    def _on_message(self, message, reply):
        call = self._calls.get(message.get("Call-ID"))
        if call:
            call.on_message(message, reply)
            return
        with self._arrived:
            self._stray.append(message)
            self._arrived.notify_all()

    def close(self):
        for call in list(self._calls.values()):
            call.close()
        self.transport.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


HOLDS = {  # what a phone offers to put the other side on hold
    "sendonly": dict(direction="sendonly"),
    "inactive": dict(direction="inactive"),
    "zero address": dict(connection="0.0.0.0"),
    "port": dict(port=0),
}


class Call:
    """One dialog and its media. `responses` and `requests` keep what came, in order.

    `codecs`: names of support.codecs; `play`, `rate` and `encoder` (how Opus is made) are given to Media.play()."""

    def __init__(self, phone, to, offer=True, sdp=None, codecs=("PCMU", "PCMA"), ptime=20, mux=False, event_type=101,
                 direction="sendrecv", headers=(), require_100rel=False, supported=(), auto_ack=True, auto_prack=True,
                 auto_bye=True, speaks=True, from_header=None, to_header=None, request_uri=None, play=None,
                 media_address=None, encoder=None, rate=signals.RATE):
        self.phone, self.to = phone, to
        self.call_id = sip.token(16)
        self.offer, self.headers, self.require_100rel, self.supported = offer, list(headers), require_100rel, supported
        self.auto_ack, self.auto_prack, self.auto_bye, self.speaks = auto_ack, auto_prack, auto_bye, speaks
        self.codecs, self.direction, self.request_uri = codecs, direction, request_uri or to
        self.media = Media(media_address or phone.transport.address, codecs[0] if codecs else "PCMU", ptime, mux,
                           event_type)
        self.sdp_version = 1
        self.sdp = sdp
        name = f'"{phone.display}" ' if phone.display else ""
        self.from_header = (from_header or f"{name}<sip:{phone.user}@localhost>") + f";tag={sip.token()}"
        self.to_header = to_header or f"<{to}>"
        self.cseq = 0
        self.target_uri = self.request_uri
        self.responses, self.requests = [], []
        self.ended = False
        self.remote_sdp = None
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

    def invite(self):
        self._branch = "z9hG4bK" + sip.token()
        headers = list(self.headers)
        if self.require_100rel:
            headers.append(("Require", "100rel"))
        if self.supported:
            headers.append(("Supported", ", ".join(self.supported)))
        headers.append(("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO"))
        body = (self.sdp if self.sdp is not None else self.description()) if self.offer else ""
        message = self._request("INVITE", headers, body, self._branch)
        self.invite_cseq = self.cseq
        data = message.text()
        self.phone.transport.send(data)
        if self.phone.transport.name == "UDP":
            threading.Thread(target=self._resend, args=(data,), daemon=True).start()

    def _resend(self, data):
        for wait in (0.5, 1, 2, 4):
            time.sleep(wait)
            if self.responses or self.ended:
                return
            self.phone.transport.send(data)

    def ack(self, response, body=""):
        number = response.cseq[0]
        if response.status >= 300:  # belongs to the INVITE's own transaction
            message = self._request("ACK", cseq=number, branch=self._branch)
            message.headers = [(n, response.get("To") if n == "To" else v) for n, v in message.headers]
        else:
            message = self._request("ACK", body=body, cseq=number)
        self._acks[number] = message.text()
        self.phone.transport.send(self._acks[number])

    def cancel(self):
        message = self._request("CANCEL", cseq=self.invite_cseq, branch=self._branch)
        self.phone.transport.send(message.text())
        return self.wait_response("CANCEL")

    def prack(self, response, body=""):
        number, method = response.cseq
        message = self._request("PRACK", [("RAck", f"{response.get('RSeq')} {number} {method}")], body)
        self.phone.transport.send(message.text())
        return message.cseq[0]

    def in_dialog(self, method, headers=(), body="", limit=LIMIT, from_start=None):
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
            elif message.method != "ACK":
                self._on_request(message, reply)
                self.requests.append(message)
            else:
                self.requests.append(message)
            self._arrived.notify_all()

    def _on_response(self, response):
        number, method = response.cseq
        if response.to_tag and response.status < 300 and ";tag=" not in self.to_header:
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

    def _agree(self, response):
        """Takes the server's description; returns ours, should it be wanted as the answer."""
        self.remote_sdp = sip.Sdp(response.body)
        theirs = self.remote_sdp.codec_types
        if "OPUS" in theirs and "OPUS/stereo" in self.codecs:
            theirs = {"OPUS/stereo" if name == "OPUS" else name: number for name, number in theirs.items()}
        common = [codec for codec in theirs if codec in self.codecs]
        if common:
            self.media.use(common[0], theirs[common[0]])
        if self.remote_sdp.event_type and not self.offer:
            self.media.event_type = self.remote_sdp.event_type
        self.media.mux = self.media.mux and self.remote_sdp.mux
        self.codecs_answered = common[:1]
        if self.speaks and self.remote_sdp.port:
            if self._play is not None and self.media.remote is None:
                self.media.play(self._play, self._rate, **self._encoder)
            self.media.open_mouth((self.remote_sdp.address, self.remote_sdp.port))
        return self.description(codecs=common[:1], types=theirs) if common else ""

    def _on_request(self, request, reply):
        if request.method == "BYE" and not self.auto_bye:
            return
        body = ""
        if request.method in ("INVITE", "UPDATE") and request.body:
            body = self._agree(request) or self.description()
        if request.method in ("BYE", "CANCEL"):
            self.ended = True
            self.media.hush()
        headers = [(n, v) for n, v in request.headers if n.lower() in ("via", "v", "from", "f", "to", "t", "call-id",
                                                                       "i", "cseq")]
        headers.append(("Contact", self.phone.contact))
        if body:
            headers.append(("Content-Type", "application/sdp"))
        reply(sip.Message("SIP/2.0 200 OK", headers, body).text())

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

    def wait_final(self, limit=LIMIT):
        return self.wait_response(cseq=self.invite_cseq, limit=limit)

    def wait_answered(self, limit=LIMIT):
        response = self.wait_final(limit)
        assert response.status == 200, f"expected to be answered, got {response.start}"
        return response

    def wait_request(self, method, limit=LIMIT):
        return self.wait(lambda: next((r for r in self.requests if r.method == method), None), f"a {method}", limit)

    def wait_ended(self, limit=LIMIT):
        """The BYE by which the server ended the call."""
        return self.wait_request("BYE", limit)

    def close(self):
        if not self.ended and self.find_response(status=200):
            try:
                self.phone.transport.send(self._request("BYE").text())
            except OSError:
                pass
            self.ended = True
        self.media.close()


def main():
    parser = argparse.ArgumentParser(description="Calls, plays a wav, keeps what it hears.")
    parser.add_argument("--to", required=True, help="sip:user@host:port")
    parser.add_argument("--play", help="a wav file (16-bit PCM)")
    parser.add_argument("--seconds", type=float, help="how long to stay (default: as long as the wav, or until hung up on)")
    parser.add_argument("--transport", choices=("udp", "tcp"), default="udp")
    parser.add_argument("--save", help="a wav file for what was heard")
    parser.add_argument("--from-user", default="phone", help="user part of From")
    parser.add_argument("--codec", choices=tuple(codecs.CODECS), default="PCMU")
    parser.add_argument("--ptime", type=int, default=20)
    wish = parser.parse_args()
    where = wish.to.split("@")[-1].split(";")[0]
    host, _, port = where.rpartition(":") if ":" in where else (where, "", "5060")
    pcm = signals.read_wav(wish.play) if wish.play else None
    with Phone(host.strip("[]"), int(port), wish.transport, user=wish.from_user,
               address="::1" if ":" in host else "127.0.0.1") as phone:
        call = phone.invite(wish.to, play=pcm, codecs=(wish.codec,), ptime=wish.ptime)
        response = call.wait_final(180)
        if response.status != 200:
            print(f"refused: {response.status} {response.phrase}", file=sys.stderr)
            return 1
        print("answered", flush=True)
        until = None
        if wish.seconds is not None:
            until = time.monotonic() + wish.seconds
        while not call.ended and (until is None or time.monotonic() < until):
            if until is None and pcm is not None and call.media.is_done():
                break
            time.sleep(0.05)
        print("hung up on" if call.ended else "hanging up", flush=True)
        if not call.ended:
            call.bye()
        if wish.save:
            signals.write_wav(wish.save, call.media.heard_pcm())
    return 0


if __name__ == "__main__":
    sys.exit(main())
