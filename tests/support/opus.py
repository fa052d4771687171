"""Opus (RFC 6716, RFC 7587) by the reference library, called directly: ffmpeg has no DTX and hides the packets in Ogg."""

import ctypes

import numpy as np

RATE = 48000
_APPLICATIONS = {"voip": 2048, "audio": 2049, "lowdelay": 2051}
_BANDWIDTHS = {"narrow": 1101, "medium": 1102, "wide": 1103, "superwide": 1104, "full": 1105}
_SETTINGS = {"bitrate": 4002, "bandwidth": 4008, "vbr": 4006, "complexity": 4010, "fec": 4012, "packet_loss": 4014,
             "dtx": 4016}
_library = None


def _opus():
    global _library
    if _library is None:
        _library = ctypes.CDLL("libopus.so.0")
        _library.opus_encoder_create.restype = ctypes.c_void_p
        _library.opus_decoder_create.restype = ctypes.c_void_p
    return _library


def encode(pcm, ptime=20, application="voip", **settings):
    """Packets of `ptime` ms of PCM at 48 kHz: one channel, or two as 2 x samples. `settings`: bitrate, bandwidth (narrow,
    medium, wide, superwide, full), vbr, complexity, fec, packet_loss, dtx. A packet of up to two bytes is DTX: silence."""
    opus = _opus()
    channels = 1 if pcm.ndim == 1 else 2
    error = ctypes.c_int()
    encoder = ctypes.c_void_p(opus.opus_encoder_create(RATE, channels, _APPLICATIONS[application], ctypes.byref(error)))
    assert error.value == 0, f"opus_encoder_create: {error.value}"
    for name, value in {"complexity": 5, **settings}.items():
        value = _BANDWIDTHS.get(value, int(value) if not isinstance(value, str) else value)
        status = opus.opus_encoder_ctl(encoder, _SETTINGS[name], ctypes.c_int(value))
        assert status == 0, f"opus: {name} cannot be {value}"
    size = RATE * ptime // 1000
    interleaved = np.ascontiguousarray(pcm.T, dtype=np.int16).reshape(-1)
    out = ctypes.create_string_buffer(4000)
    packets = []
    for at in range(0, len(interleaved) - size * channels + 1, size * channels):
        piece = interleaved[at : at + size * channels].tobytes()
        length = opus.opus_encode(encoder, piece, size, out, len(out))
        assert length > 0, f"opus_encode: {length}"
        packets.append(out.raw[:length])
    opus.opus_encoder_destroy(encoder)
    return packets


def decode(packets, ptime=20):
    """Mono PCM at 48 kHz; None among the packets is one that did not come: what the next one carries of it, or else
    concealment, for `ptime` ms."""
    opus = _opus()
    error = ctypes.c_int()
    decoder = ctypes.c_void_p(opus.opus_decoder_create(RATE, 1, ctypes.byref(error)))
    out = np.zeros(RATE * 120 // 1000, dtype=np.int16)
    pieces = []
    for packet, after in zip(packets, [*packets[1:], None]):
        redundant = packet is None and after is not None
        packet = after if redundant else packet
        room = len(out) if packet is not None and not redundant else RATE * ptime // 1000
        count = opus.opus_decode(decoder, packet, len(packet or b""), out.ctypes.data_as(ctypes.c_void_p), room,
                                 int(redundant))
        assert count > 0, f"opus_decode: {count}"
        pieces.append(out[:count].copy())
    opus.opus_decoder_destroy(decoder)
    return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int16)
