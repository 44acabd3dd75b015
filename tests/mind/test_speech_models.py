"""Hearing with a given model: the real sherpa-onnx and faster-whisper, in the real process."""

import asyncio

import numpy as np
import pytest
from tests.mind.tiny_speech_model import write

from bunraku.errors import UserError
from bunraku.mind.robot_tools import robot_registry
from bunraku.mind.voice import whisper
from bunraku.mind.voice.ears import Ears
from bunraku.mind.voice.recognition import Heard, recipe
from bunraku.mind.voice.transcriber import Transcriber

SECOND = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)


def hear(folder):
    told = []

    async def run():
        async with Ears(recipe(robot_registry(), folder)) as ears:
            ears.on_heard = told.append
            ears.start()
            ears.push(SECOND)
            ears.end()
            await ears.quiet()

    asyncio.run(run())
    return told


def test_sherpa_hears_with_a_model(tmp_path):
    pytest.importorskip("sherpa_onnx", reason="the extra bunraku[sherpa] is not installed")
    pytest.importorskip("onnx", reason="the package onnx is not installed")
    assert hear(write(tmp_path / "model")) == [Heard("hello", True)]


class Second:
    """Hears always the same."""

    def __init__(self, text):
        self.text = text

    def start(self, in_view=()):
        pass

    def push(self, sound):
        return self.text

    def end(self):
        return Heard(self.text, True)


@pytest.mark.parametrize(
    ("second", "heard"),
    [
        ("put the can on the shelf", Heard("Put the mug on the shelf.", False, "put the can on the shelf")),
        ("please put the mug on the shelf", Heard("Put the mug on the shelf.", True)),
        ("", Heard("Put the mug on the shelf.", True)),
    ],
)
def test_two_who_hear_different_commands_are_not_certain(second, heard):
    recogniser = Transcriber(lambda sound: Heard("Put the mug on the shelf.", True), Second(second))
    recogniser.start()
    assert recogniser.push(SECOND) == second
    assert recogniser.end() == heard


def test_a_broken_sherpa_model_is_one_sentence(tmp_path):
    pytest.importorskip("sherpa_onnx", reason="the extra bunraku[sherpa] is not installed")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"nonsense")
    (folder / "tokens.txt").write_text("hello 0\n")
    with pytest.raises(UserError, match=r"its model is broken|can load"):
        hear(folder)


def test_a_broken_whisper_model_is_one_sentence(tmp_path):
    pytest.importorskip("faster_whisper", reason="the extra bunraku[whisper] is not installed")
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(UserError, match="faster-whisper can load"):
        hear(tmp_path)


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(UserError, match="is no speech model"):
        recipe(robot_registry(), tmp_path / "none")


def test_what_whisper_doubts_is_not_heard():
    assert whisper.heard([("Thanks for watching!", -0.3, 0.9)]) == Heard("", False)
    assert whisper.heard([(" Pick up", -0.3, 0.1), (" the mug.", -0.9, 0.1)]) == Heard("Pick up the mug.", False)
    assert whisper.heard([(" Stop.", -0.2, 0.1)]) == Heard("Stop.", True)
