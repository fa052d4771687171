"""A test phone that is called: rings, answers, refuses, sends elsewhere, challenges, forks, speaks before it answers.

    bob = Callee("127.0.0.1", 5060, user="bob"); …somebody calls bob.uri…
    leg = bob.wait_call(); leg.ring(); leg.answer(); leg.media.play(pcm); leg.bye()

With `digest` it challenges INVITE and REGISTER (what it takes then, it keeps in `registrations`); with `on_call`
each call is given to that function, in a thread of its own.
"""

import re
import threading
import time

from support import sip
from support.dialog import LIMIT, Dialog
from support.phone import Phone


class Leg(Dialog):
    """A call that came in. `options` are Dialog's."""

    def __init__(self, phone, invite, reply, **options):
        super().__init__(phone, **options)
        self.invite, self._reply = invite, reply
        self.call_id = invite.get("Call-ID")
        self.tag = sip.token()
        self.from_header = f"{invite.get('To')};tag={self.tag}"
        self.to_header = invite.get("From")
        self.target_uri = invite.contact_uri()
        self.offer = not invite.body  # whether we make it, in what we answer with
        self.final = None
        self._rseq = 100
        self._description = None
        self._last = None

    @property
    def is_cancelled(self):
        return self.final is not None and self.final.status == 487

    def respond(self, status, phrase=None, headers=(), body="", reliable=False):
        """Any response to the INVITE; `reliable`: as RFC 3262 has it, until PRACK comes."""
        extra = [("Allow", sip.METHODS), ("Supported", "100rel"), *headers]
        if reliable:
            self._rseq += 1
            extra += [("Require", "100rel"), ("RSeq", str(self._rseq))]
        message = self._response_to(self.invite, status, phrase, extra, body)
        if status > 100:
            message.headers = [(n, f"{v};tag={self.tag}" if n.lower() in ("to", "t") else v) for n, v in message.headers]
        with self._arrived:
            self._last = message
            if status >= 200:
                self.final = message
        self._reply(message.text())
        if reliable:
            number = str(self._rseq)
            self.wait(lambda: self.ended or any(rack.split()[0] == number for rack in self._pracked), "PRACK")
        return message

    def ring(self, headers=(), reliable=False):
        return self.respond(180, None, headers, reliable=reliable)

    def early(self, status=183, reliable=False, headers=()):
        """Media before the answer: its description in a provisional response, and the phone speaks and hears."""
        return self.respond(status, None, headers, self._describe(), reliable)

    def answer(self, headers=(), body=None, wait=True):
        """200; returns the ACK."""
        self.respond(200, None, headers, self._describe() if body is None else body)
        if self.phone.transport.name == "UDP":
            threading.Thread(target=self._insist, daemon=True).start()
        return self.wait_request("ACK") if wait else None

    def _describe(self):
        if self._description is None:
            answer = self._agree(self.invite) if self.invite.body else self.sdp or self.description()
            self._description = self.sdp or answer
        return self._description

    def _insist(self):
        """Repeats the 200 until ACK comes (RFC 3261 §13.3.1.4)."""
        for wait in (0.5, 1, 2, 4):
            time.sleep(wait)
            if self.ended or any(r.method == "ACK" for r in self.requests):
                return
            self._reply(self.final.text())

    def refuse(self, status, phrase=None, headers=()):
        self.ended = True
        return self.respond(status, phrase, headers)

    def redirect(self, *uris, status=302):
        return self.refuse(status, headers=[("Contact", ", ".join(f"<{uri}>" for uri in uris))])

    def fork(self, **options):
        """The same INVITE as another phone behind a proxy got it: another To tag, another dialog."""
        other = Leg(self.phone, self.invite, self._reply, **options)
        self.phone.take(other)
        return other

    # ---- what comes in ----
    def repeat(self):
        """The INVITE came once more."""
        if self._last is not None:
            self._reply(self._last.text())

    def _on_request(self, request, reply):
        if request.method == "PRACK":
            self._pracked.add(request.get("RAck"))
            if request.body:
                self._agree(request)
        super()._on_request(request, reply)
        if request.method == "CANCEL" and self.final is None:
            self.respond(487)

    def _is_established(self):
        return self.final is not None and self.final.status == 200


class Callee(Phone):
    def __init__(self, *arguments, digest=None, on_call=None, options=None, **more):
        self.digest, self.on_call, self.options = digest, on_call, options or {}
        self.registrations = []  # REGISTER that was taken
        self._legs = []          # in the order in which they came
        self._challenged = {}    # Call-ID -> last refusal
        super().__init__(*arguments, **more)

    @property
    def uri(self):
        return self.contact.strip("<>")

    def wait_call(self, number=1, limit=LIMIT):
        """The first (second, …) call that has come."""
        with self._arrived:
            came = self._arrived.wait_for(lambda: len(self._legs) >= number, limit)
            assert came, f"{self.user} was not called within {limit:g} s; what came: {self._stray}"
            return self._legs[number - 1]

    def expect_no_call(self, seconds=0.5):
        time.sleep(seconds)
        assert not self._legs, f"{self.user} was called: {self._legs}"

    def wait_registered(self, number=1, limit=LIMIT):
        """The REGISTER that was taken as the first (second, …)."""
        with self._arrived:
            came = self._arrived.wait_for(lambda: len(self.registrations) >= number, limit)
            assert came, f"nobody registered; {self.digest and self.digest.verdicts}"
            return self.registrations[number - 1]

    def _on_message(self, message, reply):
        if message.is_response or re.search(r";\s*tag=", message.get("To", "")):
            return super()._on_message(message, reply)
        if message.method in ("INVITE", "REGISTER"):
            return self._on_first(message, reply)
        if message.method == "OPTIONS":
            return reply(self._plain(message, 200).text())
        return super()._on_message(message, reply)

    def _on_first(self, request, reply):
        same = [leg for leg in self._legs if leg.invite.get("Via") == request.get("Via")]
        if request.method == "INVITE" and same:
            return same[0].repeat()
        if self.digest and not self.digest.admits(request):
            return reply(self._plain(request, self.digest.status, [self.digest.challenge()]).text())
        if request.method == "REGISTER":
            expires = request.get("Expires", "3600")
            where = [("Contact", f"{c};expires={expires}") for c in request.all("Contact")]
            reply(self._plain(request, 200, where).text())
            with self._arrived:
                self.registrations.append(request)
                self._arrived.notify_all()
            return None
        leg = Leg(self, request, reply, **self.options)
        leg.respond(100)
        self.take(leg)
        with self._arrived:
            self._legs.append(leg)
            self._arrived.notify_all()
        if self.on_call:
            threading.Thread(target=self.on_call, args=(leg,), daemon=True).start()
        return None

    def _plain(self, request, status, headers=()):
        """A response outside of any dialog."""
        copied = [(n, f"{v};tag={sip.token()}" if n.lower() in ("to", "t") else v) for n, v in request.headers
                  if n.lower() in ("via", "v", "from", "f", "to", "t", "call-id", "i", "cseq")]
        return sip.Message(f"SIP/2.0 {status} {sip.PHRASES.get(status, 'Whatever')}", [*copied, *headers])


def rings_and_answers(leg, after=0.0):
    """For `on_call`: what most people do."""
    leg.ring()
    time.sleep(after)
    if leg.final is None:
        leg.answer()
