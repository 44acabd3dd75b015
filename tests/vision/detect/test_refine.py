from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from bunraku.vision.detect import capsule_mask, refine
from bunraku.vision.detect.model import ObjectModel

from .painting import TABLE, box, drum, paint, three_eyes

BRICK = box("red", (0.11, 0.06, 0.16), "brick")
small = st.tuples(*[st.floats(-0.25, 0.25)] * 3)
shift = st.tuples(*[st.floats(-0.015, 0.015)] * 3)


def turned(model: ObjectModel, rotation: Rotation) -> ObjectModel:
    return replace(model, outline=rotation.apply(model.outline))


def held(model: ObjectModel, position, rotation: Rotation):
    """The object tilted in the air, two fingers in front of it whose places are known."""
    views = paint(three_eyes(), [(turned(model, rotation), tuple(position), 0.0)])
    grip = np.asarray(position) + rotation.apply([[-0.05, -0.05, 0.02], [-0.02, 0.05, 0.02]])
    ends = np.stack([grip, grip + [0, 0, 0.05]], axis=1)
    hidden = [capsule_mask(v, ends, np.full(2, 0.009)) for v in views]
    covered = []
    for view, mask in zip(views, hidden, strict=True):
        image = view.image.copy()
        image[mask] = TABLE
        covered.append(replace(view, image=image, hidden=mask))
    return covered


@settings(max_examples=15, deadline=None)
@given(small, small, shift)
def test_a_held_box_is_found_with_its_tilt(tilt, error, offset):
    rotation = Rotation.from_rotvec(tilt)
    place = np.array([0.4, -0.05, 1.05])
    guess = Rotation.from_rotvec(error) * rotation
    found = refine(held(BRICK, place, rotation), BRICK, place + offset, guess.as_matrix())
    assert found is not None
    assert np.linalg.norm(found.position_stance - place) < 0.006
    wrong = Rotation.from_matrix(found.rotation_stance_from_object) * rotation.inv()
    assert wrong.magnitude() < np.radians(6)


def test_what_the_pictures_do_not_show_stays_as_guessed():
    can = drum("red")
    guess = Rotation.from_euler("z", 0.7)
    found = refine(held(can, (0.4, 0, 1.0), Rotation.identity()), can, np.array([0.41, 0, 1.0]), guess.as_matrix())
    assert found is not None
    assert np.linalg.norm(found.position_stance - (0.4, 0, 1.0)) < 0.004
    turn = Rotation.from_matrix(found.rotation_stance_from_object).as_euler("ZYX")[0]
    assert turn == pytest.approx(0.7, abs=0.05)


def test_an_empty_hand_holds_nothing():
    assert refine(three_eyes(), BRICK, np.array([0.4, 0, 1.05]), np.eye(3)) is None


def test_another_colour_in_the_hand_is_not_it():
    views = held(replace(BRICK, colour="blue", rgb=(0.09, 0.25, 0.78)), (0.4, 0, 1.05), Rotation.identity())
    assert refine(views, BRICK, np.array([0.4, 0, 1.05]), np.eye(3)) is None


def test_a_thing_far_from_the_guess_is_not_it():
    views = held(BRICK, (0.4, 0.2, 1.05), Rotation.identity())
    assert refine(views, BRICK, np.array([0.4, -0.15, 1.05]), np.eye(3)) is None
