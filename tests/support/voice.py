"""A signal as a phone speaks it: its payload at each moment, in whatever codec is spoken at that moment.

Moments are counted in ticks of 1/8000 s, whatever the codec.
"""

import numpy as np

from support import codecs, signals

TICK_RATE = 8000
# Silence after the signal that is coded, s, and how much of its end is repeated then, ticks (a multiple of every ptime). Of
# Opus the last packet is; a single packet of G.722 over and over would drive a decoder out of its mind.
TAIL, PERIOD = 1.24, int(0.96 * TICK_RATE)
MEMORY_TAIL, MEMORY_PERIOD = 20.12, int(9.6 * TICK_RATE)


class Voice:
    def __init__(self, pcm, rate=TICK_RATE, **options):
        """`options`: how Opus is encoded (opus.encode)."""
        self.pcm = np.asarray(pcm, dtype=np.int16)
        self.rate = rate
        self.options = options
        self.ticks = self.pcm.shape[-1] * TICK_RATE // rate
        self._coded = {}

    def prepare(self, name, ptime):
        """Encodes the whole of it; asked for before the packets are needed, since it takes a while."""
        codec = codecs.CODECS[name]
        is_packets = codec.unit_bytes == 0
        key = (name, ptime if is_packets else None)
        if key not in self._coded:
            has_memory = codec.has_memory and not is_packets
            missing = signals.silence(MEMORY_TAIL if has_memory else TAIL, self.rate)
            padding = missing if self.pcm.ndim == 1 else np.stack([missing] * len(self.pcm))
            pcm = np.concatenate([self.pcm, padding], axis=-1)
            if is_packets:
                self._coded[key] = codecs.encode(name, pcm, self.rate, ptime, **self.options)
            else:
                self._coded[key] = codecs.stream(name, signals.resample(pcm, self.rate, codec.rate))
        return self._coded[key]

    def payload(self, name, ptime, at):
        """Of `ptime` ms from tick `at` on, which is a multiple of what the codec can be cut into."""
        codec, coded = codecs.CODECS[name], self.prepare(name, ptime)
        if codec.unit_bytes == 0:
            return coded[min(at // (8 * ptime), len(coded) - 1)]
        last = len(coded) // codec.unit_bytes * codec.unit * 8 - ptime * 8
        if at > last:
            period = MEMORY_PERIOD if codec.has_memory else PERIOD
            at -= -(-(at - last) // period) * period
        begin = at // (8 * codec.unit) * codec.unit_bytes
        return coded[begin : begin + ptime // codec.unit * codec.unit_bytes]

    def is_quiet(self, at, ptime):
        """Digital silence for `ptime` ms from tick `at` on."""
        begin, end = (tick * self.rate // TICK_RATE for tick in (at, at + 8 * ptime))
        return not self.pcm[..., begin:end].any()
