"""Where the floor ends says where the robot is; who wears a sweater says where a person is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bunraku.control.stance import Stance
from bunraku.house import floor_lines
from bunraku.runtime import Runtime
from bunraku.sim import Scene
from bunraku.sim.person import Person
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.world import create_world
from bunraku.skills.localising import FEWEST, Localizer, floor_ends
from bunraku.skills.people import find_people
from bunraku.vision.detect import View

HALL = Stance(-3.08, 0.7, -0.1)
PERSON = Person(((-5.0, -0.9),), yaw=0.7, plate="blue")


def picture(stance: Stance, ahead: float, height: float, person: Person | None = None) -> View:
    """What the left eye sees that looks at `height` m, `ahead` m before a robot at `stance`."""
    scene = Scene(house=True, person=person, start=(stance.x, stance.y, stance.yaw))
    robot = SimulatedRobot(create_world(scene), seed=1, cameras=("head_left",))
    runtime = Runtime(robot, start=stance, house=True)
    body = runtime.body
    body.gaze = np.array([*(stance.position + ahead * stance.forward), height])
    runtime.idle(1.0)
    assert body.eyes is not None and body.observation is not None
    view = body.eyes.views(body.observation, -1.0, ("head_left",))[0]
    _ = view.image
    robot.close()
    return view


@pytest.fixture(scope="module")
def hall() -> View:
    return picture(HALL, 1.8, 0.3)


def moved(view: View, shift: Stance) -> View:
    """The same picture, taken by a robot that believes to be elsewhere."""
    return replace(
        view,
        position_stance=shift.point(view.position_stance),
        rotation_stance_from_camera=shift.rotation @ view.rotation_stance_from_camera,
    )


def test_the_floor_ends_where_the_map_says_and_a_robot_that_knows_stays(hall):
    localizer = Localizer(floor_lines())
    assert len(floor_ends(hall)) > FEWEST
    correction = localizer.correction(hall)
    assert correction is not None
    here = correction.point(hall.position_stance) - hall.position_stance
    assert np.hypot(*here[:2]) < 0.005
    assert abs(correction.yaw) < 0.003


@pytest.mark.parametrize("shift", [(0.08, 0.0, 0.0), (-0.06, 0.0, 0.01)])
def test_a_wrong_belief_is_worked_off_picture_by_picture(hall, shift):
    localizer = Localizer(floor_lines())
    view = moved(hall, Stance(*shift))
    for _ in range(25):
        correction = localizer.correction(view)
        assert correction is not None
        view = moved(view, correction)
    # It sees the edge of the runner that lies across its way, and beside it little.
    assert abs(view.position_stance[0] - hall.position_stance[0]) < 0.35 * abs(shift[0])


def test_a_dark_camera_says_nothing(hall):
    dark = replace(hall, image=np.zeros_like(hall.image))
    assert Localizer(floor_lines()).correction(dark) is None
    assert find_people(dark) == []


def test_a_person_is_seen_where_it_stands():
    before = Stance(-5.0, -0.9, 0.7).then(Stance(1.7, 0.1, np.pi))
    view = picture(before, 2.0, 1.0, PERSON)
    (seen,) = find_people(view)
    assert np.hypot(*(seen - PERSON.path[0])) < 0.25


def test_nobody_is_seen_where_nobody_is(hall):
    assert find_people(hall) == []


def test_a_step_before_its_feet_is_not_taken_for_the_floor():
    """Looked down upon from near, the first step fills the picture's lower edge: its end is no end of the floor."""
    stairs = picture(Stance(-4.5, 0.9, np.pi / 2), 1.4, 0.3)
    assert len(floor_ends(stairs)) > FEWEST
    assert Localizer(floor_lines()).correction(stairs) is None
