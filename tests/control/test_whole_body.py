from __future__ import annotations

from dataclasses import fields

import mujoco
import numpy as np
import pytest

from bunraku.control.estimator import BodyState
from bunraku.control.posture import BodyPoses
from bunraku.control.whole_body import Gains
from bunraku.sim.truth import is_standing


@pytest.mark.parametrize("name", [field.name for field in fields(Gains)])
def test_gains_slowed_twice_are_slowed_by_the_product(name):
    assert Gains().slowed(1.0) == Gains()
    assert getattr(Gains().slowed(1.5).slowed(2.0), name) == pytest.approx(getattr(Gains().slowed(3.0), name))


def palm_error(spec, true_configuration, goal) -> float:
    """Distance (m) between where the right palm is and where the goal has it."""
    poses = BodyPoses(spec)
    actual, _ = poses.palm_pose(BodyState(0.0, true_configuration, goal.velocity, np.ones(2)), "right")
    wanted, _ = poses.palm_pose(BodyState(0.0, goal.configuration, goal.velocity, np.ones(2)), "right")
    return float(np.linalg.norm(actual - wanted))


@pytest.mark.parametrize("load", [0.0, 1.0])
def test_palms_reach_within_3_mm_with_and_without_an_unknown_load(spec, world, stand, true_body, load, reaching_goal):
    world.model.body_mass[world.model.body("right_hand").id] += load
    mujoco.mj_setConst(world.model, mujoco.MjData(world.model))
    stand(1.0)
    stand(4.0, reaching_goal)
    assert palm_error(spec, true_body()[0], reaching_goal(4.0)) < 0.003
    assert is_standing(world)


def test_pushed_while_reaching_it_stays_on_its_feet(spec, world, stand, true_body, reaching_goal):
    pelvis = world.model.body("pelvis").id
    where = []

    def goal_at(time):
        world.data.xfrc_applied[pelvis, :3] = (0, 80, 0) if 1.0 < time < 1.1 else (60, 0, 0) if 4 < time < 4.1 else 0
        return reaching_goal(time % 5.0)

    stand(5.0, goal_at, lambda controller, goal: where.append(true_body()[0][:3]))
    assert is_standing(world)
    assert np.abs(where[-1] - where[0]).max() < 0.02


def test_feet_do_not_move_and_torques_stay_within_the_motors(spec, world, stand, reaching_goal):
    soles = [world.model.site(f"{side}_sole").id for side in ("left", "right")]
    start = world.data.site_xpos[soles].copy()
    largest = np.zeros(30)

    def each(controller, goal):
        np.maximum(largest, np.abs(controller.solution.torque), out=largest)
        assert controller.solution.feasible

    stand(2.5, reaching_goal, each)
    assert np.abs(world.data.site_xpos[soles] - start).max() < 0.003
    assert (largest <= spec.torque_limits + 1e-9).all()


def test_a_goal_that_leans_too_far_does_not_topple_it(world, stand, still_goal):
    def goal_at(time):
        goal = still_goal()
        goal.configuration[0] += min(0.15 * time, 0.3)
        return goal

    stand(4.0, goal_at)
    assert is_standing(world)


@pytest.mark.slow
def test_stands_and_reaches_for_two_minutes(world, stand, reaching_goal):
    stand(120.0, lambda time: reaching_goal(time % 6.0, 1.0))
    assert is_standing(world)
