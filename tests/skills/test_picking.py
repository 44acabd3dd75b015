import numpy as np

from bunraku.objects import KINDS, SURFACES
from bunraku.runtime import Runtime
from bunraku.sim import Scene
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.world import create_world
from bunraku.skills.perception import Seen
from bunraku.skills.picking import pick


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
