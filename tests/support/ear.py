"""The ear of a test phone: two sockets, every packet that came with the time at which it did, and what it sounds like."""

import select
import socket
import threading
import time

import numpy as np

from support import codecs, rtp, signals
from support.hearing import Heard
from support.voice import TICK_RATE

LEAD = 0.3  # s that a decoder is given before what is judged, to settle


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


class Ear:
    def __init__(self, address):
        self.rtp_socket, self.rtcp_socket = bind_pair(address)
        self.port = self.rtp_socket.getsockname()[1]
        self.types = {}      # payload type -> name of the codec, all that were ever agreed on
        self.event_type = None
        self.heard = []      # RtpPacket of whatever type, as it arrived
        self.reports = []    # RtcpPacket
        self.broken = 0      # datagrams that were neither
        self._from = None    # another socket that is listened to
        self._closed = False
        self._ear = threading.Thread(target=self._listen, daemon=True)

    def open_ear(self):
        self._ear.start()

    def close_ear(self):
        self._closed = True
        self._ear.join(1)
        for one in (self.rtp_socket, self.rtcp_socket, self._from):
            if one is not None:
                one.close()

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
        return [p for p in self.heard if p.payload_type in self.types]

    def keepalives(self):
        """Packets of a payload type that was not negotiated (RFC 6263 §4.6)."""
        return [p for p in self.heard if p.payload_type not in (*self.types, self.event_type)]

    def heard_pcm(self):
        """What was heard in the codec that is spoken, at 8 kHz, each packet at the place that its timestamp says;
        silence where nothing came."""
        packets = [p for p in self.heard if p.payload_type == self.payload_type]
        if not packets:
            return np.zeros(0, dtype=np.int16)
        codec = codecs.CODECS[self.codec]
        sound = codecs.decode(self.codec, [p.payload for p in packets])
        size = len(sound) // len(packets)
        base = packets[0].timestamp
        places = [(((p.timestamp - base + 0x80000000) & 0xFFFFFFFF) - 0x80000000) * codec.rate // codec.clock
                  for p in packets]
        first = min(places)
        if max(places) - first > 3600 * codec.rate:
            raise AssertionError("the timestamps that were heard span more than an hour")
        pcm = np.zeros(max(places) - first + size, dtype=np.int16)
        for index, place in enumerate(places):
            pcm[place - first : place - first + size] = sound[index * size : (index + 1) * size]
        return signals.resample(pcm, codec.rate, TICK_RATE)

    def keys(self):
        """The digits that came as telephone-events: [(digit, seconds)], each once (RFC 4733)."""
        found = {}
        for packet in (p for p in self.heard if p.payload_type == self.event_type and len(p.payload) >= 4):
            duration = int.from_bytes(packet.payload[2:4], "big")
            found[packet.timestamp] = (rtp.DIGITS[packet.payload[0]], max(duration, found.get(packet.timestamp, (0, 0))[1]))
        return [(digit, duration / 8000) for digit, duration in found.values()]

    def listen(self, seconds, rate=TICK_RATE):
        """What is heard in the next `seconds`."""
        begin = time.monotonic()
        time.sleep(seconds + 0.05)
        return self.hearing(begin, begin + seconds, rate)

    def hearing(self, begin, end=None, rate=TICK_RATE):
        """What was heard between two moments of time.monotonic(), each packet at the place that its timestamp says in
        the run of its source; silence where nothing came."""
        end = time.monotonic() if end is None else end
        came = [p for p in list(self.heard) if p.payload_type in self.types and begin - LEAD <= p.arrival < end + LEAD]
        first = begin - 2 * LEAD
        pcm = np.zeros(int((end - first + 2 * LEAD) * rate), dtype=np.int32)
        for run in _runs(came):
            name = self.types[run[0].payload_type]
            codec = codecs.CODECS[name]
            ages = [((p.timestamp - run[0].timestamp + 0x80000000) & 0xFFFFFFFF) - 0x80000000 for p in run]
            anchor = min(p.arrival - age / codec.clock for p, age in zip(run, ages))
            sound = codecs.decode(name, [p.payload for p in run])
            sound = signals.resample(sound if sound.ndim == 1 else sound.mean(axis=0).astype(np.int16), codec.rate, rate)
            size = len(sound) // len(run)
            for index, age in enumerate(ages):
                at = int((anchor + age / codec.clock - first) * rate)
                piece = sound[index * size : (index + 1) * size]
                if 0 <= at and at + len(piece) <= len(pcm):
                    pcm[at : at + len(piece)] = piece
        cut = pcm[int((begin - first) * rate) : int((end - first) * rate)]
        inside = [p for p in came if begin <= p.arrival < end]
        return Heard(cut.astype(np.int16), rate, begin, len(inside))


def _runs(packets):
    """Packets that belong together: one source, one type, no timestamps further apart than 10 s."""
    runs = []
    for packet in packets:
        last = runs[-1][-1] if runs else None
        if last is None or (last.ssrc, last.payload_type) != (packet.ssrc, packet.payload_type) \
                or ((packet.timestamp - last.timestamp + 480000) & 0xFFFFFFFF) > 960000:
            runs.append([])
        runs[-1].append(packet)
    return runs
