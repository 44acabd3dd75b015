"""The beeper's tones: a sentence becomes its meanings, each meaning always the same sound, and back into words."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from bunraku.mind.text import Language

SAMPLE_RATE = 16_000
_BASE_HZ = 440.0
_FADE_S = 0.008
_MOST = 4


@cache
def meanings() -> dict[str, dict[str, Any]]:
    """The beeper's language: meaning → melody, cues and words."""
    return tomllib.loads((files("bunraku.mind") / "words" / "tones.toml").read_text(encoding="utf-8"))["meaning"]


def meanings_of(text: str) -> list[str]:
    """What each sentence of the text means to the beeper, in order, without repeats in a row; at most four."""
    found: list[str] = []
    for sentence in re.findall(r"[^.!。！]+[.!。！]*", text) or [text]:
        lower = sentence.strip().lower()
        if not lower:
            continue
        name = next(name for name, m in meanings().items() if any(re.search(cue, lower) for cue in m["cues"]))
        if not found or found[-1] != name:
            found.append(name)
    return found[:_MOST]


def written(names: list[str]) -> str:
    """The meanings as text: "♪yes ♪done"."""
    return " ".join(f"♪{name}" for name in names)


def interpret(text: str, language: Language = "english") -> str:
    """Words for the tones in a text like "♪yes ♪done"; other words stay out."""
    names = re.findall(r"♪(\w+)", text)
    joint = "" if language == "japanese" else " "
    return joint.join(meanings()[name][language] for name in names if name in meanings())


def melody(names: list[str]) -> np.ndarray:
    """The sound of the meanings: (n,) float32 in [-1, 1] at `SAMPLE_RATE`, with a short rest between two."""
    rest = np.zeros(int(0.09 * SAMPLE_RATE))
    parts: list[np.ndarray] = []
    for name in names:
        parts += [_note(pitch, milliseconds) for pitch, milliseconds in meanings()[name]["melody"]] + [rest]
    return np.concatenate(parts or [rest]).astype(np.float32)


def _note(pitch: float | str | list[float], milliseconds: float) -> np.ndarray:
    """One note, or a glide between two pitches, with soft edges and a little of the second and third harmonic."""
    count = int(milliseconds / 1000 * SAMPLE_RATE)
    if isinstance(pitch, str):
        return np.zeros(count)
    low, high = pitch if isinstance(pitch, list) else (pitch, pitch)
    frequency = _BASE_HZ * 2 ** (np.linspace(low, high, count) / 12)
    phase = 2 * np.pi * np.cumsum(frequency) / SAMPLE_RATE
    wave = np.sin(phase) + 0.3 * np.sin(2 * phase) + 0.1 * np.sin(3 * phase)
    fade = np.minimum(1.0, np.minimum(np.arange(count), np.arange(count)[::-1]) / (_FADE_S * SAMPLE_RATE))
    return 0.5 * wave * fade / 1.4
