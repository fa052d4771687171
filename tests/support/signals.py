"""What phones say: tones, sweeps, clicks, silence, noise, hum, music, speech by espeak-ng, and marks by which a recording
can be placed.

Everything is 16-bit PCM, mono, as numpy arrays of int16, at `rate` (8 kHz where nothing is said), the same in every run.
"""

import hashlib
import os
import subprocess
import tempfile
import wave

import numpy as np

RATE = 8000


def samples(seconds, rate=RATE):
    return int(round(seconds * rate))


def silence(seconds, rate=RATE):
    return np.zeros(samples(seconds, rate), dtype=np.int16)


def _scaled(signal, dbfs):
    """`signal` with its RMS at `dbfs` (0 dBFS: a full square wave)."""
    signal = np.asarray(signal, dtype=np.float64)
    rms = np.sqrt(np.mean(signal**2)) if len(signal) else 0
    if rms == 0:
        return signal.astype(np.int16)
    return np.clip(np.round(signal / rms * 32768 * 10 ** (dbfs / 20)), -32768, 32767).astype(np.int16)


def _faded(signal, rate, seconds=0.005):
    fade = min(samples(seconds, rate), len(signal) // 2)
    if fade:
        ramp = np.linspace(0, 1, fade)
        signal[:fade] *= ramp
        signal[-fade:] *= ramp[::-1]
    return signal


def tone(frequency, seconds, dbfs=-15.0, rate=RATE):
    """A sine whose first and last 5 ms are faded."""
    wave_ = _faded(np.sin(2 * np.pi * frequency * np.arange(samples(seconds, rate)) / rate), rate)
    return np.round(wave_ * np.sqrt(2) * 32768 * 10 ** (dbfs / 20)).astype(np.int16)


DTMF = {digit: (low, high) for low, row in zip((697, 770, 852, 941), ("123A", "456B", "789C", "*0#D"))
        for high, digit in zip((1209, 1336, 1477, 1633), row)}


def dtmf(digit, seconds, dbfs=-12.0, rate=RATE):
    """The two tones of a key (ITU-T Q.23), each 3 dB below `dbfs`, with edges of 2 ms."""
    t = np.arange(samples(seconds, rate)) / rate
    low, high = DTMF[digit]
    wave_ = _faded(np.sin(2 * np.pi * low * t) + np.sin(2 * np.pi * high * t), rate, 0.002)
    return np.round(wave_ * 32768 * 10 ** (dbfs / 20)).astype(np.int16)


def multitone(seconds, dbfs=-18.0, rate=RATE, highest=3300, seed=5):
    """Nine tones from 310 Hz to `highest`, at steps that have no common period worth mentioning."""
    dice = np.random.default_rng(seed)
    t = np.arange(samples(seconds, rate)) / rate
    frequencies = np.geomspace(310, highest, 9) * (1 + 0.01 * dice.random(9))
    return _scaled(_faded(sum(np.sin(2 * np.pi * f * t + dice.random() * 6.28) for f in frequencies), rate), dbfs)


def sweep(seconds, dbfs=-18.0, rate=RATE, lowest=200, highest=3400):
    """A sine that rises from `lowest` to `highest`, the same time for each octave."""
    t = np.arange(samples(seconds, rate)) / rate
    growth = np.log(highest / lowest) / seconds
    return _scaled(_faded(np.sin(2 * np.pi * lowest / growth * (np.exp(growth * t) - 1)), rate), dbfs)


def with_clicks(pcm, every=1.0, rate=RATE, height=20000, length=0.0005):
    """`pcm` with a short burst each `every` seconds, the first one half of that from the start."""
    out = pcm.astype(np.int32)
    width = max(2, samples(length, rate))
    shape = (height * np.sin(2 * np.pi * np.arange(width) / width)).astype(np.int32)
    for at in range(samples(every / 2, rate), len(out) - width, samples(every, rate)):
        out[at : at + width] += shape
    return np.clip(out, -32768, 32767).astype(np.int16)


def noise(seconds, dbfs=-40.0, seed=1, rate=RATE):
    return _scaled(np.random.default_rng(seed).standard_normal(samples(seconds, rate)), dbfs)


def marks(seconds, seed=7, dbfs=-15.0, rate=RATE, highest=3000):
    """Noise from 300 Hz to `highest` that never repeats: where a piece of it came from can be told to the sample."""
    count = samples(seconds, rate)
    size = 1 << max(1, (count - 1).bit_length())
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(size))
    frequency = np.fft.rfftfreq(size, 1 / rate)
    spectrum[(frequency < 300) | (frequency > highest)] = 0
    return _scaled(np.fft.irfft(spectrum, size)[:count], dbfs)


def hum(seconds, dbfs=-40.0, mains=50):
    t = np.arange(samples(seconds)) / RATE
    return _scaled(sum(np.sin(2 * np.pi * mains * k * t + k) / k for k in (1, 2, 3, 5)), dbfs)


def music(seconds, dbfs=-20.0):
    """Chords that change each 400 ms, with soft attacks and no rests."""
    chords = [(262, 330, 392), (220, 262, 330), (349, 440, 523), (392, 494, 587)]
    parts = []
    for index in range(int(np.ceil(seconds / 0.4))):
        t = np.arange(samples(0.4)) / RATE
        envelope = np.minimum(1, t / 0.02) * (0.5 + 0.5 * np.exp(-3 * t))
        parts.append(envelope * sum(np.sin(2 * np.pi * f * t) + 0.3 * np.sin(4 * np.pi * f * t)
                                    for f in chords[index % len(chords)]))
    return _scaled(np.concatenate(parts)[: samples(seconds)], dbfs)


def staircase(seconds, step=0.5, first=400, rise=100):
    """A different tone each `step` seconds: 400 Hz, 500 Hz, 600 Hz …"""
    count = int(np.ceil(seconds / step))
    return np.concatenate([tone(first + rise * k, step) for k in range(count)])[: samples(seconds)]


def resample(pcm, source, target):
    """`pcm` (one channel, or channels x samples) from one rate to another, by sox; as long as the ratio says."""
    pcm = np.asarray(pcm, dtype=np.int16)
    if source == target or pcm.size == 0:
        return pcm
    channels = 1 if pcm.ndim == 1 else len(pcm)
    raw = ["-t", "raw", "-e", "signed", "-b", "16", "-L", "-c", str(channels)]
    done = subprocess.run(["sox", "-V1", "-D", "-G", *raw, "-r", str(source), "-", *raw, "-r", str(target), "-"],
                          input=np.ascontiguousarray(pcm.T, dtype="<i2").tobytes(), capture_output=True, check=True)
    out = np.frombuffer(done.stdout, dtype="<i2")
    return out if pcm.ndim == 1 else out.reshape(-1, channels).T


def read_wav(path):
    """Mono int16 at 8 kHz from any wav that has 16-bit PCM; averages channels, resamples by straight lines."""
    with wave.open(str(path)) as file:
        if file.getsampwidth() != 2:
            raise ValueError(f"{path}: only 16-bit PCM is read")
        pcm = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, file.getnchannels())
        rate = file.getframerate()
    mono = pcm.mean(axis=1)
    if rate != RATE:
        mono = np.interp(np.arange(int(len(mono) * RATE / rate)) * rate / RATE, np.arange(len(mono)), mono)
    return np.round(mono).astype(np.int16)


def write_wav(path, pcm, rate=RATE):
    """`pcm`: one channel, or channels x samples."""
    pcm = np.atleast_2d(np.asarray(pcm, dtype="<i2"))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(pcm))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.ascontiguousarray(pcm.T).tobytes())


def speech(text="The quick brown fox jumps over the lazy dog.", dbfs=-20.0, speed=160, rate=RATE):
    """`text` spoken by espeak-ng, without silence before and after; made once and kept in the temporary directory."""
    folder = os.path.join(tempfile.gettempdir(), f"telegraphone-speech-{os.getuid()}")
    os.makedirs(folder, exist_ok=True)
    name = hashlib.sha1(f"{text}|{speed}".encode()).hexdigest() + ".wav"
    path, at_rate = os.path.join(folder, name), os.path.join(folder, f"{rate}-{name}")
    if not os.path.exists(at_rate):
        half = f"{path}.{os.getpid()}"
        subprocess.run(["espeak-ng", "-v", "en", "-s", str(speed), "-w", half + ".part.wav", text], check=True)
        subprocess.run(["sox", half + ".part.wav", "-r", str(rate), "-c", "1", "-b", "16", half + ".wav"], check=True)
        os.remove(half + ".part.wav")
        os.rename(half + ".wav", at_rate)
    with wave.open(at_rate) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    return _trimmed(pcm, dbfs)


def _trimmed(pcm, dbfs):
    loud = np.nonzero(np.abs(pcm.astype(np.int32)) > 300)[0]
    pcm = pcm[loud[0] : loud[-1] + 1] if len(loud) else pcm
    return _scaled(pcm, dbfs)


def join(*parts):
    return np.concatenate(parts) if parts else silence(0)
