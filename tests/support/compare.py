"""Lays a recording over what was said, sample by sample: where it began, whether it runs as fast, what is missing, how
much of it is something else. Positions in samples of the recording's rate, times in seconds or milliseconds as named.

    fidelity = compare(recorded, said, rate)
    said      ──────[0.1 s window]───────────      place: how many samples later in the recording than in what was said,
    recorded    ──────[0.1 s window]─────────             judged in windows whose correlation has one clear peak
"""

from dataclasses import dataclass, field

import numpy as np

from support import audio, signals

WINDOW = 0.1    # s
SEGMENT = 0.02  # s, of the signal-to-noise ratio
LOUD = -50.0    # dBFS: what is softer is not judged
CEILING = 100.0  # dB: an exact segment


@dataclass
class Fidelity:
    rate: int
    begin: int = 0           # sample of what was said that is the recording's first
    is_exact: bool = False   # every sample of the recording is what was said
    places: list = field(default_factory=list)    # (s in the recording, ms that it lies later than at the start)
    jumps: list = field(default_factory=list)     # (s, ms): +: something was put in, -: something is missing
    snr: list = field(default_factory=list)       # dB of each loud segment that was not lost
    missing: list = field(default_factory=list)   # s of those that are not there at all
    gain: float = 1.0

    @property
    def skew(self):
        """ms that the end lies later than the start, the sender's own clock allowed for."""
        return float(np.mean([ms for _, ms in self.places[-3:]]) - np.mean([ms for _, ms in self.places[:3]]))

    @property
    def worst_place(self):
        """ms by which any moment lies elsewhere than the first."""
        first = np.mean([ms for _, ms in self.places[:3]])
        return max((ms - first for _, ms in self.places), key=abs)

    @property
    def drift(self):
        """ppm by which the recording runs slower than the sender's clock says."""
        times, late = zip(*self.places)
        return float(np.polyfit(times, late, 1)[0] * 1000)

    @property
    def level(self):
        return float(20 * np.log10(abs(self.gain) + 1e-9))

    @property
    def mean_snr(self):
        return float(np.mean(self.snr)) if self.snr else 0.0

    @property
    def missing_ms(self):
        return int(round(len(self.missing) * SEGMENT * 1000))


def compare(recorded, said, rate, drift=0.0, lost=(), margin=0.02, jump=1.0):
    """`drift`: ppm that the sender's clock is slow. `lost`: [(begin, end)] s of what was said that the network lost;
    with `margin` s after it, for a decoder to find its feet, it is not judged. A `jump` is at least so many ms."""
    recorded, said = np.asarray(recorded), np.asarray(said)
    found = Fidelity(rate)
    start = audio.onset(recorded, -40, rate)
    assert start is not None, "the recording is silent"
    first = int(start * rate)
    place, alike = audio.locate(recorded[first : first + rate // 2], said)
    assert alike > 0.5, f"the recording begins with something else than what was said (likeness {alike:.2f})"
    found.begin = place - first
    overlap = said[max(0, found.begin) :][: len(recorded)]
    found.is_exact = found.begin >= 0 and np.array_equal(overlap, recorded[: len(overlap)]) \
        and not recorded[len(overlap) :].any()
    lost = [(begin - 0.02, end + margin) for begin, end in lost]
    _follow(found, recorded, said, first, drift, lost, jump)
    _judge(found, recorded, said, first, drift, lost)
    return found


def _peak(piece, region):
    """(lag, likeness, is the peak the only one) of `piece` in `region`; the lag with its fraction."""
    size = 1 << int(np.ceil(np.log2(len(region) + len(piece))))
    piece, region = piece.astype(np.float64), region.astype(np.float64)
    product = np.fft.irfft(np.fft.rfft(region, size) * np.conj(np.fft.rfft(piece, size)), size)
    product = product[: len(region) - len(piece) + 1]
    energy = np.concatenate([[0.0], np.cumsum(region**2)])
    norm = np.sqrt(np.maximum(energy[len(piece) :][: len(product)] - energy[: len(product)], 1.0) * np.sum(piece**2))
    alike = product / np.maximum(norm, 1.0)
    best = int(np.argmax(alike))
    lag = float(best)
    if 0 < best < len(alike) - 1:
        left, middle, right = alike[best - 1 : best + 2]
        curve = left - 2 * middle + right
        lag += 0.5 * (left - right) / curve if curve < 0 else 0
    return lag, alike, best


def compare_call(sound, media, margin=0.04, channel=0):
    """A recording (audio.Sound) with what its phone said in the whole call, decoded by others."""
    said, rate = media.spoken()
    lost = [(at / signals.RATE, (at + ticks) / signals.RATE) for at, ticks in media.lost_spans()]
    return compare(sound.pcm[channel], signals.resample(said, rate, sound.rate), sound.rate, media.drift, lost, margin)


def _is_lost(lost, begin, end):
    return any(low < end and begin < high for low, high in lost)


def _follow(found, recorded, said, first, drift, lost, jump):
    """Finds the place of each window that can be told; the jumps are the differences between neighbours."""
    rate, window = found.rate, int(WINDOW * found.rate)
    late = 0.0  # samples, in the last window that was sure
    for at in range(first, len(recorded) - window, window):
        piece = recorded[at : at + window]
        where = (found.begin + at - _stretch(at - first, drift) - late) / rate
        if audio.level(piece) < LOUD or _is_lost(lost, where, where + WINDOW):
            continue
        for reach in (0.01, 0.4):
            begin = max(0, int((where - reach) * rate))
            region = said[begin : int((where + reach) * rate) + window]
            if len(region) < window + 2:
                break
            lag, alike, best = _peak(piece, region)
            width = int(0.0006 * rate)
            others = np.concatenate([alike[: max(0, best - width)], alike[best + width + 1 :]])
            if alike[best] > 0.6:
                break
        else:
            continue
        if len(region) < window + 2 or alike[best] < 0.6 or (len(others) and others.max() > alike[best] - 0.15):
            continue
        now = found.begin + at - _stretch(at - first, drift) - (begin + lag)
        ms = now * 1000 / rate
        if found.places and abs(ms - found.places[-1][1]) >= jump + 0.03 * (at / rate - found.places[-1][0]):
            found.jumps.append((round(at / rate, 2), round(ms - found.places[-1][1], 1)))
        found.places.append((at / rate, ms))
        late = now
    assert len(found.places) > 6, "too little of the recording is like what was said"


def _stretch(samples, drift):
    """How many of so many recorded samples are there because the sender is slow."""
    return samples - samples / (1 + drift / 1e6)


def _shifted(pcm, begin, count):
    """`count` samples of `pcm` from the place `begin` on, which may lie between two of them."""
    whole, pad = int(np.floor(begin)), 64
    low = whole - pad
    piece = np.zeros(count + 2 * pad)
    source = pcm[max(0, low) : max(0, low + count + 2 * pad)]
    piece[max(0, -low) : max(0, -low) + len(source)] = source
    fraction = begin - whole
    if fraction > 1e-6:
        spectrum = np.fft.rfft(piece)
        spectrum *= np.exp(2j * np.pi * np.fft.rfftfreq(len(piece)) * fraction)
        piece = np.fft.irfft(spectrum, len(piece))
    return piece[pad : pad + count]


def _judge(found, recorded, said, first, drift, lost):
    """Signal-to-noise ratio of each segment, at the place that its neighbours tell."""
    rate, size = found.rate, int(SEGMENT * found.rate)
    times, late = np.array(found.places).T
    pairs = []
    for at in range(first, len(recorded) - size, size):
        behind = np.interp(at / rate, times, late) * rate / 1000
        if abs(behind) < 0.02 and not drift:
            behind = 0.0
        where = found.begin + at - _stretch(at - first, drift) - behind
        wanted = _shifted(said, where, size)
        if audio.level(wanted) >= LOUD and not _is_lost(lost, where / rate, where / rate + SEGMENT):
            pairs.append((at / rate, wanted, recorded[at : at + size].astype(np.float64)))
    gains = [np.sum(wanted * heard) / np.sum(wanted**2) for _, wanted, heard in pairs]
    found.gain = float(np.median(gains)) if gains else 0.0
    if found.is_exact:
        found.gain = 1.0
    for at, wanted, heard in pairs:
        noise = np.sum((heard / (found.gain or 1) - wanted) ** 2)
        ratio = CEILING if noise == 0 else 10 * np.log10(np.sum(wanted**2) / noise)
        found.snr.append(float(np.clip(ratio, -10, CEILING)))
        if ratio < 3:
            found.missing.append(round(at, 2))
