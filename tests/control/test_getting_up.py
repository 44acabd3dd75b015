from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from bunraku.control.getting_up import (
    ATTEMPTS,
    FREE_ARMS,
    FROM_BACK,
    FROM_FRONT,
    FROM_LEFT,
    STRAIGHTEN,
    GettingUp,
    eased,
    mirrored,
    posture,
)
from bunraku.control.nominal import GRAVITY, NominalModel
from bunraku.robot import JOINTS
from bunraku.robot.model import SOLE_SIZE
from bunraku.tasks.standing_up import stand_up

EVERY = (*FREE_ARMS, *FROM_FRONT, *FROM_BACK, *FROM_LEFT)


@pytest.mark.parametrize("move", EVERY, ids=lambda move: move.name)
def test_every_posture_is_one_that_the_robot_can_take(spec, move):
    asked = posture(spec, move)
    for name, degrees in move.posture.items():
        for joint in (name,) if name in JOINTS else (f"left_{name}", f"right_{name}"):
            assert np.rad2deg(asked[JOINTS.index(joint)]) == pytest.approx(degrees, abs=0.1)


@pytest.mark.parametrize("moves", [FROM_FRONT, FROM_BACK, FROM_LEFT], ids=["front", "back", "left"])
def test_mirrored_twice_is_the_same_again(spec, moves):
    assert mirrored(mirrored(moves)) == moves
    for move, other in zip(moves, mirrored(moves), strict=True):
        left, right = (JOINTS.index(f"{side}_hip_pitch") for side in ("left", "right"))
        assert posture(spec, move)[left] == posture(spec, other)[right]


def test_the_squat_stands_by_itself_on_its_soles(spec):
    nominal = NominalModel(spec)
    nominal.place(np.array([0, 0, 0, 1.0, 0, 0, 0, *posture(spec, FROM_FRONT[-1])]))
    sole = nominal.data.site("left_sole")
    back = sole.xmat.reshape(3, 3).T
    over = back @ (nominal.com - sole.xpos)
    assert abs(over[0]) < SOLE_SIZE[0]


def test_the_course_of_a_move_begins_and_ends_at_rest():
    assert eased(0.0) == (0.0, 0.0)
    assert eased(1.0) == eased(1.7) == (1.0, 0.0)
    shares = np.linspace(0, 1, 101)
    np.testing.assert_allclose(
        np.gradient([eased(u)[0] for u in shares], shares)[1:-1], [eased(u)[1] for u in shares][1:-1], atol=2e-3
    )


def test_held_fast_it_gives_up_and_says_so(spec, robot):
    getting_up = GettingUp(spec, 0.5)  # ticks of half a second: nothing moves in between
    observation = robot.observe()
    for _ in range(20 * ATTEMPTS):
        getting_up.compute(observation)
    assert getting_up.stuck is not None
    assert "help" in getting_up.stuck
    assert getting_up.attempts == ATTEMPTS
    assert getting_up.stage == STRAIGHTEN[0].name
    assert not getting_up.finished


def test_on_another_planet_the_same_motion_takes_longer_with_joints_that_give_way_alike(spec, robot):
    slow = np.sqrt(GRAVITY / 3.71)
    observation = robot.observe()
    here, there = GettingUp(spec, 0.01), GettingUp(spec, 0.01 * slow, 3.71)
    for _ in range(60):
        mine, other = here.compute(observation), there.compute(observation)
        np.testing.assert_allclose(other.position, mine.position, atol=1e-9)
        np.testing.assert_allclose(other.velocity * slow, mine.velocity, atol=1e-9)
        np.testing.assert_allclose(other.stiffness / 3.71, mine.stiffness / GRAVITY)
        np.testing.assert_allclose(other.damping / np.sqrt(3.71), mine.damping / np.sqrt(GRAVITY))


def test_where_it_lies_on_an_arm_it_works_the_arm_out_first(spec, robot):
    getting_up = GettingUp(spec, 0.05)
    observation = robot.observe()
    tilted, stages = {}, []
    for name, turn in (("flat", [0.0, np.pi / 2, 0.0]), ("on an arm", [0.0, np.pi / 2, 0.6])):
        tilted[name] = np.empty(4)
        mujoco.mju_euler2Quat(tilted[name], turn, "xyz")
    for i in range(120):
        lies = tilted["on an arm" if i < 60 else "flat"]
        getting_up.compute(replace(observation, imu=replace(observation.imu, orientation=lies)))
        if not stages or stages[-1] != getting_up.stage:
            stages.append(getting_up.stage)
    assert stages[:5] == ["straighten", "open the arms", "work the arms out", "straighten", "open the arms"]
    assert getting_up.attempts == 2


def test_it_gets_up_from_its_front():
    result = stand_up(1000)
    assert result.side == "front"
    assert result.stood, result.problem
    assert result.attempts == 1


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "gravity"), [(1001, 9.81), (1002, 9.81), (1003, 9.81), (1001, 3.71)])
def test_it_gets_up_from_its_back_and_its_sides(seed, gravity):
    assert stand_up(seed, gravity).stood
