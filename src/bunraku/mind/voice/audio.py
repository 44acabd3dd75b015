"""Sound as arrays: (n,) float32 in [-1, 1], mono, at `SAMPLE_RATE`."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np

from bunraku.errors import UserError

SAMPLE_RATE = 16_000
FRAME = 512
"""Samples in one frame: 32 ms, what silero-vad takes."""


def read_wav(path: Path) -> np.ndarray:
    """The sound of a WAV file, mixed to mono and resampled. Raises `UserError` for a file that is none."""
    try:
        return decode_wav(path.read_bytes())
    except OSError as error:
        raise UserError(f"cannot read the audio file {path}: {error.strerror}.") from error
    except (wave.Error, EOFError, ValueError) as error:
        raise UserError(f"{path} is not a WAV file of 16-bit samples.") from error


def decode_wav(data: bytes) -> np.ndarray:
    """The sound of WAV data whose header may state no length, as that of a stream."""
    with wave.open(io.BytesIO(data)) as file:
        if file.getsampwidth() != 2:
            raise ValueError("16-bit samples expected")
        rate, channels = file.getframerate(), file.getnchannels()
        samples = file.readframes(file.getnframes())
    samples = samples[: len(samples) // (2 * channels) * 2 * channels]
    sound = np.frombuffer(samples, "<i2").reshape(-1, channels).mean(axis=1) / 32768
    return resampled(sound, rate)


def resampled(sound: np.ndarray, rate: int) -> np.ndarray:
    """The sound (n,) taken at `rate` (Hz), at `SAMPLE_RATE`."""
    if rate == SAMPLE_RATE or len(sound) == 0:
        return sound.astype(np.float32)
    from scipy.signal import resample_poly

    divisor = int(np.gcd(rate, SAMPLE_RATE))
    return resample_poly(sound, SAMPLE_RATE // divisor, rate // divisor).astype(np.float32)


def pcm16(sound: np.ndarray) -> bytes:
    """The sound as 16-bit little-endian samples."""
    return (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()


def decoded(pcm: bytes) -> np.ndarray:
    """The sound of what `pcm16` returns."""
    return np.frombuffer(pcm, "<i2").astype(np.float32) / 32767
