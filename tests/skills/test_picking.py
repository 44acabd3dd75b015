import numpy as np
import pytest

from bunraku.control.reach import Solution
from bunraku.objects import KINDS, SURFACES
from bunraku.runtime import Runtime
from bunraku.sim import Scene
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.world import create_world
from bunraku.skills.grasps import Plan, candidates
from bunraku.skills.perception import Seen
from bunraku.skills.picking import pick, planned_grip


def test_a_hand_that_closed_on_nothing_says_so():
    """The robot believes in a cube that is not there: it must report failure, and stay on its feet."""
    robot = SimulatedRobot(create_world(Scene()), cameras=())
    runtime = Runtime(robot)
    runtime.body.eyes = None
    place = np.array([0.42, -0.12, SURFACES["counter"].top + KINDS["cube"].rest_height])
    outcome = runtime.run(pick(runtime.body, Seen("cube", "red", place, 0.0), tries=1))
    robot.close()
    assert not outcome.success
    assert "nothing" in outcome.reason
    assert not runtime.body.grips
    assert runtime.body.configuration[2] > 0.8


def test_a_cancelled_skill_leaves_the_body_at_rest():
    robot = SimulatedRobot(create_world(Scene()), cameras=())
    runtime = Runtime(robot)
    place = np.array([0.42, -0.12, SURFACES["counter"].top + KINDS["cube"].rest_height])
    ticks = iter(range(60))
    skill = pick(runtime.body, Seen("cube", "red", place, 0.0), tries=1)
    assert runtime.run(skill, lambda: next(ticks, None) is not None) is None
    runtime.idle(1.0)
    robot.close()
    np.testing.assert_allclose(runtime.body.velocity[:8], 0, atol=1e-6)
    assert runtime.body.configuration[2] > 0.8


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_wrapped_bottle_comes_to_lie_along_the_thumb(side):
    bottle = Seen("bottle", "blue", np.array([0.5, 0.0, SURFACES["counter"].top + KINDS["bottle"].rest_height]), 0.4)
    for option in candidates("h22", side, bottle):
        plan = Plan(side, option.grasp, option.palm, Solution(np.zeros(37), 0.0, 0.0, 1.0), 0.0)
        grip = planned_grip(plan, bottle)
        sign = 1.0 if side == "right" else -1.0
        np.testing.assert_allclose(grip.rotation @ grip.rotation.T, np.eye(3), atol=1e-9)
        np.testing.assert_allclose(grip.rotation[:, 2], [0, sign, 0], atol=1e-9)
        height = (option.grasp.centre * [1, sign, 1] - grip.position) @ grip.rotation[:, 2]
        held = option.palm.rotation @ (option.grasp.centre * [1, sign, 1]) + option.palm.position
        assert height == pytest.approx((held - bottle.position)[2], abs=1e-9)


def test_half_the_pace_takes_twice_the_time():
    from bunraku.control.reach import ReachPlanner
    from bunraku.robot import RobotSpec
    from bunraku.skills.body import Body
    from bunraku.skills.moving import move_body

    planner = ReachPlanner(RobotSpec())
    goal = planner.nominal.copy()
    goal[18] += 0.8

    def steps(pace: float) -> int:
        body = Body(planner)
        body.pace = pace
        return sum(1 for _ in move_body(body, goal))

    assert 1.8 < steps(0.5) / steps(1.0) < 2.2


@pytest.mark.parametrize("at", [(0.38, 0.0), (0.46, 0.0), (0.54, 0.0)])
def test_an_arm_keeps_on_its_way_the_air_that_was_found_for_it(at):
    """Coming home from far out past a box: pelvis, waist and course are where the search took them to be."""
    from bunraku.control.reach import Pose, ReachPlanner
    from bunraku.robot import RobotSpec
    from bunraku.runtime import furniture
    from bunraku.skills.body import Body
    from bunraku.skills.moving import move_body
    from bunraku.skills.surroundings import free_space

    planner = ReachPlanner(RobotSpec(), furniture())
    sideways = np.array([[0, 1.0, 0], [-1, 0, 0], [0, 0, 1]])
    far = planner.solve("right", Pose(np.array([0.45, 0.6, 0.95]), sideways)).configuration
    assert np.abs(far[7:9]).min() > 0.9
    place = np.array([*at, SURFACES["counter"].top + KINDS["box"].rest_height])
    space = free_space(planner, "right", [Seen("box", "red", place, 0.3)])
    body = Body(planner)
    body.reference = far.copy()
    way = space.way(far, planner.nominal)
    assert way is not None and len(way) > 1
    air = min(space.room(body.reference)[len(planner.obstacles)] for _ in move_body(body, *way))
    assert air > -0.01
