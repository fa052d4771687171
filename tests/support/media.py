"""One RTP leg of the test phone: a mouth that speaks on time and an ear that keeps whatever comes.

The mouth sends a packet each ptime by absolute deadlines; when the machine stalls it catches up, and timestamps are exact
all the same. `position` counts the samples that went out since it began, so a test can say where in the signal it was.
"""

import random
import select
import socket
import threading
import time

import numpy as np

from support import g711, rtp
from support.signals import RATE


class Impairment:
    """What the network does to packets, the same for the same seed: shares between 0 and 1, `delay` in packets."""

    def __init__(self, drop=0.0, duplicate=0.0, reorder=0.0, delay=0, delayed=0.0, seed=1):
        self.drop, self.duplicate, self.reorder = drop, duplicate, reorder
        self.delay, self.delayed = delay, delayed
        self._random = random.Random(seed)
        self._held = []  # [packets still to wait, bytes]
        self.dropped = 0

    def pass_on(self, data):
        """The packets that leave now that `data` was handed in."""
        out = []
        for held in self._held:
            held[0] -= 1
        dice = self._random.random
        if dice() < self.drop:
            self.dropped += 1
        elif dice() < self.reorder:
            self._held.append([1, data])
        elif dice() < self.delayed:
            self._held.append([self.delay, data])
        else:
            out.append(data)
            if dice() < self.duplicate:
                out.append(data)
        out += [data for left, data in self._held if left <= 0]
        self._held = [held for held in self._held if held[0] > 0]
        return out


def bind_pair(address):
    """An even RTP port and the odd one above it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for _ in range(200):
        first = socket.socket(family, socket.SOCK_DGRAM)
        first.bind((address, 0))
        port = first.getsockname()[1]
        if port % 2 == 0 and port < 65535:
            second = socket.socket(family, socket.SOCK_DGRAM)
            try:
                second.bind((address, port + 1))
                return first, second
            except OSError:
                second.close()
        first.close()
    raise OSError(f"no free port pair on {address}")


class Media:
    def __init__(self, address="127.0.0.1", codec="PCMU", ptime=20, mux=False, event_type=101, seed=None):
        self.address, self.codec, self.ptime, self.mux, self.event_type = address, codec, ptime, mux, event_type
        self.rtp_socket, self.rtcp_socket = bind_pair(address)
        self.port = self.rtp_socket.getsockname()[1]
        dice = random.Random(seed)
        self.ssrc = dice.getrandbits(32)
        self.sequence = dice.getrandbits(16)
        self.timestamp_base = dice.getrandbits(32)
        self.remote = None
        self.remote_rtcp = None
        self.impairment = None
        self.silence_suppression = False  # send nothing where the signal is digital silence
        self.heard = []      # RtpPacket of whatever type, as it arrived
        self.reports = []    # RtcpPacket
        self.broken = 0      # datagrams that were neither
        self.sent_packets = self.sent_octets = 0
        self.position = 0    # samples since the mouth opened
        self._lock = threading.Lock()
        self._queue = np.zeros(0, dtype=np.int16)
        self._queue_at = 0
        self._play_end = 0
        self._sending = False
        self._event = None
        self._closed = False
        self._was_quiet = True
        self._mouth = None
        self._start = None
        self._from = None
        self._ear = threading.Thread(target=self._listen, daemon=True)
        self._ear.start()

    # ---- mouth ----
    def play(self, pcm):
        """Speaks `pcm` from the next packet on, then silence. Returns the position at which it begins."""
        with self._lock:
            self._queue, self._queue_at = np.asarray(pcm, dtype=np.int16), 0
            self._play_end = self.position + len(self._queue)
            return self.position

    @property
    def now(self):
        """Where in the timeline the clock stands, in samples, whether or not the mouth keeps up."""
        return 0 if self._start is None else int((time.monotonic() - self._start) * RATE)

    def open_mouth(self, remote, remote_rtcp=None):
        self.remote = remote
        self.remote_rtcp = remote_rtcp or (remote if self.mux else (remote[0], remote[1] + 1))
        self._sending = True
        if self._mouth is None:
            self._mouth = threading.Thread(target=self._speak, daemon=True)
            self._mouth.start()

    def hush(self):
        """Sends nothing any more; time goes on."""
        self._sending = False

    def speak_on(self):
        self._sending = True
        self._was_quiet = True

    def is_done(self):
        return self._queue_at >= len(self._queue)

    def wait_played(self, limit=60):
        """Until all that was given to play() has been sent."""
        until = time.monotonic() + limit
        while not self.is_done():
            assert time.monotonic() < until, "the phone did not get round to playing everything"
            time.sleep(0.01)

    def wait_position(self, samples, limit=60):
        until = time.monotonic() + limit
        while self.position < samples:
            assert time.monotonic() < until, "the phone did not get that far"
            time.sleep(0.005)

    def press(self, digit, milliseconds=100):
        """A telephone-event instead of audio, from the next packet on."""
        with self._lock:
            self._event = [digit, milliseconds * RATE // 1000, None]

    def move_mouth(self):
        """Sends from another port from now on; what is heard is heard on both."""
        self._from = socket.socket(self.rtp_socket.family, socket.SOCK_DGRAM)
        self._from.bind((self.address, 0))
        return self._from.getsockname()[1]

    def change_ssrc(self):
        self.ssrc = (self.ssrc + 0x1234567) & 0xFFFFFFFF
        self.sequence = (self.sequence + 20000) & 0xFFFF
        self.timestamp_base = (self.timestamp_base + 0x7654321) & 0xFFFFFFFF

    def send_report(self):
        now = time.time() + 2208988800
        ntp = (int(now) << 32) | int((now % 1) * (1 << 32))
        data = rtp.sender_report(self.ssrc, ntp, self.timestamp_base + self.position, self.sent_packets,
                                 self.sent_octets)
        (self.rtp_socket if self.mux else self.rtcp_socket).sendto(data, self.remote_rtcp)
        return (ntp >> 16) & 0xFFFFFFFF

    def send_raw(self, data, to=None):
        self.rtp_socket.sendto(data, to or self.remote)

    def _next_audio(self, count):
        piece = self._queue[self._queue_at : self._queue_at + count]
        self._queue_at += len(piece)
        return np.concatenate([piece, np.zeros(count - len(piece), dtype=np.int16)]) if len(piece) < count else piece

    def _speak(self):
        self._start = start = time.monotonic()
        spoken = 0.0
        while not self._closed:
            wait = start + spoken - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            with self._lock:
                count = self.ptime * RATE // 1000
                audio = self._next_audio(count)
                position = self.position
                packets = self._packets(audio, position, count)
                self.position += count
            if self._sending:
                for data in packets:
                    self._send(data)
            spoken += count / RATE

    def _packets(self, audio, position, count):
        stamp = self.timestamp_base + position
        if self._event:
            digit, length, begun = self._event
            first = begun is None
            begun = position if first else begun
            self._event[2] = begun
            done = position + count - begun
            ends = done >= length
            payload = rtp.telephone_event(digit, min(done, length), ends)
            out = [self._packet(self.event_type, self.timestamp_base + begun, payload, first)
                   for _ in range(3 if ends else 1)]
            if ends:
                self._event = None
            return out
        quiet = self.silence_suppression and not audio.any()
        if quiet or not self._sending:
            self._was_quiet = True
            return []
        marker, self._was_quiet = self._was_quiet, False
        return [self._packet(g711.STATIC[self.codec], stamp, g711.encode(self.codec, audio), marker)]

    def _packet(self, payload_type, stamp, payload, marker):
        data = rtp.RtpPacket(payload_type, self.sequence, stamp, self.ssrc, payload, marker).pack()
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.sent_packets += 1
        self.sent_octets += len(payload)
        return data

    def _send(self, data):
        for one in self.impairment.pass_on(data) if self.impairment else [data]:
            try:
                (self._from or self.rtp_socket).sendto(one, self.remote)
            except OSError:
                pass  # the far end is gone: ICMP says so on loopback

    # ---- ear ----
    def _listen(self):
        while not self._closed:
            sockets = [s for s in (self.rtp_socket, self.rtcp_socket, self._from) if s is not None]
            try:
                ready, _, _ = select.select(sockets, [], [], 0.2)
            except (OSError, ValueError):
                return
            for one in ready:
                try:
                    data, source = one.recvfrom(4096)
                except OSError:
                    continue
                self._take(data, source)

    def _take(self, data, source):
        now = time.monotonic()
        if rtp.is_rtcp(data):
            try:
                packets = rtp.parse_rtcp(data)
            except ValueError:
                self.broken += 1
                return
            for packet in packets:
                packet.arrival, packet.source = now, source
                self.reports.append(packet)
            return
        packet = rtp.parse_rtp(data)
        if packet is None:
            self.broken += 1
            return
        packet.arrival, packet.source = now, source
        self.heard.append(packet)

    def audio_packets(self):
        return [p for p in self.heard if p.payload_type == g711.STATIC[self.codec]]

    def keepalives(self):
        """Packets of a payload type that was not negotiated (RFC 6263 §4.6)."""
        return [p for p in self.heard if p.payload_type not in (g711.STATIC[self.codec], self.event_type)]

    def heard_pcm(self):
        """What was heard, each packet at the place that its timestamp says; silence where nothing came."""
        packets = self.audio_packets()
        if not packets:
            return np.zeros(0, dtype=np.int16)
        base = packets[0].timestamp
        places = [((p.timestamp - base + 0x80000000) & 0xFFFFFFFF) - 0x80000000 for p in packets]
        first = min(places)
        if max(places) - first > 3600 * RATE:
            raise AssertionError("the timestamps that were heard span more than an hour")
        pcm = np.zeros(max(places) - first + max(len(p.payload) for p in packets), dtype=np.int16)
        for place, packet in zip(places, packets):
            decoded = g711.decode(self.codec, packet.payload)
            pcm[place - first : place - first + len(decoded)] = decoded
        return pcm

    def close(self):
        self._closed = True
        if self._mouth:
            self._mouth.join(1)
        self._ear.join(1)
        for one in (self.rtp_socket, self.rtcp_socket, self._from):
            if one is not None:
                one.close()
