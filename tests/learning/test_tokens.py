import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from bunraku.learning.frames import MIRROR, Synergies, mirrored
from bunraku.learning.tokens import FAR, FINGERS, GRIP, MOST, TENSION, Tokens, features
from bunraku.robot import SIDES, HandReading
from bunraku.skills import Seen
from bunraku.skills.body import Pose

HAND = HandReading(0.0, np.zeros(22), np.zeros(22), np.ones(22))
AWAY = [np.array([0.0, 0.0, 1.5])]


def seen(kind: str = "cube", colour: str = "red", at=(0.4, -0.1, 0.92), yaw: float = 0.0, **more) -> Seen:
    return Seen(kind, colour, np.array(at), yaw, **more)


BASIS = Synergies(np.zeros(22), np.eye(FINGERS, 22))


def inputs(thing: Seen, palm: Pose, side: str = "right") -> np.ndarray:
    tokens = Tokens()
    tokens.update([thing], AWAY)
    return features(0, tokens.table()[0], None, side, palm, HAND, np.ones(2), BASIS)


PALM = Pose(np.array([0.1, -0.2, 1.2]), np.eye(3))


@given(st.floats(-np.pi, np.pi), st.integers(-3, 3))
def test_a_cube_that_looks_the_same_is_the_same(yaw, quarters):
    first, second = (inputs(seen(yaw=angle), PALM) for angle in (yaw, yaw + quarters * np.pi / 2))
    turn = TENSION + 1
    difference = np.abs(first - second)
    # At the border between two quarters either may be chosen.
    difference[turn] = min(difference[turn], abs(difference[turn] - np.pi / 2))
    assert difference.max() < 1e-5


@given(st.floats(-np.pi, np.pi))
def test_a_ball_has_no_direction(yaw):
    np.testing.assert_array_equal(inputs(seen("ball", yaw=yaw), PALM), inputs(seen("ball"), PALM))


def test_the_same_scene_seen_from_the_palm_does_not_change_when_both_move():
    shift = np.array([0.05, -0.03, 0.0])
    before = inputs(seen("ball"), PALM)
    after = inputs(seen("ball", at=np.array([0.4, -0.1, 0.92]) + shift), PALM.moved(shift))
    np.testing.assert_allclose(before[:6], after[:6], atol=1e-6)


def test_a_thing_in_the_palm_frame_is_where_the_palm_has_it():
    palm = Pose(PALM.position, Rotation.from_euler("xyz", [0.3, -0.2, 0.9]).as_matrix())
    found = inputs(seen("ball"), palm)
    np.testing.assert_allclose(palm.rotation @ found[3:6], found[:3], atol=1e-6)


def test_what_turns_one_way_is_told_apart_from_what_a_mirror_shows():
    from bunraku.learning.steps import CHIRAL, VERB_NAMES
    from bunraku.learning.tokens import NEAREST

    tokens = np.array([0.0, 0.0, 0.4, 0.0, 0.92, 0.0])
    for verb, name in enumerate(VERB_NAMES):
        told = {
            side: features(verb, tokens, None, side, PALM, HAND, np.ones(2), BASIS)[NEAREST - len(VERB_NAMES) : NEAREST]
            for side in SIDES
        }
        assert told["right"][verb] == 1.0
        np.testing.assert_array_equal(told["left"], -told["right"] if name in CHIRAL else told["right"])


@pytest.mark.parametrize(("confidence", "believed"), [(0.6, False), (0.95, True)])
def test_a_thing_under_the_hand_is_where_it_is_clearly_seen(confidence, believed):
    tokens, near = Tokens(), [np.array([0.4, -0.1, 0.92 + 0.9 * FAR])]
    tokens.update([seen()], AWAY)
    pushed = seen(at=(0.43, -0.08, 0.92), confidence=confidence)
    tokens.update([pushed], near)
    np.testing.assert_allclose(tokens.table()[0, 2:4], [0.43, -0.08] if believed else [0.4, -0.1])
    tokens.update([pushed], AWAY)
    np.testing.assert_allclose(tokens.table()[0, 2:4], [0.43, -0.08])


def hands(right: float) -> dict[str, HandReading]:
    """A slack left hand, and a right one whose loops pull with so much (N)."""
    pulls = dict(zip(SIDES, (0.0, right), strict=True))
    return {side: HandReading(0.0, np.zeros(22), np.zeros(22), np.full(22, pull)) for side, pull in pulls.items()}


def palms(right: Pose) -> dict[str, Pose]:
    return {"left": Pose(np.array([0.0, 0.4, 1.2]), np.eye(3)), "right": right}


@given(st.floats(-1.5, 1.5), st.floats(-1.5, 1.5), st.floats(-0.3, 0.3))
def test_a_left_hand_is_told_what_a_right_hand_is_told_in_a_mirror(yaw, turn, y):
    palm = Pose(PALM.position, Rotation.from_euler("zyx", [turn, 0.2, -0.4]).as_matrix())
    right = inputs(seen("mug", at=(0.4, y, 0.92), yaw=yaw), palm)
    left = inputs(seen("mug", at=MIRROR * (0.4, y, 0.92), yaw=-yaw), mirrored(palm), "left")
    np.testing.assert_allclose(left, right, atol=1e-6)


@given(st.floats(-0.2, 0.2), st.floats(0.0, 0.2), st.floats(-1.0, 1.0))
def test_what_a_hand_holds_goes_where_the_hand_goes_and_stays_where_it_is_let_go(aside, up, turn):
    tokens, above = Tokens(), Pose(np.array([0.4, -0.1, 0.92]) - GRIP, np.eye(3))
    tokens.update([seen(), seen("ball", "blue", at=(0.5, 0.1, 0.93))], AWAY)
    before = tokens.table()
    tokens.feel(palms(above), hands(0.0))
    tokens.feel(palms(Pose(above.position + [0.0, 0.3, 0.3], np.eye(3))), hands(3.0))  # nothing is there to be held
    np.testing.assert_allclose(tokens.table(), before)
    tokens.feel(palms(above), hands(3.0))
    there = Pose(above.position + [0.0, aside, up], Rotation.from_euler("z", turn).as_matrix())
    tokens.feel(palms(there), hands(0.8))  # it grips less than when it took the thing
    np.testing.assert_allclose(tokens.table()[0, 2:5], there.shifted(GRIP).position, atol=1e-9)
    assert tokens.table()[0, 5] == pytest.approx(turn)
    tokens.update([seen(at=(0.3, -0.3, 0.92))], AWAY)  # what is held is felt: no eye knows better
    tokens.feel(palms(there), hands(0.0))
    tokens.feel(palms(above), hands(0.0))
    np.testing.assert_allclose(tokens.table()[0, 2:5], there.shifted(GRIP).position, atol=1e-9)
    np.testing.assert_allclose(tokens.table()[1], before[1])
    tokens.update([seen(at=(0.3, -0.3, 0.92))], AWAY)
    np.testing.assert_allclose(tokens.table()[0, 2:4], [0.3, -0.3])


def test_what_is_fixed_does_not_go_along_with_a_hand():
    tokens, above = Tokens(), Pose(np.array([0.4, -0.1, 0.92]) - GRIP, np.eye(3))
    tokens.update([seen("handle")], AWAY)
    tokens.feel(palms(above), hands(3.0))
    tokens.feel(palms(Pose(above.position - [0.1, 0.0, 0.0], np.eye(3))), hands(3.0))
    tokens.update([seen("handle", at=(0.3, -0.1, 0.92))], [above.position])
    np.testing.assert_allclose(tokens.table()[0, 2:4], [0.4, -0.1])


@pytest.mark.parametrize("doubt", [{"confidence": 0.1}, {"deviation": 0.2}])
def test_what_is_hardly_seen_is_not_believed(doubt):
    tokens = Tokens()
    tokens.update([seen(**doubt)], AWAY)
    assert not tokens.names


def test_there_are_never_more_tokens_than_the_cap():
    from bunraku.objects import COLOURS

    tokens = Tokens()
    tokens.update([seen(kind, colour) for kind in ("cube", "ball", "mug") for colour in COLOURS], AWAY)
    assert len(tokens.table()) == MOST
