"""Lays a recording over what was said, sample by sample: where it began, whether it runs as fast, what is missing, how
much of it is something else. Positions in samples of the recording's rate, times in seconds or milliseconds as named.

    fidelity = compare(recorded, said, rate)
    said      ──────[0.1 s window]───────────      place: how many samples later in the recording than in what was said,
    recorded    ──────[0.1 s window]─────────             judged in windows whose correlation has one clear peak
"""

from dataclasses import dataclass, field

import numpy as np

from support import audio, codecs, signals

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
    """`drift`: ppm that the sender's clock is slow: that much longer all of it should be. `lost`: [(begin, end)] s of
    what was said that the network lost; with `margin` s after it, for a decoder to find its feet, it is not judged. A
    `jump` is at least so many ms."""
    recorded, said = np.asarray(recorded), _stretched(np.asarray(said), drift)
    lost = [((begin - 0.02) * (1 + drift / 1e6), (end + margin) * (1 + drift / 1e6)) for begin, end in lost]
    found = Fidelity(rate)
    start = audio.onset(recorded, -40, rate)
    assert start is not None, "the recording is silent"
    first = int(start * rate)
    window = WINDOW if abs(drift) < 1000 else WINDOW / 2  # what a clock not yet learnt leaves alike
    place, alike = audio.locate(recorded[first : first + int((0.05 if drift else 0.5) * rate)], said)
    assert alike > 0.5, f"the recording begins with something else than what was said (likeness {alike:.2f})"
    found.begin = place - first
    overlap = said[max(0, found.begin) :][: len(recorded)]
    found.is_exact = found.begin >= 0 and np.array_equal(overlap, recorded[: len(overlap)]) \
        and not recorded[len(overlap) :].any()
    _follow(found, recorded, said, first, lost, jump, int(window * rate))
    _judge(found, recorded, said, first, lost)
    return found


def _stretched(pcm, drift):
    """As it sounds in real time if the clock that it was spoken by is slow: band-limited, by its spectrum."""
    if not drift:
        return pcm
    count = int(round(len(pcm) * (1 + drift / 1e6)))
    return np.fft.irfft(np.fft.rfft(pcm.astype(np.float64)), count) * (count / len(pcm))


def compare_call(sound, media, margin=0.04, channel=0):
    """A recording (audio.Sound) with what its phone said in the whole call, decoded by others. A decoder with a memory
    may take `margin` to find its feet where the phone sent nothing, too."""
    said, rate = media.spoken()
    gone = media.lost_spans()
    if codecs.CODECS[media.codec].has_memory:
        gone += [(word.position, word.ticks) for word in media.sent if word.is_quiet]
    lost = [(at / signals.RATE, (at + ticks) / signals.RATE) for at, ticks in gone]
    return compare(sound.pcm[channel], signals.resample(said, rate, sound.rate), sound.rate, media.drift, lost, margin)


def _is_lost(lost, begin, end):
    return any(low < end and begin < high for low, high in lost)


def _peak(piece, region):
    """Where in `region` the `piece` lies: (samples with a fraction, likeness at each whole sample, the best of them)."""
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


def _follow(found, recorded, said, first, lost, jump, window):
    """Finds the place of each window that can be told; the jumps are the differences between neighbours, as far as they
    are more than a correction of the clock by 1.2 %."""
    rate = found.rate
    width = int(0.0006 * rate)
    late = 0.0  # samples, in the last window that was sure
    for at in range(first, len(recorded) - window, window):
        piece = recorded[at : at + window]
        where = (found.begin + at - late) / rate
        if audio.level(piece) < LOUD or _is_lost(lost, where, where + window / rate):
            continue
        for reach in (0.01, 0.4):
            begin = max(0, int((where - reach) * rate))
            region = said[begin : int((where + reach) * rate) + window]
            if len(region) < window + 2:
                break
            lag, alike, best = _peak(piece, region)
            others = np.concatenate([alike[: max(0, best - width)], alike[best + width + 1 :]])
            if alike[best] > 0.6:
                break
        if len(region) < window + 2 or alike[best] < 0.6 or (len(others) and others.max() > alike[best] - 0.15):
            continue
        late = found.begin + at - (begin + lag)
        ms, second = late * 1000 / rate, at / rate
        if found.places:
            before, then = found.places[-1]
            if abs(ms - then) >= jump + 12 * (second - before):
                found.jumps.append((round(second, 2), round(ms - then, 1)))
        found.places.append((second, ms))
    assert len(found.places) > 6, "too little of the recording is like what was said"


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


def _ratio(wanted, heard):
    """Signal to noise in dB, what is up to 3 dB too loud or soft allowed for."""
    energy = np.sum(wanted**2)
    gain = np.clip(np.sum(wanted * heard) / energy, 0.7, 1.4) if energy else 1.0
    noise = np.sum((heard / gain - wanted) ** 2)
    return CEILING if noise <= energy * 1e-10 else 10 * np.log10(energy / noise)


def _judge(found, recorded, said, first, lost):
    """Signal-to-noise ratio of each segment, at the place that its neighbours tell, or up to 1.5 ms beside it."""
    rate, size = found.rate, int(SEGMENT * found.rate)
    times, late = np.array(found.places).T
    pairs = []
    for at in range(first, len(recorded) - size, size):
        where = found.begin + at - np.interp(at / rate, times, late) * rate / 1000
        wanted = _shifted(said, round(where), size)
        if audio.level(wanted) >= LOUD and not _is_lost(lost, where / rate, where / rate + SEGMENT):
            pairs.append((at, where, wanted, recorded[at : at + size].astype(np.float64)))
    found.gain = float(np.median([np.linalg.norm(heard) / np.linalg.norm(wanted) for *_, wanted, heard in pairs] or [0]))
    was_bad = False
    for at, where, wanted, heard in pairs:
        heard = heard / max(found.gain, 1e-6)
        ratio = _ratio(wanted, heard)
        if ratio < 60:
            ratio = max(ratio, _best_nearby(said, where, heard, rate))
        found.snr.append(float(max(ratio, -10)))
        # One segment that is as loud as it should be is none that is missing: the ends of words and of sweeps, where a
        # correction of the clock or comfort noise has its say.
        is_bad = ratio < 3
        if is_bad and (was_bad or np.linalg.norm(heard) < 0.7 * np.linalg.norm(wanted)):
            found.missing.append(round(at / rate, 2))
        was_bad = is_bad


def _best_nearby(said, where, heard, rate):
    """The best ratio within 1.5 ms, to a few thousandths of a sample."""
    reach, count = int(0.0015 * rate), len(heard)
    begin = max(0, round(where) - reach)
    region = said[begin : round(where) + reach + count]
    if len(region) < count + 2:
        return -10.0
    best = []
    for place in (where, begin + _peak(heard, region)[0]):
        for step in (0.25, 0.03, 0.004):
            ratio, place = max((_ratio(_shifted(said, place + k * step, count), heard), place + k * step)
                               for k in range(-4, 5))
        best.append(ratio)
    return max(best)
