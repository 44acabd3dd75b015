"""A recogniser in a real process of its own: it hears, dies, hangs, refuses, and never blocks who listens."""

import asyncio
import os
import time
from functools import partial

import numpy as np
import pytest
from tests.mind.odd_recognisers import Counting, Dying, Hanging, crashes, refuses

from bunraku.errors import UserError
from bunraku.mind.voice.ears import MOST_LIVES, Ears

QUIET, SOFT, LOUD = (np.full(512, level, np.float32) for level in (0.0, 0.1, 1.0))


def hear(recipe, *utterances, patience=30.0):
    """What is told while the utterances, lists of frames, are spoken one after another."""
    told = []

    async def run():
        async with Ears(recipe, patience) as ears:
            ears.on_words = lambda words: told.append(("words", words))
            ears.on_heard = lambda heard: told.append(("heard", heard.text, heard.sure))
            ears.on_lost = lambda: told.append(("lost",))
            for frames in utterances:
                ears.start()
                for frame in frames:
                    ears.push(frame)
                ears.end()
                await ears.quiet()
            return ears.pid

    pid = asyncio.run(run())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    return told


def test_every_sample_arrives_and_chatter_does_not_disturb():
    assert hear(Counting, [QUIET] * 3, [QUIET, SOFT, SOFT]) == [
        ("heard", "1536", True),
        ("words", "stop"),
        ("heard", "1536", True),
    ]


def test_it_is_started_again_when_it_dies_or_hangs():
    assert hear(Dying, [QUIET, LOUD], [QUIET]) == [("lost",), ("heard", "512", True)]
    assert hear(Hanging, [QUIET, LOUD], [QUIET], patience=1.0)[-2:] == [("lost",), ("heard", "512", True)]


def test_it_is_given_up_when_it_goes_on_dying():
    with pytest.raises(UserError, match="type instead"):
        hear(Dying, *[[LOUD]] * MOST_LIVES)


@pytest.mark.parametrize(
    ("recipe", "sentence"), [(refuses, "is missing; give one"), (crashes, "broke down as it started")]
)
def test_what_cannot_start_says_why(recipe, sentence):
    with pytest.raises(UserError, match=sentence):
        hear(recipe, [QUIET])


def test_listening_never_blocks_while_it_computes():
    """A minute of sound is handed over at once, although the process is busy with something else."""

    async def run():
        async with Ears(partial(Hanging)) as ears:
            ears.start()
            ears.push(LOUD)
            ears.end()
            before = time.thread_time()
            for _ in range(60 * 16_000 // 512):
                ears.push(SOFT)
            return time.thread_time() - before

    assert asyncio.run(run()) < 1.0
