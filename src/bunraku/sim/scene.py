"""What stands where: a `Scene` is the whole seeded content of the room, as plain data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import pi

import numpy as np

from bunraku.errors import UserError
from bunraku.objects import COLOURS, KINDS, SURFACES, Surface, footprint
from bunraku.sim.person import Person
from bunraku.sim.props import Prop

WORK_AREA = Surface("work area", SURFACES["counter"].top, (0.27, 0.67), (-0.25, 0.25))
"""The part of the counter over which random objects are spread: 0.4 × 0.5 m within reach."""

CLEARANCE = 0.06
"""Least free width (m) between two outlines: a finger of 17 mm on either side and room to miss by a centimetre."""


@dataclass(frozen=True)
class Placed:
    """One object in the room: `position` (m) of its object frame and `yaw` (rad) about z, in the world frame."""

    name: str
    kind: str
    colour: str
    position: tuple[float, float, float]
    yaw: float


@dataclass(frozen=True)
class Scene:
    """The objects of the room; names are unique.

    With `house` the kitchen is part of the whole house. A `person` may be there. The robot stands at `start`: x, y (m)
    and yaw (rad) in the world frame, or has fallen from there on the side `lying`: "front", "back", "left" or "right".
    `props` are what a task brings along.
    """

    objects: tuple[Placed, ...] = ()
    house: bool = False
    person: Person | None = None
    start: tuple[float, float, float] = (0.0, 0.0, 0.0)
    props: tuple[Prop, ...] = ()
    lying: str = ""

    def __post_init__(self) -> None:
        """Check names, kinds and colours."""
        names = [placed.name for placed in self.objects]
        if len(set(names)) != len(names):
            raise UserError(f"the objects of a scene need different names, got {', '.join(names)}")
        for placed in self.objects:
            if placed.kind not in KINDS:
                raise UserError(f"there is no object kind “{placed.kind}”; the kinds are {', '.join(KINDS)}")
            if placed.colour not in COLOURS:
                raise UserError(f"there is no colour “{placed.colour}”; the colours are {', '.join(COLOURS)}")

    def find(self, name: str) -> Placed:
        """The object called `name`; raises `UserError` when there is none."""
        for placed in self.objects:
            if placed.name == name:
                return placed
        raise UserError(f"the scene has no “{name}”; it has {', '.join(o.name for o in self.objects) or 'nothing'}")

    def to_json(self) -> str:
        """This scene as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Scene:
        """The scene that `to_json` wrote."""
        try:
            content = json.loads(text)
            objects = tuple(Placed(**{**row, "position": tuple(row["position"])}) for row in content.pop("objects"))
            if person := content.pop("person", None):
                tuples = {name: tuple(map(tuple, person[name])) for name in ("path", "pauses") if name in person}
                person = Person(**{**person, **tuples})
            start = tuple(content.pop("start", cls.start))
            props = tuple(Prop(**{**row, "position": tuple(row["position"])}) for row in content.pop("props", ()))
            return cls(objects, person=person, start=start, props=props, **content)
        except (ValueError, TypeError, KeyError) as error:
            raise UserError(f"this is not the JSON of a scene: {error}") from error


def outline(placed: Placed) -> np.ndarray:
    """Convex outline (n, 2) in m of a placed object seen from above, in the world frame."""
    return _outline(placed.kind, placed.position[:2], placed.yaw)


def gap(a: np.ndarray, b: np.ndarray) -> float:
    """Free width (m) between two convex outlines (n, 2), (m, 2), counter-clockwise; negative when they overlap.

    The widest of the strips that separate them along an edge of either: never more than their distance.
    """
    return max(_widest_strip(a, b), _widest_strip(b, a))


def random_scene(
    rng: np.random.Generator,
    kinds: Sequence[str] | None = None,
    count: int = 5,
    area: Surface = WORK_AREA,
    board: Surface = SURFACES["counter"],
    clearance: float = CLEARANCE,
    distinct_colours: bool = False,
) -> Scene:
    """Draw a scene of `kinds` (or of `count` kinds drawn at random, one of them a plate or a bowl) over `area`.

    Every object stands at rest with its centre in the area and all of it on the `board`, `clearance` (m) from every
    other. No two objects share both kind and colour; with `distinct_colours` no two share a colour at all. Raises
    `UserError` when they do not fit.
    """
    chosen = tuple(kinds) if kinds is not None else _draw_kinds(rng, count)
    for name in chosen:
        if name not in KINDS:
            raise UserError(f"there is no object kind “{name}”; the kinds are {', '.join(KINDS)}")
    colours = _draw_colours(rng, chosen, distinct_colours)
    # Large things first, or they find no room.
    order = sorted(range(len(chosen)), key=lambda i: -max(KINDS[chosen[i]].size[:2]))
    for _ in range(40):
        placed = _try_to_place(rng, [chosen[i] for i in order], [colours[i] for i in order], area, board, clearance)
        if placed is not None:
            by_index = dict(zip(order, placed, strict=True))
            return Scene(tuple(by_index[i] for i in range(len(chosen))))
    raise UserError(f"{len(chosen)} objects ({', '.join(chosen)}) do not fit on the {area.name}; ask for fewer")


def on_surface(name: str, kind: str, colour: str, surface: Surface, xy: tuple[float, float], yaw: float) -> Placed:
    """An object at rest on `surface` at `xy` (m), turned by `yaw` (rad)."""
    return Placed(name, kind, colour, (*xy, surface.top + KINDS[kind].rest_height), yaw)


def _draw_kinds(rng: np.random.Generator, count: int) -> tuple[str, ...]:
    if count < 1:
        raise UserError(f"a scene needs at least one object, got count {count}")
    things = [kind.name for kind in KINDS.values() if kind.graspable]
    dishes = [kind.name for kind in KINDS.values() if not kind.graspable]
    drawn = [things[i] for i in rng.choice(len(things), size=count - 1, replace=count - 1 > len(things))]
    return (*drawn, dishes[rng.integers(len(dishes))])


def _draw_colours(rng: np.random.Generator, kinds: Sequence[str], distinct: bool) -> list[str]:
    # Kinds with few colours choose first, so that a banana always finds its yellow.
    colours: dict[int, str] = {}
    for i in sorted(range(len(kinds)), key=lambda i: len(KINDS[kinds[i]].colours)):
        taken = {c for j, c in colours.items() if distinct or kinds[j] == kinds[i]}
        free = [c for c in KINDS[kinds[i]].colours if c not in taken]
        if not free:
            raise UserError(f"no colour is left for a {kinds[i]} among {', '.join(kinds)}; ask for fewer objects")
        colours[i] = free[rng.integers(len(free))]
    return [colours[i] for i in range(len(kinds))]


def _try_to_place(
    rng: np.random.Generator,
    kinds: Sequence[str],
    colours: Sequence[str],
    area: Surface,
    board: Surface,
    clearance: float,
) -> list[Placed] | None:
    placed: list[Placed] = []
    for kind, colour in zip(kinds, colours, strict=True):
        for _ in range(60):
            xy = (float(rng.uniform(*area.x)), float(rng.uniform(*area.y)))
            yaw = float(rng.uniform(-pi, pi))
            candidate = _outline(kind, xy, yaw)
            free = all(gap(candidate, outline(other)) >= clearance for other in placed)
            if free and _lies_on(board, candidate):
                placed.append(on_surface(f"{colour} {kind}", kind, colour, area, xy, yaw))
                break
        else:
            return None
    return placed


def _outline(kind: str, xy: Sequence[float], yaw: float) -> np.ndarray:
    c, s = np.cos(yaw), np.sin(yaw)
    return footprint(kind) @ np.array([[c, s], [-s, c]]) + xy


def _lies_on(board: Surface, outline: np.ndarray, margin: float = 0.01) -> bool:
    low, high = np.array([board.x, board.y]).T
    return bool((outline >= low + margin).all() and (outline <= high - margin).all())


def _widest_strip(a: np.ndarray, b: np.ndarray) -> float:
    edges = np.roll(a, -1, axis=0) - a
    normals = np.stack([edges[:, 1], -edges[:, 0]], axis=1)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return float(((b @ normals.T).min(axis=0) - (a * normals).sum(axis=1)).max())
