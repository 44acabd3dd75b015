"""How well the voice path hears: commands and other speech of espeak-ng, with noise, through the real recogniser.

    python benchmarks/mind/voice.py

Prints word and sentence accuracy of commands, how many are certain, and what other speech becomes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import tyro

sys.path.insert(0, str(Path(__file__).parent))

from bunraku.mind.robot_tools import robot_registry
from bunraku.mind.voice.audio import FRAME, SAMPLE_RATE
from bunraku.mind.voice.recognition import Heard, Recogniser
from bunraku.mind.voice.speech import synthesise

VOICES = ("en-us", "en-us+f2", "en-us+m3")
COMMANDS = (Path(__file__).parent / "phrases" / "spoken.txt").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
OTHER = (Path(__file__).parent / "phrases" / "spoken.txt").read_text(encoding="utf-8").split("\n\n")[1].splitlines()


def main(noise: float = 0.002, seed: int = 0) -> None:
    """Measure the recogniser.

    Args:
        noise: standard deviation of white noise; full scale is 1.
        seed: of the noise.
    """
    recogniser = Recogniser(robot_registry())
    errors = words = exact = sure = 0
    for voice in VOICES:
        for text in COMMANDS:
            heard = hear(recogniser, text, voice, noise, seed)
            wrong = word_errors(text.split(), heard.text.split())
            errors, words = errors + wrong, words + len(text.split())
            exact, sure = exact + (wrong == 0), sure + heard.sure
            if wrong:
                print(f"  {voice:9} {text!r} was heard as {heard.text!r}{'' if heard.sure else ', unsure'}")
    count = len(VOICES) * len(COMMANDS)
    print(f"commands: word accuracy {1 - errors / words:.1%}, sentences {exact}/{count}, certain {sure}/{count}")
    others = [hear(recogniser, text, voice, noise, seed) for voice in VOICES for text in OTHER]
    certain = sum(h.sure for h in others)
    print(
        f"other speech: {sum(not h.text for h in others)}/{len(others)} ignored, {certain} taken for certain commands"
    )


def hear(recogniser: Recogniser, text: str, voice: str, noise: float, seed: int) -> Heard:
    """What the recogniser hears of the text."""
    speech = synthesise(text, {"espeak": voice, "speed": 150})
    sound = np.concatenate([np.zeros(SAMPLE_RATE // 3), speech, np.zeros(SAMPLE_RATE // 3)])
    sound = sound + np.random.default_rng(seed).normal(0, noise, len(sound))
    recogniser.start()
    for start in range(0, len(sound), FRAME):
        recogniser.push(sound[start : start + FRAME])
    return recogniser.end()


def word_errors(said: list[str], heard: list[str]) -> int:
    """Levenshtein distance in words."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        previous, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (word != other))
    return row[-1]


if __name__ == "__main__":
    tyro.cli(main)
