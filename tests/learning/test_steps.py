import pytest

from bunraku.learning.steps import NOTHING, STEPS, VERBS, Segment, fixed_kinds, name_of, segments, step, steps_of
from bunraku.tasks.manipulations import manipulation


@pytest.mark.parametrize("task", VERBS)
def test_the_steps_of_a_task_are_about_what_its_words_name(task):
    for seed in range(20):
        given = manipulation(task).draw(seed)
        orders = steps_of(task, given)
        assert orders
        for order in orders:
            assert 1 <= len(order) <= STEPS
            named = given.instruction.lower()
            for meant in order:
                colour, _, kind = name_of(*meant[1:3]).partition(" ")
                if named.isascii() and task not in ("sort", "press", "pour", "wipe"):
                    assert colour in named
                assert meant == step(
                    VERBS[task], f"{colour} {kind}", name_of(*meant[3:]) if meant[3:] != NOTHING else ""
                )


def test_buttons_are_pressed_in_the_order_in_which_they_are_named_and_round_things_in_any():
    given = manipulation("press").draw(0)
    assert steps_of("press", given) == [tuple(step("press", name) for name in given.order)]
    one, other = steps_of("sort", manipulation("sort").draw(0))
    assert one == other[::-1]


def test_a_task_that_no_step_can_say_has_none():
    assert steps_of("tray", manipulation("tray").draw(0)) == []


def test_only_what_words_mean_is_looked_for_among_what_is_fixed():
    assert fixed_kinds([step("wipe", "red sponge", "blue stain")]) == ["stain"]
    assert fixed_kinds([step("put", "red cube", "blue bowl")]) == []


RED, BLUE = step("press", "red button"), step("press", "blue button")


def at(frame: int, name: str, side: str) -> tuple[int, str, str]:
    return frame, "press", f"pressing the {name} with the {side} hand"


def test_a_step_ends_where_the_next_one_begins_or_where_the_hand_goes_home():
    said = [at(5, "blue button", "left"), at(20, "red button", "left")]
    assert list(segments(said, [(BLUE, RED)], 0, 40)) == [Segment(BLUE, "left", 0, 20), Segment(RED, "left", 20, 40)]
    said = [at(5, "blue button", "left"), (15, "home", "going home"), at(25, "red button", "right")]
    assert list(segments(said, [(BLUE, RED)], 0, 40)) == [Segment(BLUE, "left", 0, 15), Segment(RED, "right", 25, 40)]


def test_a_hand_that_goes_home_to_try_again_is_still_at_it():
    said = [at(5, "red button", "left"), (15, "home", "going home"), at(25, "red button", "left")]
    found = list(segments(said, [(RED,)], 0, 40))
    assert found == [Segment(RED, "left", 0, 25), Segment(RED, "left", 25, 40)]


def test_an_episode_in_which_nothing_was_said_is_one_step_by_whoever_moves():
    assert list(segments([], [(RED,)], 3, 40)) == [Segment(RED, "", 3, 40)]
