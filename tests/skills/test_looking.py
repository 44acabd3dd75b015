import numpy as np

from bunraku.objects import KINDS, SURFACES
from bunraku.runtime import Event, Runtime
from bunraku.sim import Scene
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.scene import Placed
from bunraku.sim.world import create_world
from bunraku.skills.looking import look_around
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
