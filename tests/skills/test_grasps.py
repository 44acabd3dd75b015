from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from bunraku.control.grasping import pinch, wrap
from bunraku.control.reach import Pose, ReachPlanner
from bunraku.objects import KINDS, SURFACES
from bunraku.robot import RobotSpec
from bunraku.runtime import furniture
from bunraku.skills.grasps import (
    LIFT,
    LOWEST,
    PINCHED,
    WRAPPED,
    candidates,
    completed,
    crowding,
    grip_width,
    plan_grasp,
    scraping,
)
from bunraku.skills.perception import Seen
from bunraku.skills.placing import judged, rim_of, spots_at, spots_on
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


def test_a_hand_around_a_bottle_stays_above_the_rim_of_a_bowl():
    bottle = on_counter("bottle", 0.45, -0.1)
    clear = rim_of("bowl") + 0.015
    base = bottle.position[2] - KINDS["bottle"].rest_height
    high = candidates("h22", "right", bottle, clear=clear)
    assert high
    for option in high:
        little = option.palm.position[2] + (LOWEST @ option.palm.rotation.T)[:, 2]
        assert little.min() >= base + clear - 1e-9
    assert len(high) < len(candidates("h22", "right", bottle))


def test_a_plan_comes_and_goes_in_a_line(planner):
    plan = plan_grasp(planner, "right", on_counter("can", 0.45, -0.1), planner.nominal)[0]
    whole = completed(planner, plan)
    assert whole is not None
    palms = [planner.palm(q, "right").position for q in (*whole.approach, *whole.lift)]
    np.testing.assert_allclose(palms[-1] - plan.palm.position, [0, 0, LIFT], atol=0.011)
    np.testing.assert_allclose(palms[len(whole.approach) - 1], plan.palm.position, atol=0.004)
    assert max(np.linalg.norm(np.diff(palms, axis=0), axis=1)) < 0.08


@pytest.mark.parametrize(
    ("dx", "dz", "here"), [(0.0, 0.0, True), (0.05, 0.0, True), (0.3, 0.0, False), (0, -0.2, False)]
)
def test_a_spot_tells_what_rests_on_it(dx, dz, here):
    plate = on_counter("plate", 0.4, 0.1)
    (spot, *_) = spots_at(plate, "on", "cube", [])
    resting = spot.point + [dx, 0.0, KINDS["cube"].rest_height + dz]
    assert spot.shows(Seen("cube", "red", resting, 0.0), []) is here
    pushed = replace(plate, position=plate.position + [0.3, 0, 0])
    assert spot.shows(Seen("cube", "red", resting + [0.3, 0, 0], 0.0), [pushed]) is here


@pytest.mark.parametrize(
    ("colour", "at", "verdict"),
    [("blue", 0.0, True), ("blue", 0.3, False), ("blue", None, None), ("red", None, True), ("red", 0.3, False)],
)
def test_only_what_has_the_colour_of_its_dish_is_taken_to_be_there_unseen(colour, at, verdict):
    plate = replace(on_counter("plate", 0.4, 0.1), colour="red")
    (spot, *_) = spots_at(plate, "on", "cube", [])
    cube = Seen("cube", colour, np.zeros(3), 0.0)
    resting = [] if at is None else [replace(cube, position=spot.point + [at, 0, KINDS["cube"].rest_height])]
    outcome = judged(spot, cube, "on the plate", resting)
    assert (outcome.success if outcome else None) is verdict
    if outcome and verdict and at is None:
        assert "cannot see" in outcome.reason


def test_a_mug_whose_handle_does_not_show_is_not_lost_for_a_can():
    (spot, *_) = spots_on("side table", "mug", [])
    mug = Seen("mug", "blue", np.zeros(3), 0.0)
    like_a_can = replace(mug, kind="can", position=spot.point + [0.01, 0, KINDS["can"].rest_height])
    outcome = judged(spot, mug, "on the side table", [like_a_can])
    assert outcome is not None and outcome.success
    elsewhere = replace(like_a_can, position=like_a_can.position + [0.1, 0, 0])
    assert judged(spot, mug, "on the side table", [elsewhere, replace(like_a_can, colour="red")]) is None


def test_a_hand_in_the_side_of_the_counter_scrapes_it(planner):
    edge = SURFACES["counter"].y[1]
    hand = Pose(np.array([0.4, edge + 0.10, 0.86]), np.array([[0, 0, 1.0], [-1, 0, 0], [0, -1, 0]]))
    assert scraping(hand, -1.0, furniture()) > 1
    assert scraping(hand.moved(np.array([0, 0.15, 0])), -1.0, furniture()) == 0


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


@given(st.floats(-3.0, 3.0), st.floats(-0.5, 0.5))
def test_either_hand_agrees_with_its_own_usual_way(heading, roll):
    from bunraku.skills.grasps import HEADING, Plan, disagreement

    def costs(side: str, angles: list[float]) -> float:
        palm = Pose(np.zeros(3), Rotation.from_euler("ZX", angles).as_matrix())
        return disagreement(Plan(side, cast(Any, None), palm, cast(Any, None), 0.0))

    assert costs("right", [HEADING, 0.0]) == pytest.approx(0.0, abs=1e-6)
    assert costs("right", [heading, roll]) == pytest.approx(costs("left", [-heading, -roll]), abs=1e-6)
