"""The beeper: the same meaning always sounds the same, different meanings never do."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunraku.mind.tones import interpret, meanings, meanings_of, melody, written


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("All right.", ["yes"]),
        ("はい。", ["yes"]),
        ("Which one? I see a red mug on the left and one on the right.", ["question"]),
        ("All right. The red mug is on the shelf.", ["yes", "done"]),
        ("I do not know what a unicorn is.", ["unknown"]),
        ("I could not grasp it.", ["failed"]),
        ("Hello! What shall I do?", ["hello", "question"]),
        ("赤いマグは見えません。", ["failed"]),
    ],
)
def test_sentences_have_meanings(text, names):
    assert meanings_of(text)[: len(names)] == names


def test_melodies_differ_and_repeat():
    sounds = {name: melody([name]) for name in meanings()}
    for one, other in itertools.combinations(sounds, 2):
        assert sounds[one].shape != sounds[other].shape or not np.allclose(sounds[one], sounds[other])
    for name, sound in sounds.items():
        np.testing.assert_array_equal(sound, melody([name]))
        assert 0.1 < len(sound) / 16_000 < 1.2


@given(st.text(max_size=80))
def test_any_text_sounds_within_bounds(text):
    names = meanings_of(text)
    sound = melody(names)
    assert len(names) <= 4 and np.isfinite(sound).all() and np.abs(sound).max() <= 1.0
    assert not any(interpret(written([name])) == "" for name in names)


def test_the_interpreter_says_what_the_beeper_meant():
    assert interpret("♪yes ♪done") == "Yes, all right. It is done."
    assert interpret("♪stopped", "japanese") == "止まりました。"
