from __future__ import annotations

import numpy as np

from bunraku.runtime import Runtime
from bunraku.sim import random_scene, truth
from bunraku.sim.build import OBJECT_PREFIX
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.world import create_world
from bunraku.skills import Seen
from bunraku.skills.handing import give
from bunraku.skills.picking import pick

PULL = 20.0
"""N, what a person who takes a can pulls with."""


def test_it_lets_go_when_somebody_pulls_and_not_before():
    world = create_world(random_scene(np.random.default_rng(4), ("can",)))
    robot = SimulatedRobot(world, seed=4, cameras=())
    runtime = Runtime(robot)
    runtime.idle(0.3)
    thing, body = world.scene.objects[0], runtime.body
    seen = Seen(thing.kind, thing.colour, truth.object_pose(world, thing.name).position, thing.yaw)
    assert runtime.run(pick(body, seen, tries=1)).success
    (side,) = body.grips

    kept = runtime.run(give(body, side, patience=2.0))
    assert not kept.success and "nobody took" in kept.reason and side in body.grips

    can, asked = world.model.body(OBJECT_PREFIX + thing.name), world.time

    def pulled() -> bool:
        if world.time > asked + 1.2:
            away = PULL * np.array([-1.0, 0.0, 0.2])
            world.data.xfrc_applied[can.id, :3] = away + [0, 0, 9.81 * can.mass[0]]
        return True

    given = runtime.run(give(body, side), pulled)
    assert given.success and given.reason == f"you have the {thing.name}"
    assert 1.2 < world.time - asked < 3.0
    runtime.idle(0.3)
    assert f"{side}_hand" not in truth.touching(world, thing.name)
    assert truth.is_standing(world) and not body.grips
