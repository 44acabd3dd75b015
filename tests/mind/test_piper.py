"""The real Piper with a tiny voice."""

import numpy as np
import pytest
from tests.mind.tiny_voice import write

from bunraku.errors import UserError
from bunraku.mind.persona import load
from bunraku.mind.voice.session import voice_of
from bunraku.mind.voice.speech import piper

pytest.importorskip("piper", reason="the extra bunraku[piper] is not installed")
pytest.importorskip("onnx", reason="the package onnx is not installed")


def test_a_voice_file_speaks(tmp_path):
    say = voice_of(load("companion"), write(tmp_path / "hum.onnx"))
    short, long = say("Yes."), say("I put the red mug on the shelf.")
    assert short.dtype == np.float32 and 0.5 < np.abs(short).max() <= 1.0
    assert 1000 < len(short) < len(long)


def test_the_beeper_keeps_its_tones(tmp_path):
    assert voice_of(load("beeper"), tmp_path / "none.onnx")("hello").any()


def test_a_file_that_is_no_voice_is_refused(tmp_path):
    file = write(tmp_path / "hum.onnx")
    file.write_bytes(b"nonsense")
    with pytest.raises(UserError, match="no voice"):
        piper(file)
