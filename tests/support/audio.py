"""Looks into recordings: reads them by ffmpeg, and says what is where. Positions are in seconds from the file's start."""

import json
import subprocess
from pathlib import Path

import numpy as np

from support.signals import RATE


class Sound:
    """A decoded file: `channels` x samples of int16."""

    def __init__(self, pcm, rate):
        self.pcm = pcm
        self.rate = rate

    @property
    def mono(self):
        return self.pcm[0] if len(self.pcm) == 1 else np.round(self.pcm.mean(axis=0)).astype(np.int16)

    @property
    def channels(self):
        return len(self.pcm)

    @property
    def samples(self):
        return self.pcm.shape[1]

    @property
    def seconds(self):
        return self.samples / self.rate


def probe(path):
    """ffprobe's view: format and first stream in one dictionary."""
    out = subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams", str(path)],
        check=True, capture_output=True, text=True).stdout
    told = json.loads(out)
    return {**told["format"], **{f"stream_{key}": value for key, value in told["streams"][0].items()}}


def read(path):
    """Every sample that a player would play (encoder delay and padding skipped where the file declares them)."""
    told = probe(path)
    channels, rate = int(told["stream_channels"]), int(told["stream_sample_rate"])
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), "-f", "s16le", "-"], capture_output=True)
    assert done.returncode == 0, f"ffmpeg cannot decode {path}: {done.stderr.decode(errors='replace')}"
    pcm = np.frombuffer(done.stdout, dtype="<i2").reshape(-1, channels).T
    return Sound(pcm, rate)


def wav_data(path):
    """The bytes of a RIFF or RF64 file's data chunk."""
    content = Path(path).read_bytes()
    at = 12
    while at + 8 <= len(content):
        name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        if name == b"data":
            return content[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    raise AssertionError(f"{path} has no data chunk")


def level(pcm):
    """RMS in dBFS; -120 for digital silence."""
    pcm = np.asarray(pcm, dtype=np.float64)
    rms = np.sqrt(np.mean(pcm**2)) if len(pcm) else 0.0
    return 20 * np.log10(rms / 32768) if rms > 0 else -120.0


def levels(pcm, window=0.02, rate=RATE):
    step = int(window * rate)
    return np.array([level(pcm[i : i + step]) for i in range(0, len(pcm) - step + 1, step)])


def tone_level(pcm, frequency, rate=RATE):
    """Level in dBFS of one frequency in the whole of `pcm` (a Hann-windowed single-bin DFT)."""
    pcm = np.asarray(pcm, dtype=np.float64)
    if len(pcm) < 8:
        return -120.0
    window = np.hanning(len(pcm))
    phase = np.exp(-2j * np.pi * frequency * np.arange(len(pcm)) / rate)
    amplitude = 2 * abs(np.sum(pcm * window * phase)) / np.sum(window)
    return 20 * np.log10(amplitude / np.sqrt(2) / 32768) if amplitude > 0 else -120.0


def tone_spans(pcm, frequency, threshold=-30.0, window=0.02, rate=RATE):
    """Where `frequency` is louder than `threshold` and makes up most of the energy: [(start, end)], to ~5 ms."""
    size, hop = int(window * rate), int(0.005 * rate)
    spans, start = [], None
    for i in range(0, len(pcm) - size + 1, hop):
        piece = pcm[i : i + size]
        strength = tone_level(piece, frequency, rate)
        there = strength > threshold and strength > level(piece) - 3
        middle = (i + size / 2) / rate
        if there and start is None:
            start = middle
        if not there and start is not None:
            spans.append((start, middle))
            start = None
    if start is not None:
        spans.append((start, len(pcm) / rate))
    return spans


def loudest_frequency(pcm, rate=RATE):
    pcm = np.asarray(pcm, dtype=np.float64)
    size = max(len(pcm), 8192)
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm)), size))
    return float(np.fft.rfftfreq(size, 1 / rate)[np.argmax(spectrum)])


def locate(piece, source):
    """Where in `source` (samples) the start of `piece` lies, and how alike they are there (-1 to 1)."""
    piece = np.asarray(piece, dtype=np.float64)
    source = np.asarray(source, dtype=np.float64)
    if len(source) < len(piece):
        source = np.concatenate([source, np.zeros(len(piece) - len(source))])
    size = 1 << int(np.ceil(np.log2(len(source) + len(piece))))
    product = np.fft.irfft(np.fft.rfft(source, size) * np.conj(np.fft.rfft(piece, size)), size)
    product = product[: len(source) - len(piece) + 1]
    energy = np.concatenate([[0.0], np.cumsum(source**2)])
    there = np.sqrt(np.maximum(energy[len(piece) :][: len(product)] - energy[: len(product)], 1e-9))
    norm = np.sqrt(np.sum(piece**2))
    alike = product / (there * norm) if norm > 0 else np.zeros_like(product)
    alike[there < 1] = 0
    best = int(np.argmax(alike))
    return best, float(alike[best])


def story(pcm, source, window=0.1, alike=0.6, rate=RATE):
    """What of `source` was recorded, in which order: [(recorded from, source from, seconds)], joined where it goes on."""
    size = int(window * rate)
    pieces = []  # of two windows each, the first and the last: [recorded from, source from, recorded from, source from]
    for i in range(0, len(pcm) - size + 1, size // 2):
        at, how = locate(pcm[i : i + size], source)
        if how < alike:
            continue
        goes_on = pieces and i <= pieces[-1][2] + size
        if goes_on and abs((at - i) - (pieces[-1][3] - pieces[-1][2])) <= 8:
            pieces[-1][2:] = [i, at]
        else:
            pieces.append([i, at, i, at])
    return [_grown(np.asarray(pcm), np.asarray(source), *piece, size // 2, rate) for piece in pieces]


def _grown(pcm, source, first, first_at, last, last_at, half, rate):
    """A piece of a story with its ends found to 5 ms: as far as both go on alike, 5 ms by 5 ms, from the middles of its
    first and its last window."""
    step = rate // 200

    def same(i, at):
        mine, theirs = pcm[i : i + step], source[at : at + step]
        if i < 0 or at < 0 or len(mine) < step or len(theirs) < step:
            return False
        mine, theirs = mine.astype(np.float64), theirs.astype(np.float64)
        norm = np.sqrt(np.sum(mine**2) * np.sum(theirs**2))
        return norm > 0 and np.sum(mine * theirs) / norm > 0.5

    begin, end = half, half
    while same(first + begin - step, first_at + begin - step):
        begin -= step
    while same(last + end, last_at + end):
        end += step
    return (first + begin) / rate, (first_at + begin) / rate, (last + end - first - begin) / rate


def onset(pcm, threshold=-45.0, rate=RATE):
    """The first moment that is louder than `threshold` for 5 ms, to the millisecond; None if there is none."""
    step, size = rate // 1000, rate // 200
    for i in range(0, len(pcm) - size, step):
        if level(pcm[i : i + size]) > threshold:
            return i / rate
    return None


def offset(pcm, threshold=-45.0, rate=RATE):
    """The end of the last moment that is louder than `threshold`."""
    found = onset(np.asarray(pcm)[::-1], threshold, rate)
    return None if found is None else len(pcm) / rate - found


def gaps(pcm, threshold=-45.0, shortest=0.01, rate=RATE):
    """Quiet places inside the sound: [(start, end)]."""
    quiet = levels(pcm, 0.005, rate) < threshold
    found, start = [], None
    for index, is_quiet in enumerate(list(quiet) + [False]):
        if is_quiet and start is None:
            start = index
        if not is_quiet and start is not None:
            if (index - start) * 0.005 >= shortest:
                found.append((start * 0.005, index * 0.005))
            start = None
    return found


def clicks(pcm, factor=2.5, rate=RATE):
    """Places where the sound jumps more than `factor` times as far as it ever does by itself (99.9th percentile)."""
    jumps = np.abs(np.diff(np.asarray(pcm, dtype=np.float64)))
    usual = np.percentile(jumps, 99.9) if len(jumps) else 0
    return [int(i) / rate for i in np.nonzero(jumps > max(usual * factor, 200))[0]]
