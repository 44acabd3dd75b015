import numpy as np
import pytest

from bunraku.objects import KINDS, SURFACES
from bunraku.runtime import Event, Runtime
from bunraku.sim import Scene
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.scene import Placed
from bunraku.sim.world import create_world
from bunraku.skills.looking import look_around, look_for
from bunraku.skills.perception import LOOKING


def on_counter(kind: str, colour: str, x: float, y: float, yaw: float) -> Placed:
    z = SURFACES["counter"].top + KINDS[kind].rest_height
    return Placed(f"{colour} {kind}", kind, colour, (x, y, z), yaw)


def test_what_a_hand_hides_is_seen_by_turning() -> None:
    """At rest the left hand is before a tall box, and the chest camera sees only a part of it."""
    box = on_counter("box", "purple", 0.3008, 0.2455, -1.1824)
    robot = SimulatedRobot(create_world(Scene((box, on_counter("cube", "red", 0.45, -0.1, 0.0)))), cameras=LOOKING)
    events: list[Event] = []
    runtime = Runtime(robot, events.append)
    runtime.idle(0.3)
    seen = {thing.name: thing for thing in runtime.run(look_around(runtime.body))}
    robot.close()
    assert any("half hidden" in event.text for event in events)
    np.testing.assert_allclose(seen["purple box"].position, box.position, atol=0.02)
    assert abs(runtime.body.reference[7]) < 0.02


def test_what_lies_on_a_plate_of_its_own_colour_is_found_when_it_is_looked_for() -> None:
    """Colour sees a red plate alone; asked for an apple, the network is shown the plate."""
    pytest.importorskip("onnxruntime")
    plate = on_counter("plate", "red", 0.45, -0.1, 0.0)
    apple = Placed("red apple", "apple", "red", (0.45, -0.1, plate.position[2] + 0.06), 0.0)
    robot = SimulatedRobot(create_world(Scene((plate, apple))), cameras=LOOKING)
    runtime = Runtime(robot)
    runtime.idle(1.0)
    by_colour = {thing.name for thing in runtime.run(look_around(runtime.body))}
    outcome = runtime.run(look_for(runtime.body, lambda seen: seen.kind == "apple", "red apple", ("counter",)))
    robot.close()
    assert by_colour == {"red plate"}
    assert outcome.success and outcome.measured["found"][0].name == "red apple"
    np.testing.assert_allclose(outcome.measured["found"][0].position[:2], apple.position[:2], atol=0.02)
