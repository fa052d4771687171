"""What goes into RTP packets: payloads of each codec, made and read by tools that are not the server's.

PCMU and PCMA are our own tables, L16 is numpy, G.722 and GSM are ffmpeg's, Opus is the reference library's.
"""

import hashlib
import subprocess
from dataclasses import dataclass

import numpy as np

from support import g711, opus, signals


@dataclass(frozen=True)
class Codec:
    name: str           # how tests and phones call it
    encoding: str       # rtpmap's encoding name
    payload_type: int   # that the phone offers it as
    clock: int          # Hz, of RTP timestamps
    rate: int           # Hz, of the PCM
    unit: int = 1       # ms: payloads can be cut at multiples of it
    unit_bytes: int = 0  # 0: each packet stands for itself
    parameters: str = ""  # rtpmap's third part
    fmtp: str = ""

    @property
    def has_memory(self):
        """Whether what a packet sounds like depends on those before it."""
        return self.encoding in ("G722", "GSM", "opus")

    @property
    def rtpmap(self):
        return f"{self.encoding}/{self.clock}" + (f"/{self.parameters}" if self.parameters else "")


def _l16(payload_type, rate):
    unit = 10 if rate % 1000 else 1
    return Codec(f"L16/{rate}", "L16", payload_type, rate, rate, unit, 2 * rate * unit // 1000)


CODECS = {codec.name: codec for codec in [
    Codec("PCMU", "PCMU", 0, 8000, 8000, 1, 8),
    Codec("PCMA", "PCMA", 8, 8000, 8000, 1, 8),
    Codec("GSM", "GSM", 3, 8000, 8000, 20, 33),
    Codec("G722", "G722", 9, 8000, 16000, 1, 8),
    Codec("G729", "G729", 18, 8000, 8000),  # can be offered, not spoken
    _l16(96, 8000), _l16(97, 16000), _l16(98, 32000), _l16(99, 48000), _l16(100, 24000), _l16(11, 44100),
    Codec("OPUS", "opus", 111, 48000, 48000, parameters="2", fmtp="minptime=10;useinbandfec=1"),
    Codec("OPUS/stereo", "opus", 112, 48000, 48000, parameters="2", fmtp="useinbandfec=1;stereo=1;sprop-stereo=1"),
]}
COMFORT_NOISE = 13  # payload type (RFC 3389)


def find(encoding, clock):
    """The codec of an rtpmap."""
    return next((c for c in CODECS.values() if c.encoding.lower() == encoding.lower() and c.clock == clock), None)


def comfort_noise(level=60, reflection=()):
    """A payload of RFC 3389: the level in -dBov, then reflection coefficients between -1 and 1."""
    return bytes([level & 0x7F] + [min(254, max(0, round(127 + 127 * k))) for k in reflection])


def _ffmpeg(source, target, data):
    done = subprocess.run(["ffmpeg", "-v", "error", *source, "-i", "pipe:0", *target, "pipe:1"], input=data,
                          capture_output=True, check=True)
    return done.stdout


_made = {}


def stream(name, pcm):
    """`pcm` (int16 at the codec's rate) as one run of bytes, of which any unit can be cut: not for Opus."""
    codec = CODECS[name]
    raw = np.ascontiguousarray(pcm, dtype="<i2").tobytes()
    if name in g711.STATIC:
        return g711.encode(name, pcm)
    if codec.encoding == "L16":
        return np.asarray(pcm, dtype=">i2").tobytes()
    key = (name, hashlib.sha1(raw).digest())
    if key not in _made:
        how = {"G722": ["-c:a", "g722", "-f", "g722"], "GSM": ["-c:a", "libgsm", "-f", "gsm"]}[name]
        _made[key] = _ffmpeg(["-f", "s16le", "-ar", str(codec.rate), "-ac", "1"], how, raw)
    return _made[key]


def encode(name, pcm, rate, ptime=20, **options):
    """Payloads of `ptime` ms each, in order. `options` are opus.encode()'s. For "OPUS/stereo" the second channel of one
    that is given is half as loud."""
    codec = CODECS[name]
    pcm = signals.resample(pcm, rate, codec.rate)
    pcm = pcm[..., : pcm.shape[-1] // (codec.rate * ptime // 1000) * (codec.rate * ptime // 1000)]
    if codec.encoding == "opus":
        if name == "OPUS/stereo" and pcm.ndim == 1:
            pcm = np.stack([pcm, pcm // 2])
        key = (name, ptime, tuple(sorted(options.items())), hashlib.sha1(pcm.tobytes()).digest())
        if key not in _made:
            _made[key] = opus.encode(pcm, ptime, **options)
        return _made[key]
    assert not options and ptime % codec.unit == 0, f"{name} has no {options} and is cut into {codec.unit} ms"
    data, size = stream(name, pcm), ptime // codec.unit * codec.unit_bytes
    return [data[at : at + size] for at in range(0, len(data) - size + 1, size)]


def decode(name, payloads, ptime=20):
    """PCM at the codec's rate; None among the payloads (Opus only) is a packet that did not come."""
    codec = CODECS[name]
    if codec.encoding == "opus":
        return opus.decode(payloads, ptime)
    data = b"".join(payloads)
    if name in g711.STATIC:
        return g711.decode(name, data)
    if codec.encoding == "L16":
        return np.frombuffer(data, dtype=">i2").astype(np.int16)
    if not data:
        return np.zeros(0, dtype=np.int16)
    how = {"G722": ["-f", "g722"], "GSM": ["-c:a", "libgsm", "-f", "gsm"]}[name]
    return np.frombuffer(_ffmpeg(how, ["-f", "s16le"], data), dtype="<i2")
