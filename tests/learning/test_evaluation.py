from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunraku.errors import UserError
from bunraku.robot import RobotSpec
from bunraku.tasks.manipulations import manipulation

pytest.importorskip("onnxruntime")

from bunraku.learning.acting import Policy
from bunraku.learning.evaluation import as_learned


@pytest.fixture(scope="module")
def shipped():
    return Policy(Path("many"), RobotSpec().hand)


@pytest.mark.parametrize("task", ["drawer", "door", "cap", "press", "wipe", "pour"])
@given(seed=st.integers(500_000, 501_000))
@settings(max_examples=10, deadline=None)
def test_a_policy_takes_words_to_mean_what_is_in_the_room(shipped, task, seed):
    drawn = manipulation(task).draw(seed)
    name, asked = as_learned(shipped, seed, drawn.instruction)
    assert (name, asked.order, asked.object, asked.target) == (task, drawn.order, drawn.object, drawn.target)


@pytest.mark.parametrize("words", ["make me a coffee", "dance with the red robot", "what do you see?"])
def test_words_that_it_has_not_learned_are_left_to_the_grammar(shipped, words):
    assert as_learned(shipped, 0, words) is None


def test_who_names_what_is_not_there_is_told_what_one_could_say(shipped):
    with pytest.raises(UserError, match=r"in room 7 that cannot be done; there one could say: “could you open"):
        as_learned(shipped, 7, "open the red drawer")
