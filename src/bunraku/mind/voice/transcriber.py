"""Recognisers that hear a whole utterance at once, any words of it, with pocketsphinx for a second opinion."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from bunraku.mind.rules import Reply, RuleMind
from bunraku.mind.tools import Registry
from bunraku.mind.voice.recognition import Heard, Recogniser
from bunraku.mind.voice.sphinx import SphinxRecogniser


class Transcriber:
    """A `Recogniser` by a function from a whole utterance, (n,) float32 at 16 kHz, to what was said in it.

    A `second` recogniser, where there is one, tells the words so far while somebody speaks. A command is not certain
    where that hears something else in the end.
    """

    def __init__(self, transcribe: Callable[[np.ndarray], Heard], second: Recogniser | None = None):
        self._transcribe, self._second = transcribe, second
        self._rules, self._beside = RuleMind(), ThreadPoolExecutor(1)
        self._sound: list[np.ndarray] = []

    def start(self, in_view: Collection[str] = ()) -> None:
        """An utterance begins, while the kinds of objects `in_view` are to be seen."""
        self._sound.clear()
        if self._second:
            self._second.start(in_view)

    def push(self, sound: np.ndarray) -> str:
        """Keep the sound; the words so far, as the second recogniser hears them."""
        self._sound.append(sound)
        return self._second.push(sound) if self._second else ""

    def end(self) -> Heard:
        """The utterance has ended."""
        whole = np.concatenate([np.zeros(0, np.float32), *self._sound]).astype(np.float32)
        first = self._beside.submit(self._transcribe, whole)
        second = self._second.end() if self._second else Heard("", False)
        heard = first.result()
        plan = self._rules.plan(heard.text)
        if isinstance(plan, Reply) or not second.text or plan == self._rules.plan(second.text):
            return heard
        return replace(heard, sure=False, other=second.text)


def second_opinion(registry: Registry) -> Recogniser | None:
    """Hears "stop" while it is being said, and doubts commands; None without pocketsphinx."""
    return SphinxRecogniser(registry) if importlib.util.find_spec("pocketsphinx") else None
