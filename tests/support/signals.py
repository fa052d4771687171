"""What phones say: tones, silence, noise, hum, music, speech by espeak-ng, and marks by which a recording can be placed.

Everything is 16-bit PCM at 8 kHz mono, as numpy arrays of int16, and the same in every run.
"""

import hashlib
import os
import subprocess
import tempfile
import wave

import numpy as np

RATE = 8000


def samples(seconds):
    return int(round(seconds * RATE))


def silence(seconds):
    return np.zeros(samples(seconds), dtype=np.int16)


def _scaled(signal, dbfs):
    """`signal` with its RMS at `dbfs` (0 dBFS: a full square wave)."""
    signal = np.asarray(signal, dtype=np.float64)
    rms = np.sqrt(np.mean(signal**2)) if len(signal) else 0
    if rms == 0:
        return signal.astype(np.int16)
    return np.clip(np.round(signal / rms * 32768 * 10 ** (dbfs / 20)), -32768, 32767).astype(np.int16)


def tone(frequency, seconds, dbfs=-15.0):
    """A sine whose first and last 5 ms are faded."""
    t = np.arange(samples(seconds)) / RATE
    wave_ = np.sin(2 * np.pi * frequency * t)
    fade = min(40, len(wave_) // 2)
    if fade:
        ramp = np.linspace(0, 1, fade)
        wave_[:fade] *= ramp
        wave_[-fade:] *= ramp[::-1]
    return np.round(wave_ * np.sqrt(2) * 32768 * 10 ** (dbfs / 20)).astype(np.int16)


def noise(seconds, dbfs=-40.0, seed=1):
    return _scaled(np.random.default_rng(seed).standard_normal(samples(seconds)), dbfs)


def marks(seconds, seed=7, dbfs=-15.0):
    """Noise between 300 and 3000 Hz that never repeats: where a piece of it came from can be told to the sample."""
    count = samples(seconds)
    size = 1 << max(1, (count - 1).bit_length())
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(size))
    frequency = np.fft.rfftfreq(size, 1 / RATE)
    spectrum[(frequency < 300) | (frequency > 3000)] = 0
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
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.asarray(pcm, dtype="<i2").tobytes())


def speech(text="The quick brown fox jumps over the lazy dog.", dbfs=-20.0, speed=160):
    """`text` spoken by espeak-ng, without silence before and after; made once and kept in the temporary directory."""
    folder = os.path.join(tempfile.gettempdir(), f"telegraphone-speech-{os.getuid()}")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, hashlib.sha1(f"{text}|{speed}".encode()).hexdigest() + ".wav")
    if not os.path.exists(path):
        half = f"{path}.{os.getpid()}.part"
        subprocess.run(["espeak-ng", "-v", "en", "-s", str(speed), "-w", half, text], check=True)
        os.rename(half, path)
    with wave.open(path) as file:
        rate = file.getframerate()
    resampled = path + ".8k.wav"
    if not os.path.exists(resampled):
        if rate == RATE:
            return _trimmed(read_wav(path), dbfs)
        half = f"{path}.{os.getpid()}.8k.wav"
        subprocess.run(["sox", path, "-r", "8000", "-c", "1", "-b", "16", half], check=True)
        os.rename(half, resampled)
    return _trimmed(read_wav(resampled), dbfs)


def _trimmed(pcm, dbfs):
    loud = np.nonzero(np.abs(pcm.astype(np.int32)) > 300)[0]
    pcm = pcm[loud[0] : loud[-1] + 1] if len(loud) else pcm
    return _scaled(pcm, dbfs)


def join(*parts):
    return np.concatenate(parts) if parts else silence(0)
