"""The programs of examples/ (slixmpp clients) do what they say, with phones that call and are called."""

import contextlib
import email
import re
import socketserver
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import unquote

import pytest

from support import audio, signals
from support.hearing import band_level
from support.server import ROOT

LIMIT = 40


class Mailbox(socketserver.ThreadingTCPServer):
    """An SMTP server that keeps what it is sent (RFC 5321, as much as smtplib says)."""

    allow_reuse_address = daemon_threads = True

    def __init__(self):
        self.mails = []
        self.arrived = threading.Condition()
        super().__init__(("127.0.0.1", 0), Conversation)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()

    def wait(self):
        with self.arrived:
            assert self.arrived.wait_for(lambda: self.mails, LIMIT), "no mail came"
            return email.message_from_string(self.mails[0])


class Conversation(socketserver.StreamRequestHandler):
    def handle(self):
        self._say("220 mailbox")
        for line in iter(self.rfile.readline, b""):
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"DATA":
                self._say("354 go on")
                lines = list(iter(lambda: self.rfile.readline().decode(), ".\r\n"))
                with self.server.arrived:
                    self.server.mails.append("".join(lines))
                    self.server.arrived.notify_all()
            self._say("221 bye" if verb == b"QUIT" else "250 fine")

    def _say(self, text):
        self.wfile.write(text.encode() + b"\r\n")


@contextlib.contextmanager
def running(bench, name, *arguments, options=()):
    """The example as a user runs it: a function that waits for a line of what it prints."""
    command = [sys.executable, str(ROOT / "examples" / name), "app@localhost/example", "secret", *arguments,
               f"127.0.0.1:{bench.server.xmpp_port}", *options, "--once"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said, arrived = [], threading.Condition()

    def read():
        for line in process.stdout:
            with arrived:
                said.append(line.rstrip("\n"))
                arrived.notify_all()
    threading.Thread(target=read, daemon=True).start()

    def wait_for(pattern):
        with arrived:
            found = arrived.wait_for(lambda: next((m for m in (re.search(pattern, line) for line in said) if m), None),
                                     LIMIT)
        assert found, f"{name} did not say {pattern!r}; it said {said}"
        return found
    try:
        _wait_ready(bench, process, said)
        yield wait_for
        assert process.wait(LIMIT) == 0, said
        assert not any("Traceback" in line for line in said), said
    finally:
        process.kill()
        process.wait()


def _wait_ready(bench, process, said):
    """Until the server knows the client: it logs that it is bound, and offers calls a moment later."""
    until = time.monotonic() + LIMIT
    while "app@localhost/example is bound" not in bench.server.log():
        assert process.poll() is None and time.monotonic() < until, said
        time.sleep(0.05)
    time.sleep(0.5)


def path_of(uri):
    return Path(unquote(uri.removeprefix("file:")))


@pytest.mark.no_binary
def test_the_voicemail_is_short():
    lines = (ROOT / "examples/voicemail.py").read_text().splitlines()
    assert len(lines) <= 60 and max(map(len, lines)) <= 125


@pytest.mark.parametrize("how", ["presses the hash key", "falls silent"])
def test_the_voicemail_greets_beeps_records_plays_back_and_mails(bench, how):
    bench.start_server()
    mailbox = bench.keep(Mailbox())
    source = signals.marks(2.5)
    mail_to = (f"127.0.0.1:{mailbox.server_address[1]}", "owner@localhost")
    with running(bench, "voicemail.py", options=mail_to) as said:
        begin = time.monotonic()
        call = bench.phone(user="alice").invite(play=signals.silence(60))
        call.wait_answered()
        until = time.monotonic() + LIMIT
        while not call.media.hearing(begin).spans(1000):
            assert time.monotonic() < until, "no beep"
            time.sleep(0.2)
        greeting = call.media.hearing(begin)
        assert greeting.spans(1000)[0][0] > 1.5 and greeting.level > -45, "no greeting before the beep"
        call.media.play(source)
        call.media.wait_played()
        if how == "presses the hash key":
            call.media.press("#")
        file = path_of(said(r"message from \S*alice\S* in (file:\S+)").group(1))
        played = time.monotonic()
        mail = mailbox.wait()
        assert mail["To"] == "owner@localhost" and "alice" in mail["Subject"]
        assert unquote(mail.get_payload().strip().replace("=\r\n", "")).endswith(file.name)
        recorded = audio.read(file)
        assert sum(p[2] for p in audio.story(recorded.mono, source)) > 2.0
        if how == "falls silent":
            assert recorded.seconds > 5.0
        call.wait_ended()
        back = audio.story(call.media.hearing(played - 0.3).pcm, source, alike=0.5)
        assert sum(p[2] for p in back) > 1.8, "what was recorded was not played back"


def test_the_voicemail_keeps_the_message_of_a_caller_who_hangs_up(bench):
    bench.start_server()
    source = signals.marks(20)
    with running(bench, "voicemail.py") as said:
        begin = time.monotonic()
        call = bench.phone(user="alice").invite(play=signals.silence(60))
        call.wait_answered()
        while not call.media.hearing(begin).spans(1000):
            assert time.monotonic() < begin + LIMIT, "no beep"
            time.sleep(0.2)
        call.media.play(source)
        time.sleep(1.5)
        call.bye()
        file = path_of(said(r"message from \S*alice\S* in (file:\S+)").group(1))
        assert sum(p[2] for p in audio.story(audio.read(file).mono, source)) > 0.9


def test_the_conference_recorder_keeps_each_participant_in_a_channel(bench):
    bench.start_server()
    with running(bench, "conference_recorder.py") as said:
        calls = []
        for name, frequency in (("alice", 430), ("bob", 910), ("carol", 1270)):
            call = bench.phone(user=name).invite(play=signals.tone(frequency, 30), codecs=("PCMU",))
            call.wait_answered()
            said(f"{name}@.* joined")
            calls.append((call, frequency))
        time.sleep(0.7)
        begin = time.monotonic()
        time.sleep(1)
        for call, own in calls:
            call.media.hearing(begin, begin + 0.9).check([f for _, f in calls if f != own], [own])
        said("started-speaking|alice")
        for call, _ in calls:
            call.bye()
        told = said(r"recorded in (file:\S+) duration (\d+) ms")
        sound = audio.read(path_of(told.group(1)))
        assert sound.channels == 3 and int(told.group(2)) > 1500
        heard = [max((430, 910, 1270), key=lambda f, c=channel: band_level(c, f, 0.012, sound.rate))
                 for channel in sound.pcm]
        assert sorted(heard) == [430, 910, 1270]


@pytest.mark.parametrize("by", ["caller", "agent"])
def test_the_call_centre_records_caller_and_agent_in_one_stereo_file(bench, by):
    bench.start_server()
    agent = bench.callee("agent", play=signals.tone(910, 30))
    with running(bench, "call_centre.py", agent.uri) as said:
        call = bench.phone(user="alice").invite(play=signals.tone(430, 30))
        call.wait_response(status=180)
        leg = agent.wait_call()
        assert "alice" in leg.invite.get("X-Caller")
        leg.ring()
        leg.answer()
        call.wait_answered()
        time.sleep(1)
        leg.media.listen(0.6).check([430], [910])
        call.media.listen(0.6).check([910], [430])
        (call if by == "caller" else leg).bye()
        (leg if by == "caller" else call).wait_ended()
        sound = audio.read(path_of(said(r"recorded in (file:\S+)").group(1)))
        left, right = sound.pcm
        assert band_level(left, 430, 0.012, sound.rate) > -28 > -50 > band_level(left, 910, 0.012, sound.rate)
        assert band_level(right, 910, 0.012, sound.rate) > -28 > -50 > band_level(right, 430, 0.012, sound.rate)
