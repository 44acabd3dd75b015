import numpy as np
import pytest

from bunraku.control.grasping import pinch, wrap
from bunraku.control.reach import ReachPlanner
from bunraku.objects import KINDS, SURFACES
from bunraku.robot import RobotSpec
from bunraku.runtime import furniture
from bunraku.skills.grasps import PINCHED, WRAPPED, crowding, grip_width, plan_grasp
from bunraku.skills.perception import Seen
from bunraku.skills.placing import spots_at, spots_on
from bunraku.skills.touch import aperture, closure


@pytest.fixture(scope="module")
def planner() -> ReachPlanner:
    return ReachPlanner(RobotSpec(), furniture())


def on_counter(kind: str, x: float, y: float, yaw: float = 0.0) -> Seen:
    position = np.array([x, y, SURFACES["counter"].top + KINDS[kind].rest_height])
    return Seen(kind, KINDS[kind].colours[0], position, yaw)


def test_everything_that_may_be_asked_for_has_a_grasp():
    assert {kind.name for kind in KINDS.values() if kind.graspable} == set(WRAPPED) | set(PINCHED)


@pytest.mark.parametrize("kind", sorted(set(WRAPPED) | set(PINCHED)))
def test_a_thing_in_the_middle_can_be_reached_and_lifted(planner, kind):
    plans = plan_grasp(planner, "right", on_counter(kind, 0.42, -0.12, 0.4), planner.nominal)
    assert plans
    for plan in plans:
        assert plan.solution.position_error < 0.004
        palm = planner.palm(plan.solution.configuration, "right")
        assert np.linalg.norm(palm.position - plan.palm.position) < 0.004


def test_the_feet_stay_where_they_are(planner):
    plan = plan_grasp(planner, "right", on_counter("can", 0.6, -0.2), planner.nominal)[0]
    planner._configuration.update(plan.solution.configuration)
    for side, y in (("left", 1), ("right", -1)):
        sole = planner._configuration.get_transform_frame_to_world(f"{side}_sole", "site").translation()
        np.testing.assert_allclose(sole, [0, y * planner.spec.segments.hip_offset, 0], atol=2e-3)


def test_what_lies_out_of_reach_has_no_plan(planner):
    assert plan_grasp(planner, "right", on_counter("can", 1.5, 0.0), planner.nominal) == []


def test_a_hand_over_a_neighbour_is_crowded(planner):
    plan = plan_grasp(planner, "right", on_counter("can", 0.45, -0.1), planner.nominal)[0]
    assert crowding(plan.palm, 1.0, []) == 0
    assert crowding(plan.palm, 1.0, [on_counter("bottle", *plan.palm.position[:2])]) > 1


def test_touch_tells_a_held_pinch_from_an_empty_one():
    grasp = pinch("h22", 0.04, 10, centre_x=0.1, depth=0.085, squeeze=0.018)
    assert aperture("h22", grasp.contact) == pytest.approx(0.04, abs=0.008)
    assert aperture("h22", grasp.closed) < 0.03
    assert grip_width("cube") == 0.04


def test_closure_runs_from_open_to_closed():
    grasp = wrap("h22", 0.033, 14)
    names = RobotSpec().hand_spec.joint_names
    assert closure(grasp, names, grasp.open) == pytest.approx(0)
    assert closure(grasp, names, grasp.closed) == pytest.approx(1)


def test_free_spots_keep_clear_of_what_stands_there():
    other = Seen("bowl", "red", np.array([0.4, -0.67, 1.13]), 0.0)
    for spot in spots_on("shelf", "can", [other]):
        assert np.hypot(*(spot.point[:2] - other.position[:2])) > 0.1
    assert spots_at(on_counter("can", 0.4, 0.0), "on", "cube", []) == []
