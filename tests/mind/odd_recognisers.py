"""Recognisers that misbehave as real ones do."""

import os
import time

import numpy as np

from bunraku.errors import UserError
from bunraku.mind.voice.recognition import Heard


class Counting:
    """Hears how many samples there were, and chatters on standard output as libraries do."""

    def start(self, in_view=()):
        self.count = 0
        print("a library says something", flush=True)
        os.write(1, b"and so does its C code\n")

    def push(self, sound: np.ndarray) -> str:
        self.count += len(sound)
        return "stop" if sound.any() else ""

    def end(self) -> Heard:
        return Heard(str(self.count), True)


class Dying(Counting):
    """Dies of a loud sound, in the midst of speech."""

    def push(self, sound):
        if np.abs(sound).max() > 0.9:
            os._exit(9)
        return super().push(sound)


class Hanging(Counting):
    """Never comes to an end of a loud sound."""

    def push(self, sound):
        self.loud = bool(np.abs(sound).max() > 0.9)
        return super().push(sound)

    def end(self):
        if self.loud:
            time.sleep(1000)
        return super().end()


def refuses():
    raise UserError("the model is missing; give one.")


def crashes():
    os._exit(7)
