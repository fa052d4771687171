"""What was heard in a stretch of time, and judges of it: which tones, which keys, how loud, where it was quiet."""

from dataclasses import dataclass

import numpy as np

from support import audio, signals

# A tone as loud as tests play it (-15 to -25 dBFS) is heard above HEARD; what G.711 makes of the tones beside it stays
# below UNHEARD.
HEARD, UNHEARD = -38.0, -50.0


@dataclass
class Heard:
    pcm: np.ndarray  # int16
    rate: int
    begin: float     # time.monotonic()
    packets: int     # that came meanwhile

    @property
    def seconds(self):
        return len(self.pcm) / self.rate

    @property
    def level(self):
        """RMS, dBFS."""
        return audio.level(self.pcm)

    def tone(self, frequency):
        """Its level in dBFS: of all that is within 1.2 % of it, since live audio is played a little faster or slower
        where it has to catch up."""
        return band_level(self.pcm, frequency, 0.012, self.rate)

    def check(self, hears=(), misses=()):
        """Every tone of the one is there, and none of the other."""
        levels = {f: round(self.tone(f), 1) for f in (*hears, *misses)}
        wrong = [f for f in hears if levels[f] < HEARD] + [f for f in misses if levels[f] > UNHEARD]
        assert not wrong, f"{wrong} Hz are not as expected: heard {levels} (dBFS), should hear {[*hears]}, not {[*misses]}"
        return self

    def is_silent(self, threshold=-60.0):
        return self.level < threshold

    def spans(self, frequency, threshold=-38.0):
        """Where that tone is: [(start, end)] in seconds from the beginning."""
        return audio.tone_spans(self.pcm, frequency, threshold, rate=self.rate)

    def gaps(self, threshold=-45.0, shortest=0.02):
        return audio.gaps(self.pcm, threshold, shortest, self.rate)

    def onset(self, threshold=-45.0):
        return audio.onset(self.pcm, threshold, self.rate)

    def keys(self):
        return keys(self.pcm, self.rate)

    def likeness(self, spoken, rate=signals.RATE):
        """How much some stretch of what was heard is like `spoken` (0 to 1), and where it begins, in seconds."""
        at, alike = audio.locate(signals.resample(spoken, rate, self.rate), self.pcm)
        return alike, at / self.rate


def band_level(pcm, frequency, tolerance, rate=signals.RATE):
    """Level in dBFS of what lies within `tolerance` (a ratio) of a frequency, and two bins more."""
    if len(pcm) < 64:
        return -120.0
    window = np.hanning(len(pcm))
    power = np.abs(np.fft.rfft(np.asarray(pcm, dtype=np.float64) * window)) ** 2
    bins = np.fft.rfftfreq(len(pcm), 1 / rate)
    near = np.abs(bins - frequency) <= tolerance * frequency + 2 * rate / len(pcm)
    rms = np.sqrt(2 * power[near].sum() / (len(pcm) * np.sum(window**2)))
    return 20 * np.log10(rms / 32768) if rms > 0 else -120.0


def keys(pcm, rate=signals.RATE, threshold=-35.0):
    """The keys whose tones are in it, in order: a string. Two tones within 8 dB that hold most of the energy, for at least
    40 ms."""
    size, hop = int(0.03 * rate), int(0.01 * rate)
    found, last, run = "", None, 0
    for i in range(0, len(pcm) - size + 1, hop):
        piece = pcm[i : i + size]
        key = _key_in(piece, rate, threshold) if audio.level(piece) > threshold else None
        run = run + 1 if key == last else 1
        last = key
        if key and run == 2:
            found += key
    return found


def _key_in(piece, rate, threshold):
    low = max((697, 770, 852, 941), key=lambda f: audio.tone_level(piece, f, rate))
    high = max((1209, 1336, 1477, 1633), key=lambda f: audio.tone_level(piece, f, rate))
    one, other = audio.tone_level(piece, low, rate), audio.tone_level(piece, high, rate)
    together = 10 * np.log10(10 ** (one / 10) + 10 ** (other / 10))
    if min(one, other) < threshold or abs(one - other) > 8 or together < audio.level(piece) - 2:
        return None
    return next(digit for digit, pair in signals.DTMF.items() if pair == (low, high))


def spectrum_likeness(one, other, rate=signals.RATE):
    """How alike two sounds are in where their energy lies (0 to 1), whatever their phase, pace and pauses: the correlation
    of their mean spectra in 24 bands from 200 to 3400 Hz, in dB."""
    def bands(pcm):
        pcm = np.asarray(pcm, dtype=np.float64)
        power = np.abs(np.fft.rfft(pcm)) ** 2
        frequency = np.fft.rfftfreq(len(pcm), 1 / rate)
        edges = np.geomspace(200, 3400, 25)
        return np.array([10 * np.log10(np.sum(power[(frequency >= a) & (frequency < b)]) + 1)
                         for a, b in zip(edges[:-1], edges[1:])])
    return float(np.corrcoef(bands(one), bands(other))[0, 1])
