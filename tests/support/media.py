"""One RTP leg of the test phone: a mouth that speaks on time, and an ear (ear.py) that keeps whatever comes.

The mouth sends a packet each ptime, at the end of what is in it, by absolute deadlines; when the machine stalls it
catches up, and timestamps are exact all the same. `position` counts the ticks of 1/8000 s that went out since it began, whatever the codec, so a test can say
where in the signal it was; `sent` is all that was spoken, packet by packet, whether or not the network let it pass.
"""

import random
import socket
import threading
import time
from dataclasses import dataclass

import numpy as np

from support import codecs, rtp
from support.ear import Ear
from support.network import Impairment, Wire  # noqa: F401 (Impairment: for those who use Media)
from support.voice import TICK_RATE, Voice


@dataclass
class Spoken:
    """One ptime of the mouth's timeline."""
    position: int   # ticks
    ticks: int
    due: float      # seconds after the mouth opened, by its schedule: `position` stretched by the drift
    codec: str
    payload: bytes  # what the codec made of it; None where the phone pressed a key
    was_sent: bool  # else it was quiet, hushed, or the network lost it
    is_quiet: bool  # the phone suppressed it, or the codec did (Opus DTX)


class Media(Ear):
    def __init__(self, address="127.0.0.1", codec="PCMU", ptime=20, mux=False, event_type=101, seed=None):
        super().__init__(address)
        self.address, self.ptime, self.mux, self.event_type = address, ptime, mux, event_type
        dice = random.Random(seed)
        self.ssrc = dice.getrandbits(32)
        self.sequence = dice.getrandbits(16)
        self.timestamp_base = dice.getrandbits(32)
        self.codec = None
        self._agreed = None  # (codec, payload type): what is spoken from the next possible packet on
        self.remote = None
        self.remote_rtcp = None
        self.impairment = None
        self.drift = 0.0                  # ppm: how much longer than it thinks the phone takes for everything
        self.silence_suppression = False  # send nothing where the signal is digital silence
        self.comfort_noise = None         # then first a packet of RFC 3389 with this payload
        self.sent = []       # Spoken
        self.sent_packets = self.sent_octets = 0
        self.position = 0    # ticks since the mouth opened
        self._lock = threading.Lock()
        self._voice, self._voice_from = Voice(np.zeros(0, dtype=np.int16)), 0
        self._sending = False
        self._event = None
        self._was_quiet = True
        self._stall = 0.0
        self._mouth = None
        self._wire = None
        self._start = None
        self.use(codec)
        self.open_ear()

    # ---- mouth ----
    def use(self, codec, payload_type=None):
        """Speaks that codec from the next packet on that can be its first."""
        if codec not in codecs.CODECS:
            return
        payload_type = codecs.CODECS[codec].payload_type if payload_type is None else payload_type
        self.types[payload_type] = codec
        if self._voice.ticks:
            self._voice.prepare(codec, self.ptime)
        with self._lock:
            self._agreed = (codec, payload_type)
            if self.codec is None:
                self.codec, self.payload_type, self._now_ptime = codec, payload_type, self.ptime

    def play(self, pcm, rate=TICK_RATE, **options):
        """Speaks `pcm` from the next packet on, then silence. Returns the position at which it begins. `options`: of
        the Opus encoder."""
        voice = Voice(pcm, rate, **options)
        voice.prepare(self._agreed[0], self.ptime)
        with self._lock:
            self._voice, self._voice_from = voice, self.position
            return self.position

    @property
    def source(self):
        """What play() was given."""
        return self._voice.pcm

    @property
    def now(self):
        """Where in the timeline the clock stands, in ticks: up to a ptime ahead of what has left."""
        return 0 if self._start is None else int((time.monotonic() - self._start) * TICK_RATE)

    def open_mouth(self, remote, remote_rtcp=None):
        self.remote = remote
        self.remote_rtcp = remote_rtcp or (remote if self.mux else (remote[0], remote[1] + 1))
        if self._mouth is None:
            self._sending = True
            self._voice.prepare(self.codec, self.ptime)  # the first packet must not be late
            mouth = threading.Thread(target=self._speak, daemon=True)
            mouth.start()
            self._mouth = mouth  # once it can be waited for: the test may be closing the phone

    def hush(self):
        """Sends nothing any more; time goes on."""
        self._sending = False

    def speak_on(self):
        self._sending = True
        self._was_quiet = True

    def stall(self, seconds):
        """Sends nothing for that long, and then at once what should have been sent meanwhile."""
        self._stall = seconds

    def is_done(self):
        return self.position >= self._voice_from + self._voice.ticks

    def wait_played(self, limit=60):
        """Until all that was given to play() has been sent."""
        until = time.monotonic() + limit
        while not self.is_done():
            assert time.monotonic() < until, "the phone did not get round to playing everything"
            time.sleep(0.01)

    def wait_position(self, ticks, limit=60):
        until = time.monotonic() + limit
        while self.position < ticks:
            assert time.monotonic() < until, "the phone did not get that far"
            time.sleep(0.005)

    def press(self, digit, milliseconds=100):
        """A telephone-event instead of audio, from the next packet on."""
        with self._lock:
            self._event = [digit, milliseconds * TICK_RATE // 1000, None]

    def press_all(self, digits, milliseconds=100, gap=0.1):
        """One key after the other, `gap` seconds between them; returns when the last has been released."""
        for digit in digits:
            self.press(digit, milliseconds)
            while self._event:
                time.sleep(0.005)
            time.sleep(gap)

    def move_mouth(self, address=None):
        """Sends from another port (and address) from now on; what is heard is heard on both."""
        new = socket.socket(self.rtp_socket.family, socket.SOCK_DGRAM)
        new.bind((address or self.address, 0))
        self._from = new
        return new.getsockname()[1]

    def change_ssrc(self):
        with self._lock:
            self.ssrc = (self.ssrc + 0x1234567) & 0xFFFFFFFF
            self.sequence = (self.sequence + 20000) & 0xFFFF
            self.timestamp_base = (self.timestamp_base + 0x7654321) & 0xFFFFFFFF

    def jump_timestamp(self, seconds):
        """The same source goes on with other timestamps, as some phones do after a hold."""
        with self._lock:
            self.timestamp_base = (self.timestamp_base + int(seconds * self._clock)) & 0xFFFFFFFF

    def send_report(self):
        now = time.time() + 2208988800
        ntp = (int(now) << 32) | int((now % 1) * (1 << 32))
        data = rtp.sender_report(self.ssrc, ntp, self._stamp(self.position), self.sent_packets, self.sent_octets)
        (self.rtp_socket if self.mux else self.rtcp_socket).sendto(data, self.remote_rtcp)
        return (ntp >> 16) & 0xFFFFFFFF

    def send_raw(self, data, to=None):
        self.rtp_socket.sendto(data, to or self.remote)

    @property
    def _clock(self):
        return codecs.CODECS[self.codec].clock

    def _stamp(self, position):
        return (self.timestamp_base + position * self._clock // TICK_RATE) & 0xFFFFFFFF

    def _speak(self):
        self._start = start = time.monotonic()
        due = 0.0
        while not self._closed:
            if self._stall:
                time.sleep(self._stall)
                self._stall = 0.0
            with self._lock:
                self._change_over()
                ticks = 8 * self._now_ptime
            # A packet leaves when its last sample has been spoken.
            end = due + ticks / TICK_RATE * (1 + self.drift / 1e6)
            wait = start + end - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            with self._lock:
                packets, payload = self._packets(self.position, ticks)
                passed = [one for data in packets for one in self._through(data)]
                self.sent.append(Spoken(self.position, ticks, due, self.codec, payload, bool(passed),
                                        self._was_quiet and self._sending))
                self.position += ticks
                due = end
            for data in passed:
                self._carry(data)

    def _change_over(self):
        """Another codec or ptime takes hold where the signal can be cut into its packets."""
        wish = (*self._agreed, self.ptime)
        at = self.position - self._voice_from
        if wish == (self.codec, self.payload_type, self._now_ptime) or at % (8 * self.ptime):
            return
        stamp = self._stamp(self.position)
        self.codec, self.payload_type, self._now_ptime = wish
        self.timestamp_base = (self.timestamp_base + stamp - self._stamp(self.position)) & 0xFFFFFFFF

    def _packets(self, position, ticks):
        """What goes out for this ptime, and the payload of the audio in it."""
        if self._event:
            return self._event_packets(position, ticks), None
        at, ptime = position - self._voice_from, self._now_ptime
        payload = self._voice.payload(self.codec, ptime, at)
        is_quiet = self.silence_suppression and self._voice.is_quiet(at, ptime)
        is_untransmitted = codecs.CODECS[self.codec].encoding == "opus" and len(payload) <= 2
        if not self._sending or is_untransmitted:
            self._was_quiet = True
            return [], payload
        if is_quiet:
            begins, self._was_quiet = not self._was_quiet, True
            if not begins or self.comfort_noise is None:
                return [], payload
            return [self._packet(codecs.COMFORT_NOISE, self._stamp(position), self.comfort_noise, False)], payload
        marker, self._was_quiet = self._was_quiet, False
        return [self._packet(self.payload_type, self._stamp(position), payload, marker)], payload

    def _event_packets(self, position, ticks):
        digit, length, begun = self._event
        first = begun is None
        begun = self._event[2] = position if first else begun
        done = position + ticks - begun
        ends = done >= length
        payload = rtp.telephone_event(digit, min(done, length) * self._clock // TICK_RATE, ends)
        if ends:
            self._event = None
        return [self._packet(self.event_type, self._stamp(begun), payload, first) for _ in range(3 if ends else 1)]

    def _packet(self, payload_type, stamp, payload, marker):
        data = rtp.RtpPacket(payload_type, self.sequence, stamp, self.ssrc, payload, marker).pack()
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.sent_packets += 1
        self.sent_octets += len(payload)
        return data

    def _through(self, data):
        if not self._sending:
            return []
        return self.impairment.pass_on(data) if self.impairment else [data]

    def _carry(self, data):
        if self.impairment and self.impairment.jitter:
            self._wire = self._wire or Wire(self._send)
            self._wire.put(data, time.monotonic() + self.impairment.lag(), self.impairment.keep_order)
        else:
            self._send(data)

    def _send(self, data):
        try:
            (self._from or self.rtp_socket).sendto(data, self.remote)
        except OSError:
            pass  # the far end is gone: ICMP says so on loopback

    # ---- what was said ----
    def lost_spans(self):
        """[(position, ticks)] of what the network lost, as long as one codec was spoken and timestamps ran on."""
        lost = []
        for packet in map(rtp.parse_rtp, self.impairment.lost if self.impairment else []):
            gone = (packet.timestamp - self.timestamp_base) & 0xFFFFFFFF
            lost.append((gone * TICK_RATE // self._clock, self._now_ptime * 8))
        return lost

    def spoken(self, begin=0, end=None):
        """What a listener without a network in between would have heard from position `begin` to `end`, decoded by
        another decoder than the server's, silent where silence was suppressed: (PCM, rate). One codec, one ptime, no keys
        pressed."""
        words = [word for word in list(self.sent) if end is None or word.position < end]
        name, ptime = words[0].codec, words[0].ticks // 8
        assert all(word.codec == name and word.payload is not None for word in words)
        rate = codecs.CODECS[name].rate
        suppressed = [word.is_quiet and codecs.CODECS[name].encoding != "opus" for word in words]
        is_heard = np.repeat(np.logical_not(suppressed), rate * ptime // 1000)
        pcm = np.zeros(len(is_heard), dtype=np.int16)
        payloads = [word.payload for word, is_out in zip(words, suppressed) if not is_out]
        pcm[is_heard] = codecs.decode(name, payloads, ptime)[: is_heard.sum()]
        return pcm[begin * rate // TICK_RATE :], rate

    def close(self):
        self._closed = True
        if self._mouth:
            self._mouth.join(1)
        if self._wire:
            self._wire.close()
        self.close_ear()
