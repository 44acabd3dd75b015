from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunraku.control.stance import Stance, stance_of
from bunraku.control.walking import FASTEST
from bunraku.house import KITCHEN_DOOR, Block, blocks
from bunraku.runtime import Runtime
from bunraku.sim import Scene
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.world import create_world
from bunraku.skills.paths import FloorMap
from bunraku.skills.people import Person
from bunraku.skills.walking import CRUISE, Velocity, steer, walk_to, yielding

stances = st.builds(Stance, st.floats(-5, 5), st.floats(-5, 5), st.floats(-3.1, 3.1))


@given(stances, stances, st.booleans())
def test_steering_never_asks_for_more_than_the_legs_can(here, goal, stop):
    velocity = steer(here, goal, stop)
    asked = np.abs([velocity.forward, velocity.left, velocity.turn])
    assert (asked <= FASTEST + 1e-9).all()


@given(stances)
def test_steering_rests_where_it_is_meant_to_be(stance):
    assert steer(stance, stance).is_zero


@pytest.fixture
def house():
    start = (-1.0, -0.1, 3.0)
    world = create_world(Scene(house=True, start=start))
    robot = SimulatedRobot(world, seed=2, cameras=())
    return world, Runtime(robot, start=Stance(*start), house=True)


def test_it_walks_through_a_door_and_stands_where_it_was_told(house):
    world, runtime = house
    goal = Stance(-2.4, 0.1, 1.2)
    outcome = runtime.run(walk_to(runtime.body, goal, "into the hall"), lambda: world.time < 20)
    assert outcome.success, outcome.reason
    true = stance_of(np.concatenate([world.data.qpos[:7], np.zeros(30)]))
    assert np.hypot(*(true.position - goal.position)) < 0.15
    assert abs(true.yaw - goal.yaw) < 0.15
    assert runtime.body.standing


@pytest.mark.parametrize(
    ("goal", "says"),
    [
        (Stance(0.5, 0.0, 0.0), "the counter is in the way"),
        (Stance(-1.75, 1.5, 0.0), "the wall is in the way"),
        (Stance(-6.8, 5.4, 0.0), "the tree is in the way"),
        (Stance(-4.4, 1.8, 0.0), "in the way"),
        (Stance(float("nan"), 0.0, 0.0), "finite"),
        (Stance(2.0, 8.0, 0.0), "in the way"),
    ],
)
def test_a_place_where_nobody_can_stand_is_one_sentence_and_no_step(house, goal, says):
    _, runtime = house
    outcome = runtime.run(walk_to(runtime.body, goal))
    assert not outcome.success
    assert says in outcome.reason
    assert runtime.body.standing and runtime.body.walk is None


def test_a_room_behind_a_closed_door_is_one_sentence(house):
    world, runtime = house
    door = Block("closed door", (-1.8, -1.7), KITCHEN_DOOR, (0.0, 2.0))
    runtime.body.storeys["house"] = FloorMap([*blocks(), door])
    outcome = runtime.run(walk_to(runtime.body, Stance(-4.5, 0.0, 0.0), "into the living room"))
    assert not outcome.success
    assert outcome.reason == "I find no way into the living room that is wide enough"
    assert runtime.body.standing and world.time < 1.0


@pytest.mark.parametrize(("velocity", "meets"), [((0.0, -0.5), True), ((0.0, 0.5), False), ((0.5, 0.0), False)])
def test_it_yields_to_whom_it_would_meet_and_not_to_who_walks_away(house, velocity, meets):
    _, runtime = house
    here = runtime.body.stance
    place = here.position + 1.2 * here.forward + np.array([0.0, 1.2])
    runtime.body.tracks = [Person(place, np.array(velocity), 0.0)]
    wanted = Velocity(CRUISE)
    given = yielding(runtime.body, wanted, here.position + 2.0 * here.forward)
    assert (given != wanted) == meets


def test_it_makes_way_for_somebody_who_walks_into_it(house):
    _, runtime = house
    here = runtime.body.stance
    runtime.body.tracks = [Person(here.position + 1.5 * here.forward, -0.6 * here.forward, 0.0)]
    given = yielding(runtime.body, Velocity(CRUISE), here.position + 2.0 * here.forward)
    assert given.forward <= 0 and not given.is_zero


def test_it_stops_before_a_person_and_says_so(house):
    world, runtime = house
    runtime.body.tracks = [Person(np.array([-1.75, -0.2]), np.zeros(2), 0.0)]
    outcome = runtime.run(walk_to(runtime.body, Stance(-2.4, 0.1, 1.2), "into the hall"), lambda: world.time < 20)
    assert not outcome.success
    assert "somebody" in outcome.reason
    assert runtime.body.standing
