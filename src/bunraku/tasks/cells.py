"""`cells`: sort battery cells that lie about on the counter into the pockets of a rack."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.transform import Rotation

from bunraku.objects import CELL, CELL_CLEARANCE, COLOURS, PROPS, RACK_BASE, RACK_PITCH, RACK_POCKETS
from bunraku.sim import Scene, truth
from bunraku.sim.props import Prop, on_counter
from bunraku.skills import Body, Outcome, Seen
from bunraku.skills.body import wait
from bunraku.skills.laying import Place, hands_for, lay, pockets
from bunraku.skills.props import look_for_props
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.episode import CELLS as INFO
from bunraku.tasks.referee import HANDS, HOLD, SLOW, Referee
from bunraku.tasks.stage import Manipulation
from bunraku.tasks.wordings import worded

CELLS = 3
"""Cells on the counter: as many as there are pockets."""
RACK_X, RACK_Y, RACK_YAW = (0.43, 0.47), (-0.03, 0.03), 0.12
"""Where the middle of the rack is (m), and how far (rad) it is turned at most; its pockets lie across."""
X, Y, YAW = (0.30, 0.48), (0.15, 0.30), np.deg2rad(60)
"""Where cells lie (m, to either side), and how far (rad) they are turned at most from lying across."""
APART = 0.10
"""How far (m) apart the middles of cells are at least."""
ASKEW, AWRY = 0.004, np.deg2rad(6)
"""How far (m) from the bottom of its pocket, up or across, the axis of a cell may be, and how far (rad) turned."""
UNREACHABLE = 9.0
"""What it costs to choose a place that no hand reaches, where others cost less than 1."""
TURNS = 6
"""How many cells are taken at most."""
WORDINGS = (
    "sort the battery cells into the {rack}",
    "put every cell into a pocket of the {rack}",
    "lay the battery cells in the {rack}, one in each pocket, please",
    "電池を{rack_ja}に並べて",
    "電池を一本ずつ{rack_ja}に入れてください",
)


def draw(seed: int) -> Assignment:
    """A rack before the robot, and cells of different colours on both sides of it."""
    rng = np.random.default_rng([seed, 0xCE])
    colours = [str(colour) for colour in rng.choice(list(COLOURS), 1 + CELLS, replace=False)]
    middle = (float(rng.uniform(*RACK_X)), float(rng.uniform(*RACK_Y)))
    rack = on_counter("rack", colours[0], middle, float(rng.uniform(-RACK_YAW, RACK_YAW)))
    places: list[np.ndarray] = []
    while len(places) < CELLS:
        place = np.array([rng.uniform(*X), rng.choice([-1, 1]) * rng.uniform(*Y)])
        if all(np.hypot(*(place - other)) > APART for other in places):
            places.append(place)
    turns = np.pi / 2 + rng.uniform(-YAW, YAW, CELLS)
    cells = [
        on_counter("cell", colour, (float(x), float(y)), float(turn))
        for colour, (x, y), turn in zip(colours[1:], places, turns, strict=True)
    ]
    words = worded(rng, WORDINGS, rack=rack)
    return Assignment(Scene(props=(rack, *cells)), "", "", "", words, tuple(cell.name for cell in cells))


class CellsReferee(Referee):
    """Wants every cell at rest on the bottom of a pocket, and no hand on cells or rack."""

    def complaint(self) -> str:
        """What is not so; "" when all is."""
        rack, *cells = self._world.scene.props
        for prop in (rack, *cells):
            if truth.touching_prop(self._world, prop.name) & (HANDS | {"robot"}):
                return f"the robot touches the {prop.name}"
        lying = [cell for cell in cells if self._lies(cell, rack)]
        if len(lying) < len(cells):
            return f"{len(lying)} of {len(cells)} cells lie in pockets"
        moving = next((c.name for c in cells if truth.prop_speed(self._world, c.name) > SLOW), "")
        return f"the {moving} does not rest" if moving else super().complaint()

    def _lies(self, cell: Prop, rack: Prop) -> bool:
        of_rack, of_cell = (truth.prop_pose(self._world, prop.name) for prop in (rack, cell))
        turn = Rotation.from_quat(of_rack.quaternion, scalar_first=True).inv()
        x, y, z = turn.apply(of_cell.position - of_rack.position)
        axis = (turn * Rotation.from_quat(of_cell.quaternion, scalar_first=True)).apply([1.0, 0.0, 0.0])
        middles = (np.arange(RACK_POCKETS) - (RACK_POCKETS - 1) / 2) * RACK_PITCH
        low = RACK_BASE - PROPS["rack"].rest_height + CELL[0]
        at_bottom = abs(z - low) < ASKEW and np.abs(middles - x).min() < ASKEW and abs(y) < CELL_CLEARANCE + ASKEW / 2
        return bool(at_bottom and abs(axis[1]) > np.cos(AWRY))


def expert(body: Body, instruction: str) -> Generator[None, None, Outcome]:
    """As long as a cell lies outside, lay one into a free pocket, and look again."""
    outcome = Outcome("look_for", False, "I see no cells")
    for _ in range(TURNS + 1):
        seen = yield from look_for_props(body, "cell", "rack", above=(RACK_BASE,))
        racks, cells = ([one for one in seen if one.kind == kind] for kind in ("rack", "cell"))
        if len(racks) != 1 or not cells:
            return Outcome("look_for", False, f"I see {len(racks)} racks and {len(cells)} cells")
        places = pockets(racks[0])
        outside = [cell for cell in cells if not any(place.holds(cell) for place in places)]
        free = [place for place in places if not any(place.holds(cell) for cell in cells)]
        if not outside or not free:
            break
        outcome = yield from lay(body, *_pair(body, outside, free), seen)
    yield from wait(body, HOLD + 0.2)
    return outcome


def _pair(body: Body, cells: Sequence[Seen], places: Sequence[Place]) -> tuple[Seen, Place]:
    """The nearest cell and its place, when as many as can be have a place that one hand reaches together with them,
    far ones before near ones."""
    far = [body.stance.inverse.point(place.point)[0] for place in places]
    cost = np.array(
        [[-x if hands_for(body, cell, place) else 9.0 for place, x in zip(places, far, strict=True)] for cell in cells]
    )
    pairs = list(zip(*linear_sum_assignment(cost), strict=True))
    away = [float(np.linalg.norm(body.stance.inverse.point(cell.position)[:2])) for cell in cells]
    cell, place = min(pairs, key=lambda pair: (cost[pair] > 0, away[pair[0]]))
    return cells[cell], places[place]


CELLS_TASK = Manipulation(INFO, draw, expert, longest=120.0, referee=CellsReferee)
