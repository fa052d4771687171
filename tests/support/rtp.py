"""RTP and RTCP packets (RFC 3550), telephone-events (RFC 4733): bytes to values and back."""

import struct
from dataclasses import dataclass, field

DIGITS = "0123456789*#ABCD"


@dataclass
class RtpPacket:
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes = b""
    marker: bool = False
    arrival: float = 0.0  # time.monotonic()
    source: tuple = None

    def pack(self):
        return struct.pack(">BBHII", 0x80, self.payload_type | (0x80 if self.marker else 0), self.sequence & 0xFFFF,
                           self.timestamp & 0xFFFFFFFF, self.ssrc) + self.payload


def parse_rtp(data):
    """An RtpPacket, or None if this is not one."""
    if len(data) < 12 or data[0] >> 6 != 2:
        return None
    first, second, sequence, timestamp, ssrc = struct.unpack(">BBHII", data[:12])
    start = 12 + 4 * (first & 0x0F)
    if first & 0x10:
        if len(data) < start + 4:
            return None
        start += 4 + 4 * struct.unpack(">H", data[start + 2 : start + 4])[0]
    end = len(data) - (data[-1] if first & 0x20 else 0)
    if start > end:
        return None
    return RtpPacket(second & 0x7F, sequence, timestamp, ssrc, data[start:end], bool(second & 0x80))


@dataclass
class ReportBlock:
    ssrc: int
    fraction_lost: int
    cumulative_lost: int
    highest_sequence: int
    jitter: int
    last_sr: int
    delay_since_last_sr: int


@dataclass
class RtcpPacket:
    kind: int  # 200 SR, 201 RR, 202 SDES, 203 BYE
    ssrc: int
    blocks: list = field(default_factory=list)
    ntp: int = 0
    timestamp: int = 0
    packet_count: int = 0
    octet_count: int = 0
    cname: str = ""
    arrival: float = 0.0
    source: tuple = None


def is_rtcp(data):
    return len(data) >= 8 and data[0] >> 6 == 2 and 192 <= data[1] <= 223


def parse_rtcp(data):
    """The packets of a compound; ValueError where a length does not fit."""
    packets = []
    while data:
        if len(data) < 4:
            raise ValueError("RTCP: trailing bytes")
        first, kind, words = struct.unpack(">BBH", data[:4])
        size = 4 * (words + 1)
        if first >> 6 != 2 or size > len(data):
            raise ValueError("RTCP: bad version or length")
        body = data[4:size]
        packet = RtcpPacket(kind, struct.unpack(">I", body[:4])[0] if len(body) >= 4 else 0)
        at = 4
        if kind == 200:
            packet.ntp, packet.timestamp, packet.packet_count, packet.octet_count = struct.unpack(">QIII", body[4:24])
            at = 24
        if kind in (200, 201):
            for _ in range(first & 0x1F):
                ssrc, lost, highest, jitter, lsr, dlsr = struct.unpack(">IIIIII", body[at : at + 24])
                cumulative = lost & 0xFFFFFF
                cumulative -= (cumulative & 0x800000) << 1
                packet.blocks.append(ReportBlock(ssrc, lost >> 24, cumulative, highest, jitter, lsr, dlsr))
                at += 24
        if kind == 202 and len(body) > 6 and body[4] == 1:
            packet.cname = body[6 : 6 + body[5]].decode(errors="replace")
        packets.append(packet)
        data = data[size:]
    return packets


def sender_report(ssrc, ntp, timestamp, packets, octets, cname="phone"):
    name = cname.encode()
    sdes = struct.pack(">IBB", ssrc, 1, len(name)) + name
    sdes += b"\0" * (4 - len(sdes) % 4)
    return (struct.pack(">BBHIQIII", 0x80, 200, 6, ssrc, ntp, timestamp & 0xFFFFFFFF, packets, octets)
            + struct.pack(">BBH", 0x81, 202, len(sdes) // 4) + sdes)


def telephone_event(digit, duration, end, volume=10):
    return struct.pack(">BBH", DIGITS.index(digit), (0x80 if end else 0) | volume, min(duration, 0xFFFF))
