"""The plan of the house: walls, furniture, steps and garden as boxes that the simulator builds and a robot's map knows.

The world frame is the one of `bunraku.objects.SURFACES`: the robot's place before the kitchen counter, x towards the
counter, y left, z up from the floor of the house. What is not here, such as people, a robot has to see.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bunraku.objects import SURFACES

Range = tuple[float, float]


@dataclass(frozen=True)
class Block:
    """A box that stands where it fills the ranges `x`, `y`, `z` (m), made of `material`."""

    name: str
    x: Range
    y: Range
    z: Range
    material: str = "plaster"


@dataclass(frozen=True)
class Room:
    """A part of the house, by its inner extent (m)."""

    name: str
    x: Range
    y: Range

    @property
    def middle(self) -> tuple[float, float]:
        """Its middle, m."""
        return (sum(self.x) / 2, sum(self.y) / 2)


KITCHEN = Room("kitchen", (-1.7, 3.1), (-3.0, 2.1))
HALL = Room("hall", (-3.1, -1.8), (-3.0, 2.1))
LIVING_ROOM = Room("living room", (-7.8, -3.2), (-3.0, 2.1))
GARDEN = Room("garden", (-7.8, -3.2), (2.2, 6.4))
ROOMS = {room.name: room for room in (KITCHEN, HALL, LIVING_ROOM, GARDEN)}

HEIGHT, DOOR_HEIGHT, WALL = 2.6, 2.1, 0.1
"""Of the rooms, the door openings and the walls' thickness, m."""
KITCHEN_DOOR, LIVING_DOOR = (-0.75, 0.30), (0.25, 1.30)
"""Openings along y (m) in the two walls of the hall."""
STEP_HEIGHT, STEP_DEPTH, STEPS = 0.15, 0.30, 3
"""Of the stairs that lead from the living room up to the garden, m."""
STAIRS = (-5.1, -3.7)
"""The stairs' extent along x, m; the opening above them is as wide."""
GARDEN_LEVEL = STEP_HEIGHT * STEPS
SKIRTING, SKIRTING_HEIGHT = 0.012, 0.08
"""How far the skirting boards stand out from the walls, and their height, m."""


def _wall_with_opening(name: str, x: Range, y: Range, opening: Range) -> list[Block]:
    """A wall along y, open from the floor to `DOOR_HEIGHT` between the ends of `opening`."""
    return [
        Block(f"{name}_right", x, (y[0], opening[0]), (0, HEIGHT)),
        Block(f"{name}_left", x, (opening[1], y[1]), (0, HEIGHT)),
        Block(f"{name}_lintel", x, opening, (DOOR_HEIGHT, HEIGHT)),
    ]


def _walls() -> list[Block]:
    (west, east), (south, north) = (LIVING_ROOM.x[0], KITCHEN.x[1]), KITCHEN.y
    low = GARDEN_LEVEL
    return [
        Block("wall_front", (east, east + WALL), (south, north), (0, HEIGHT)),
        Block("wall_back", (west - WALL, west), (south, north), (0, HEIGHT)),
        Block("wall_right", (west - WALL, east + WALL), (south - WALL, south), (0, HEIGHT)),
        Block("wall_left", (STAIRS[1], east + WALL), (north, north + WALL), (0, HEIGHT)),
        Block("wall_garden", (west - WALL, STAIRS[0]), (north, north + WALL), (0, HEIGHT)),
        Block("wall_garden_lintel", STAIRS, (north, north + WALL), (low + DOOR_HEIGHT - 0.15, HEIGHT)),
        *_wall_with_opening("wall_kitchen", (HALL.x[1], KITCHEN.x[0]), KITCHEN.y, KITCHEN_DOOR),
        *_wall_with_opening("wall_living", (LIVING_ROOM.x[1], HALL.x[0]), KITCHEN.y, LIVING_DOOR),
    ]


def _stairs() -> list[Block]:
    north = LIVING_ROOM.y[1]
    foot = north - (STEPS - 1) * STEP_DEPTH
    steps = [
        Block(
            f"step_{i + 1}",
            STAIRS,
            (foot + i * STEP_DEPTH, foot + (i + 1) * STEP_DEPTH),
            (0, STEP_HEIGHT * (i + 1)),
            "oak",
        )
        for i in range(STEPS - 1)
    ]
    return [*steps, Block(f"step_{STEPS}", STAIRS, (north, north + WALL), (0, GARDEN_LEVEL), "oak")]


SWEATER = (0.09, 0.47, 0.34)
"""What people wear here: a hue that none of the named colours has."""
SWEATER_EXTENT = (0.90, 1.48)
"""From where to where a standing person's sweater reaches, m above the floor."""
SERVING_HEIGHT, SERVING_DISTANCE = 1.00, 0.45
"""Of a plate that a person holds out: its foot above the floor, and its middle before the person's own, m."""

WALLS = tuple(_walls())
STAIR = tuple(_stairs())
SOFA = (
    Block("sofa", (-7.70, -6.85), (-2.05, 0.25), (0.10, 0.42), "wool"),
    Block("sofa_back", (-7.78, -7.52), (-2.05, 0.25), (0.10, 0.80), "wool"),
    Block("sofa_arm_right", (-7.70, -6.85), (-2.25, -2.05), (0.10, 0.60), "wool"),
    Block("sofa_arm_left", (-7.70, -6.85), (0.25, 0.45), (0.10, 0.60), "wool"),
)
LOW_TABLE = Block("low table", (-6.40, -5.85), (-1.45, -0.35), (0.36, 0.40), "oak")
BENCH = Block("bench", (-3.60, -3.2 - SKIRTING), (-2.70, -0.90), (0.08, 0.46), "walnut")
SHELVES = Block("book shelves", (-6.60, -5.40), (1.78, 2.1 - SKIRTING), (0.0, 1.90), "oak")
SIDEBOARD = Block("sideboard", (-1.7 + SKIRTING, -1.28), (0.35, 1.75), (0.14, 0.62), "oak")
CONSOLE = Block("console", (-2.12, -1.8 - SKIRTING), (0.75, 1.75), (0.70, 0.74), "walnut")

RUGS = (
    Block("rug", (-6.95, -4.90), (-2.20, 0.40), (0, 0.004), "rug"),
    Block("runner", (-2.9, -2.1), (-2.6, 1.6), (0, 0.004), "rug"),
)
"""They lie flat: nobody stumbles over them, and their edges can be seen."""

FURNITURE: tuple[Block, ...] = (
    *(Block(s.name, s.x, s.y, (0.0, s.top), "oak") for s in SURFACES.values()),
    SIDEBOARD,
    *SOFA,
    LOW_TABLE,
    BENCH,
    SHELVES,
    CONSOLE,
)
"""What stands on the floor, by the space that it takes from whoever walks."""


def blocks() -> tuple[Block, ...]:
    """Everything of the plan that a walking robot must not walk into; the steps are for those who climb."""
    return (*WALLS, *STAIR, *FURNITURE)


TERRACE = 0.9
"""How deep (m) the stone terrace is between the stairs and the lawn."""
TREE = Block(
    "tree", (GARDEN.x[0] + 0.85, GARDEN.x[0] + 1.15), (GARDEN.y[1] - 1.15, GARDEN.y[1] - 0.85), (0, 2.4), "leaf"
)


def garden_blocks() -> tuple[Block, ...]:
    """What stands in the garden, which lies `GARDEN_LEVEL` above the house: the house itself, the way down, a fence and
    a tree, by their heights above the lawn."""
    (x0, x1), (y0, y1) = GARDEN.x, GARDEN.y
    return (
        Block("wall_house_right", (STAIRS[1], x1 + WALL), (y0 - WALL, y0), (0, HEIGHT)),
        Block("wall_house_left", (x0 - WALL, STAIRS[0]), (y0 - WALL, y0), (0, HEIGHT)),
        Block("stairs", STAIRS, (y0 - WALL, y0), (0, 0)),
        Block("fence", (x0 - WALL, x1 + WALL), (y1, y1 + WALL), (0, 0.8)),
        Block("fence_left", (x0 - WALL, x0), (y0, y1), (0, 0.8)),
        Block("fence_right", (x1, x1 + WALL), (y0, y1), (0, 0.8)),
        TREE,
    )


def ground_height(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Height (n,) m of the ground at the points x, y (n,) m of the house and its garden, whose lawn is taken to be
    level."""
    height = np.where(y >= LIVING_ROOM.y[1], GARDEN_LEVEL, 0.0)
    for step in STAIR:
        on = (step.x[0] <= x) & (x <= step.x[1]) & (step.y[0] <= y) & (y <= step.y[1])
        height = np.where(on, step.z[1], height)
    return height


def kitchen_blocks() -> tuple[Block, ...]:
    """The kitchen alone, closed all round."""
    (x0, x1), (y0, y1) = KITCHEN.x, KITCHEN.y
    walls = (
        Block("wall_back", (x0 - WALL, x0), (y0, y1), (0, HEIGHT)),
        Block("wall_front", (x1, x1 + WALL), (y0, y1), (0, HEIGHT)),
        Block("wall_left", (x0, x1), (y1, y1 + WALL), (0, HEIGHT)),
        Block("wall_right", (x0, x1), (y0 - WALL, y0), (0, HEIGHT)),
    )
    return (*walls, *FURNITURE[: len(SURFACES)], SIDEBOARD)


def floor_lines() -> tuple[Block, ...]:
    """What the floor is seen to end at, by its outline: walls with their skirting, the counter, steps and rugs."""
    lines = [
        Block(wall.name, _grown(wall.x, SKIRTING), _grown(wall.y, SKIRTING), (0, SKIRTING_HEIGHT))
        for wall in WALLS
        if wall.z[0] == 0
    ]
    return (*lines, counter_plinth(), *STAIR[:1], *RUGS)


def counter_plinth() -> Block:
    """The recessed base on which the kitchen counter stands."""
    counter = SURFACES["counter"]
    (x0, x1), (y0, y1) = counter.x, counter.y
    return Block("counter plinth", (x0 + 0.20, x1 - 0.06), (y0 + 0.05, y1 - 0.05), (0, SKIRTING_HEIGHT), "steel")


def _grown(extent: Range, margin: float) -> Range:
    return extent[0] - margin, extent[1] + margin


def is_garden(x: float, y: float) -> bool:
    """Whether a point (m) lies on the level of the garden."""
    return room_at(x, y) == GARDEN.name


def room_at(x: float, y: float) -> str | None:
    """The room in which a point (m) lies; None in a wall or outside."""
    for room in ROOMS.values():
        if room.x[0] <= x <= room.x[1] and room.y[0] <= y <= room.y[1]:
            return room.name
    return None
