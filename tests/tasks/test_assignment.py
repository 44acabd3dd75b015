import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunraku.acting import understand
from bunraku.errors import UserError
from bunraku.objects import KINDS, SURFACES
from bunraku.tasks.assignment import draw_assignment, fits
from bunraku.tasks.pick_place import assignment_for

SEEDS = st.integers(0, 2**31 - 1)


@given(SEEDS)
def test_the_words_of_an_assignment_mean_it(seed: int) -> None:
    assignment = draw_assignment(seed)
    call = understand(assignment.instruction).calls[-1]
    assert call.name == "put"
    query, target = call.arguments["object"], call.arguments["target"]
    assert f"{query.colour} {query.kind}" == assignment.object
    assert call.arguments["relation"] == assignment.relation
    named = target.place or f"{target.object.colour} {target.object.kind}"
    assert named == assignment.target


def test_what_is_picked_up_to_be_put_somewhere_is_brought_at_once() -> None:
    """Only then does the hand that takes it know where it goes."""
    assert [c.name for c in understand("pick up the blue ball and put it on the shelf").calls] == ["put"]
    two = understand("pick up the blue ball, then put the red mug on the shelf").calls
    assert [c.name for c in two] == ["pick", "put"]


@given(SEEDS)
def test_what_is_asked_for_can_be_done(seed: int) -> None:
    assignment = draw_assignment(seed)
    assert KINDS[assignment.kind].graspable
    assert assignment.target in SURFACES or fits(assignment.kind, assignment.scene.find(assignment.target).kind)
    assert draw_assignment(seed) == assignment


@pytest.mark.parametrize(
    ("words", "object", "target"),
    [
        ("put the red mug on the shelf", "red mug", "shelf"),
        ("赤いマグを棚に置いて", "red mug", "shelf"),
        ("pick up the blue ball", "blue ball", ""),
        ("put the green bottle beside the yellow bowl", "green bottle", "yellow bowl"),
        ("what do you see?", "", ""),
    ],
)
def test_a_persons_words_find_their_things_in_the_room(words: str, object: str, target: str) -> None:
    assignment = assignment_for(3, words)
    assert (assignment.object, assignment.target) == (object, target)


@pytest.mark.parametrize(
    "words", ["put the unicorn on the shelf", "put the red mug on the moon", "sing", "put the red"]
)
def test_what_is_not_understood_is_one_sentence(words: str) -> None:
    with pytest.raises(UserError) as error:
        assignment_for(0, words)
    assert "\n" not in str(error.value)


def test_a_colour_that_a_thing_never_has_is_refused() -> None:
    with pytest.raises(UserError, match="banana"):
        assignment_for(0, "put the blue banana on the shelf")
