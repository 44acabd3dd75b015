"""Which object is meant: the answer fits the query, or a question is asked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mind.kitchen import seen

from bunraku.mind import Clarification, ObjectQuery, SeenObject, resolve

TWO = [seen("mug", "red", 0.5, 0.2), seen("mug", "red", 0.5, -0.2), seen("box", "blue", 0.7, 0.0)]


def test_two_that_fit_are_asked_about():
    answer = resolve(ObjectQuery("mug", "red"), TWO)
    assert isinstance(answer, Clarification)
    assert answer.text == "Which one? I see a red mug on the left and one on the right."
    assert len(answer.candidates) == 2
    japanese = resolve(ObjectQuery("mug"), TWO, "japanese")
    assert isinstance(japanese, Clarification) and "左の赤い" in japanese.text


@pytest.mark.parametrize(("side", "y"), [("left", 0.2), ("right", -0.2)])
def test_sides_are_the_robots(side, y):
    answer = resolve(ObjectQuery("mug", "red", side), TWO)
    assert isinstance(answer, SeenObject) and answer.position_stance[1] == y


def test_near_far_big_small():
    things = [seen("ball", "red", 0.4, 0.0), seen("ball", "red", 0.8, 0.0)]
    near, far = (resolve(ObjectQuery("ball", side=side), things) for side in ("nearest", "farthest"))
    assert near is things[0] and far is things[1]
    mixed = [seen("cube", "red", 0.5, 0.1), seen("box", "red", 0.5, -0.1)]
    assert resolve(ObjectQuery(colour="red", size="big"), mixed) is mixed[1]
    assert resolve(ObjectQuery(colour="red", size="small"), mixed) is mixed[0]


def test_nothing_fits():
    answer = resolve(ObjectQuery("banana"), TWO)
    assert isinstance(answer, Clarification) and not answer.candidates
    assert answer.text.startswith("I do not see a banana; I see ")
    assert "nor anything else" in resolve(ObjectQuery("banana"), []).text


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["mug", "can"]), st.sampled_from(["red", "blue"]), st.floats(0.2, 0.8), st.floats(-0.5, 0.5)
        ),
        max_size=5,
    ),
    st.sampled_from(["mug", "can", None]),
    st.sampled_from(["red", "blue", None]),
    st.sampled_from(["left", "right", "middle", "nearest", "farthest", None]),
)
def test_an_answer_always_fits_the_query(things, kind, colour, side):
    objects = [SeenObject(k, c, np.array([x, y, 0.9])) for k, c, x, y in things]
    answer = resolve(ObjectQuery(kind, colour, side), objects)
    if isinstance(answer, SeenObject):
        assert kind in (None, answer.kind) and colour in (None, answer.colour)
    else:
        assert len(answer.candidates) != 1 and answer.text
