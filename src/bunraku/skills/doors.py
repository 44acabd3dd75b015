"""`open_door`: take a lever, press it down, and swing the door open by it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from bunraku.control.free_space import Standing
from bunraku.control.grasping import pinch
from bunraku.control.reach import Pose
from bunraku.objects import CUPBOARD, LEVER_GAP, LEVER_HINGE, LEVER_PIVOT, PROPS
from bunraku.skills.body import Body, Outcome
from bunraku.skills.grasps import UP
from bunraku.skills.moving import move_palm
from bunraku.skills.perception import Seen
from bunraku.skills.pulling import SPEED, ahead_of, let_go_of_handle, take_handle, ways_to_handle

FARTHER = 0.015
"""How far (m) from a lever's middle, away from its axis, it is taken."""
PRESSED = 0.65
"""How far (rad) a lever is pressed down."""
STEPS = 4
"""Waypoints on the arc of the lever, and of the door."""


def open_door(body: Body, lever: Seen, angle: float) -> Generator[None, None, Outcome]:
    """Open a door, hinged on its outer side, by `angle` rad."""
    side = "left" if body.stance.inverse.point(lever.position)[1] > 0 else "right"
    outward = 1.0 if side == "left" else -1.0
    ahead = ahead_of(body, lever)
    to_hinge = outward * np.cross(UP, ahead)
    grip = replace(lever, position=lever.position + FARTHER * to_hinge)
    grasp = pinch(body.planner.spec.hand, PROPS["lever"].size[0], 24.0, centre_x=0.100, depth=0.085, squeeze=0.010)

    def down(palm: Pose) -> list[Pose]:
        reach = LEVER_PIVOT + FARTHER
        turns = PRESSED * np.arange(1, STEPS + 1) / STEPS
        return [palm.moved(reach * ((np.cos(turn) - 1) * to_hinge - np.sin(turn) * UP)) for turn in turns]

    def swung(palm: Pose) -> list[Pose]:
        hinge = lever.position + LEVER_HINGE * to_hinge + LEVER_GAP * ahead
        turns = (Rotation.from_rotvec(-outward * angle * i / STEPS * UP) for i in range(1, STEPS + 1))
        return [Pose(hinge + turn.apply(palm.position - hinge), turn.as_matrix() @ palm.rotation) for turn in turns]

    def onward(palm: Pose) -> list[Pose]:
        pressed = down(palm)
        return [*pressed, *swung(pressed[-1])]

    depth, width, height = CUPBOARD
    middle = lever.position + (LEVER_GAP + depth / 2) * ahead + (LEVER_HINGE - width / 2) * to_hinge
    cupboard = Standing(middle, np.array([depth, width, height]) / 2, float(np.arctan2(ahead[1], ahead[0])))
    way = next(ways_to_handle(body, side, grasp, grip, cupboard, onward), None)
    if way is None:
        return Outcome("open", False, f"I cannot reach the {lever.name} with my {side} hand")
    palm, _ = way
    yield from take_handle(body, side, grasp, lever, *way)
    body.say("press", f"pressing the {lever.name}")
    yield from move_palm(body, side, down(palm), speed=SPEED)
    body.say("open", "opening the door")
    yield from move_palm(body, side, swung(down(palm)[-1]), speed=SPEED)
    yield from let_go_of_handle(body, side, grasp)
    return Outcome("open", True, "I opened the door")
