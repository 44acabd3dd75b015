from dataclasses import replace

import numpy as np
import pytest

from bunraku.control.grasping import pinch
from bunraku.control.reach import ReachPlanner
from bunraku.control.stance import wrapped
from bunraku.robot import RobotSpec
from bunraku.runtime import furniture
from bunraku.skills.body import Body
from bunraku.skills.from_above import FARTHEST, INWARD, across, move_straight, palms_down
from bunraku.skills.touch import pinch_line

HOVER = 0.09


@pytest.fixture(scope="module")
def body():
    return Body(ReachPlanner(RobotSpec(), furniture()))


@pytest.fixture(scope="module")
def grasp(body):
    return pinch(body.planner.spec.hand, 0.018, 12.0, centre_x=0.100, depth=0.085, squeeze=0.010)


def test_a_hand_that_touches_as_planned_feels_its_thing_level_where_it_was_planned(body, grasp):
    middle, slope = pinch_line(body.planner.spec.hand, grasp.contact)
    np.testing.assert_allclose(middle, grasp.centre[[0, 2]], atol=0.002)
    assert slope == pytest.approx(0.0, abs=np.deg2rad(3))
    lower = grasp.contact.copy()
    names = body.hand.joint_names
    for joint in ("thumb_mcp_flexion", "thumb_ip"):
        lower[names.index(joint)] -= 0.25
    _, tilted = pinch_line(body.planner.spec.hand, lower)
    assert abs(tilted) > np.deg2rad(3)


@pytest.mark.parametrize("side", ["left", "right"])
def test_fingers_come_square_and_from_where_an_arm_comes_easily(body, side):
    easiest = INWARD if side == "right" else -INWARD
    for yaw in np.linspace(-np.pi, np.pi, 13):
        for heading in across(body, side, yaw):
            assert abs(wrapped(heading - easiest)) < FARTHEST + np.deg2rad(24) + 1e-9
        assert all(abs(np.cos(heading - yaw)) < 1e-9 for heading in across(body, side, yaw, (0.0,)))


@pytest.mark.parametrize("slope", [0.0, 0.15, -0.15])
def test_a_palm_holds_its_grasp_at_the_point_and_levels_what_slopes_in_it(body, grasp, slope):
    point, heading = np.array([0.42, -0.10, 0.95]), np.deg2rad(20)
    palm, _ = next(palms_down(body, "right", grasp, point, [heading], HOVER, slope=slope))
    np.testing.assert_allclose(palm.position + palm.rotation @ grasp.centre, point, atol=1e-9)
    line = palm.rotation @ [np.cos(slope), 0.0, np.sin(slope)]
    assert line[2] == pytest.approx(0.0, abs=1e-9)
    assert line @ [np.cos(heading), np.sin(heading), 0.0] == pytest.approx(1.0)


def test_a_palm_goes_straight_down_even_where_the_trunk_must_come_along(body, grasp):
    """By differential steps alone it strays by 7 mm here; by 16 mm in an episode, where it pushed out the next cell."""
    lying = replace(grasp, centre=np.array([0.092, 0.006, -0.085]))
    palm, above = next(palms_down(body, "right", lying, np.array([0.404, 0.016, 0.922]), [-0.134], HOVER))
    body.reference = above
    strayed = 0.0
    for _ in move_straight(body, "right", palm, 0.12):
        strayed = max(strayed, float(np.hypot(*(body.palm("right").position - palm.position)[:2])))
    assert np.linalg.norm(body.palm("right").position - palm.position) < 0.003
    assert strayed < 0.003
    body.reference = body.planner.nominal.copy()


def test_there_is_no_way_down_beyond_the_reach_of_an_arm(body, grasp):
    assert not any(palms_down(body, "right", grasp, np.array([1.4, 0.0, 0.95]), [0.0], HOVER))
