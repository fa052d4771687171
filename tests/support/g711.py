"""G.711 as numpy tables: 16-bit PCM to µ-law and A-law bytes and back (ITU-T G.711)."""

import numpy as np


def _ulaw_table():
    codes = np.arange(256)
    inverted = ~codes & 0xFF
    exponent = (inverted >> 4) & 7
    magnitude = (((inverted & 0x0F) << 3) + 0x84 << exponent) - 0x84
    return np.where(inverted & 0x80, -magnitude, magnitude).astype(np.int16)


def _alaw_table():
    codes = np.arange(256) ^ 0x55
    exponent = (codes >> 4) & 7
    mantissa = (codes & 0x0F) << 4
    magnitude = np.where(exponent == 0, mantissa + 8, (mantissa + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(codes & 0x80, magnitude, -magnitude).astype(np.int16)


def _encode_table(decoded):
    """For each 16-bit value the code whose value is nearest."""
    order = np.argsort(decoded, kind="stable")
    values = decoded[order].astype(np.int64)
    samples = np.arange(-32768, 32768)
    right = np.clip(np.searchsorted(values, samples), 1, 255)
    nearest = np.where(samples - values[right - 1] <= values[right] - samples, right - 1, right)
    return order[nearest].astype(np.uint8)


ULAW_DECODE = _ulaw_table()
ALAW_DECODE = _alaw_table()
ULAW_ENCODE = _encode_table(ULAW_DECODE)
ALAW_ENCODE = _encode_table(ALAW_DECODE)

STATIC = {"PCMU": 0, "PCMA": 8}


def encode(name, pcm):
    table = ULAW_ENCODE if name == "PCMU" else ALAW_ENCODE
    return table[np.asarray(pcm, dtype=np.int16).astype(np.int32) + 32768].tobytes()


def decode(name, payload):
    table = ULAW_DECODE if name == "PCMU" else ALAW_DECODE
    return table[np.frombuffer(payload, dtype=np.uint8)]
