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
from support.dialog import HOLDS, LIMIT, Dialog  # noqa: E402, F401 (HOLDS: for those who use Phone)
from support.transport import Tcp, Udp  # noqa: E402


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

    def point_at(self, host, port):
        """From now on that is the server (UDP)."""
        self.host, self.server_port = host, port
        self.transport.point_at((host, port))

    def via(self, branch=None):
        return f"SIP/2.0/{self.transport.name} {self._local};branch={branch or 'z9hG4bK' + sip.token()};rport"

    def target(self, user="app"):
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"sip:{user}@{host}:{self.server_port}"

    def call(self, to=None, **options):
        """A call that has not been sent yet: see Call."""
        return self.take(Call(self, to or self.target(), **options))

    def take(self, call):
        """From now on what belongs to that dialog is given to it."""
        self._calls.setdefault(call.call_id, []).append(call)
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
        calls = self._calls.get(message.get("Call-ID"))
        if calls:  # several of one Call-ID: dialogs of a fork, or an attempt after another
            ours = message.to_tag if not message.is_response else message.from_tag
            named = [call for call in calls if call.from_header.endswith(f";tag={ours}")]
            (named or calls)[-1].on_message(message, reply)
            return
        with self._arrived:
            self._stray.append(message)
            self._arrived.notify_all()

    def close(self):
        for call in [call for calls in self._calls.values() for call in calls]:
            call.close()
        self.transport.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Call(Dialog):
    """A call that the phone makes. `options` are Dialog's."""

    def __init__(self, phone, to, offer=True, headers=(), require_100rel=False, supported=(), from_header=None,
                 to_header=None, request_uri=None, **options):
        super().__init__(phone, **options)
        self.to = to
        self.call_id = sip.token(16)
        self.offer, self.headers, self.require_100rel, self.supported = offer, list(headers), require_100rel, supported
        name = f'"{phone.display}" ' if phone.display else ""
        self.from_header = (from_header or f"{name}<sip:{phone.user}@localhost>") + f";tag={sip.token()}"
        self.to_header = to_header or f"<{to}>"
        self.target_uri = request_uri or to

    def invite(self):
        self._branch = "z9hG4bK" + sip.token()
        headers = list(self.headers)
        if self.require_100rel:
            headers.append(("Require", "100rel"))
        if self.supported:
            headers.append(("Supported", ", ".join(self.supported)))
        headers.append(("Allow", sip.METHODS))
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

    def cancel(self):
        message = self._request("CANCEL", cseq=self.invite_cseq, branch=self._branch)
        self.phone.transport.send(message.text())
        return self.wait_response("CANCEL")

    def wait_final(self, limit=LIMIT):
        return self.wait_response(cseq=self.invite_cseq, limit=limit)

    def wait_answered(self, limit=LIMIT):
        response = self.wait_final(limit)
        assert response.status == 200, f"expected to be answered, got {response.start}"
        return response


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
