"""Ways for an arm between two postures on which it touches nothing: neither furniture, body nor what stands around.

The arm is a cloud of points, each with a radius; everything else is boxes and upright cylinders. Where the straight way
in joint space is blocked, RRT-Connect looks for another (Kuffner & LaValle, ICRA 2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import mujoco
import numpy as np

from bunraku.control.course import ARM_SPEED, UPPER, course
from bunraku.control.grasping import hand_cloud, relaxed
from bunraku.control.reach import Obstacle, ReachPlanner

ARMS = {"left": slice(11, 18), "right": slice(18, 25)}
"""The arms in a configuration (37,)."""
WAIST = slice(7, 9)
"""The waist in a configuration (37,)."""

HELD_RADIUS, FOREARM_RADIUS = 0.006, 0.045
OBJECT_MARGIN, FURNITURE_MARGIN = 0.015, 0.006
"""Air (m) that is kept to things that stand around, and to the map."""
STEP, REACH = 0.12, 0.5
"""Distance (rad) between two checks of a way, and the longest branch of a tree."""
BRANCHES = 250
"""How many branches are tried before there is said to be no way."""
TOUCHING = 0.012
"""How far (m) a hand may reach into the air that is kept: farther, and it touches."""
ESCAPE = 0.5
"""How far (rad) from an end of a way an arm may still be nearer to something than it should."""
LEANING = 0.1
"""Turn of the waist (rad) beyond which all else goes with it."""
CARRIED = 0.84
"""How far the centre of mass moves when the pelvis moves by 1 over feet that stay."""
REFINED, STRAYING = 3, 0.004
"""How often the knots of a way may be doubled to keep its course near the straight lines, and how much nearer (m) to
things the course may come than these."""
BODY_ROWS = 3
"""Chest, head and the other arm, the last of what there is room to."""
TILT = 0.7
"""Largest tilt (rad) of what is carried, beyond the tilt at either end."""
_BODY_BOXES = np.array([[0, 0, 0.22, 0.11, 0.14, 0.18], [0, 0, 0.60, 0.11, 0.10, 0.16]])
"""Chest and head in the torso frame: centre and half extents, m."""


@dataclass(frozen=True)
class Standing:
    """Something that stands around: `centre` (3,) m, half extents `half` (3,) m turned by `yaw` (rad); `round` in plan,
    of radius half[0], or square."""

    centre: np.ndarray
    half: np.ndarray
    yaw: float = 0.0
    round: bool = False


class FreeSpace:
    """What one arm may do among `things`, with the points `held` (n, 3) m of its palm frame in its hand.

    Args:
        planner: inverse kinematics.
        side: "left" or "right".
        things: what stands around.
        fingers: joint angles (n,) rad of the hand on the way; relaxed if None.
        held: points (n, 3) m on what it carries, in the palm frame.
        upright: direction (3,) in the palm frame that should stay up on the way; None where nothing is carried.
    """

    def __init__(
        self,
        planner: ReachPlanner,
        side: str,
        things: Sequence[Standing] = (),
        fingers: np.ndarray | None = None,
        held: np.ndarray | None = None,
        upright: np.ndarray | None = None,
    ) -> None:
        model = planner.model
        self._model, self._data = model, mujoco.MjData(model)
        self._arm = ARMS[side]
        sign, other = (1.0, "left") if side == "right" else (-1.0, "right")
        hand = planner.spec.hand_spec
        points, radii = hand_cloud(planner.spec.hand, relaxed(hand) if fingers is None else fingers)
        held = np.zeros((0, 3)) if held is None else held
        self._hand = np.concatenate([points * [1, sign, 1], held])
        self._upright = upright
        length = planner.spec.segments.forearm
        self._forearm = np.linspace([0, 0, -0.02], [0, 0, 0.02 - length], 6)
        self._radii = np.r_[radii, np.full(len(held), HELD_RADIUS), np.full(len(self._forearm), FOREARM_RADIUS)]
        self._palm, self._other_palm = model.site(f"{side}_palm").id, model.site(f"{other}_palm").id
        self._bodies = [model.body(f"{s}_forearm").id for s in (side, other)]
        self._torso = model.body("torso").id
        boxes = [_as_standing(obstacle) for obstacle in planner.obstacles] + list(things)
        self._furniture = len(planner.obstacles)
        self._centre = np.array([box.centre for box in boxes]).reshape(-1, 1, 3)
        self._half = np.array([box.half for box in boxes]).reshape(-1, 1, 3)
        self._turn = np.array([[np.cos(box.yaw), np.sin(box.yaw)] for box in boxes]).reshape(-1, 2, 1)
        self._round = np.array([box.round for box in boxes], bool).reshape(-1, 1)
        self._margin = np.r_[
            np.full(len(planner.obstacles), FURNITURE_MARGIN), np.full(len(things), OBJECT_MARGIN), np.zeros(3)
        ]
        self._low, self._high = planner.spec.lower_limits, planner.spec.upper_limits

    def room(self, configuration: np.ndarray) -> np.ndarray:
        """Least air (n,) m between the arm and the furniture, each of the things, chest, head and the other arm, less
        the air that is kept to each."""
        data = self._data
        data.qpos[:] = configuration
        mujoco.mj_kinematics(self._model, data)
        points = np.concatenate([self._placed(self._palm, self._hand), self._limb(self._bodies[0])])
        local = points - self._centre
        cos, sin = self._turn[:, 0], self._turn[:, 1]
        x = local[..., 0] * cos + local[..., 1] * sin
        y = local[..., 1] * cos - local[..., 0] * sin
        half = self._half
        square = np.maximum(np.abs(x) - half[..., 0], np.abs(y) - half[..., 1])
        plan = np.where(self._round, np.hypot(x, y) - half[..., 0], square)
        around = (np.maximum(plan, np.abs(local[..., 2]) - half[..., 2]) - self._radii).min(axis=1)
        rotation = data.xmat[self._torso].reshape(3, 3)
        at_body = np.abs((points - data.xpos[self._torso]) @ rotation - _BODY_BOXES[:, None, :3])
        body = ((at_body - _BODY_BOXES[:, None, 3:]).max(axis=2) - self._radii).min(axis=1)
        other = np.concatenate([self._limb(self._bodies[1]), data.site_xpos[self._other_palm][None]])
        apart = np.linalg.norm(points[:, None] - other, axis=2) - self._radii[:, None] - 0.05
        return np.r_[around, body, apart.min()] - self._margin

    def least(self, knots: Sequence[np.ndarray]) -> float:
        """Least air (m), beyond what is kept, to the things, the body and the other arm on the straight way through
        `knots`, configurations (37,). The furniture does not count: fingertips may touch a table."""
        between = [(first + second) / 2 for first, second in pairwise(knots)]
        return float(min(self.room(q)[self._furniture :].min() for q in (*knots, *between)))

    def _placed(self, site: int, points: np.ndarray) -> np.ndarray:
        return points @ self._data.site_xmat[site].reshape(3, 3).T + self._data.site_xpos[site]

    def _limb(self, body: int) -> np.ndarray:
        return self._forearm @ self._data.xmat[body].reshape(3, 3).T + self._data.xpos[body]

    def way(self, start: np.ndarray, goal: np.ndarray, seed: int = 0) -> list[np.ndarray] | None:
        """Configurations (37,) from `start` (without it) to `goal`, through which the arm can follow a `course`.

        It keeps its air to everything but what is too near already at one end, and there only around that end; if that
        cannot be, it comes no nearer to anything than it is at either end. None when no such way was found.
        """
        for escape in (ESCAPE, np.inf):
            way = _Search(self, start, goal, escape, np.random.default_rng(seed)).run()
            if way is not None:
                return way
        return None

    def centre_of_mass(self, configuration: np.ndarray) -> np.ndarray:
        """Where (2,) m on the floor the centre of mass is in a configuration (37,)."""
        data = self._data
        data.qpos[:] = configuration
        mujoco.mj_kinematics(self._model, data)
        mujoco.mj_comPos(self._model, data)
        return data.subtree_com[0, :2].copy()

    def tilt(self) -> float:
        """Tilt (rad) of what is carried in the configuration that was asked for last."""
        if self._upright is None:
            return 0.0
        return float(np.arccos(np.clip(self._data.site_xmat[self._palm].reshape(3, 3)[2] @ self._upright, -1, 1)))


class _Search:
    """One search. Its states are waist and arm (9,) rad; the pelvis goes where it keeps the balance.

    What is too near at one end may be so within `escape` (rad) of that end, less and less.
    """

    def __init__(
        self, space: FreeSpace, start: np.ndarray, goal: np.ndarray, escape: float, rng: np.random.Generator
    ) -> None:
        self._space, self._start, self._goal, self._rng = space, start, goal, rng
        self._from, self._to = (np.r_[q[WAIST], q[space._arm]] for q in (start, goal))
        rooms, tilts = zip(*((space.room(q), space.tilt()) for q in (start, goal)), strict=True)
        self._centres = [space.centre_of_mass(q) for q in (start, goal)]
        self._least = np.minimum(0.0, rooms) - 1e-6
        self._escape = escape
        self._most_tilt = max(tilts) + TILT
        arm = slice(space._arm.start - 7, space._arm.stop - 7)
        waist = np.sort([start[WAIST], goal[WAIST]], axis=0)
        self._low, self._high = (np.r_[w, limit[arm]] for w, limit in ((waist[0], space._low), (waist[1], space._high)))

    def run(self) -> list[np.ndarray] | None:
        if self._straight(self._from, self._to):
            return self._traced([self._from, self._to])
        trees = [[(self._from, -1)], [(self._to, -1)]]
        for count in range(BRANCHES):
            grown, other = trees[count % 2], trees[1 - count % 2]
            new = self._branch(grown, self._sample())
            if new is None:
                continue
            met = self._connect(other, new)
            if met is not None:
                first, second = _trunk(grown, len(grown) - 1), _trunk(other, met)
                knots = first[::-1] + second[1:] if count % 2 == 0 else second[::-1] + first[1:]
                return self._traced(self._shortened(knots))
        return None

    def _traced(self, knots: list[np.ndarray]) -> list[np.ndarray]:
        """The configurations after the first of `knots`, with more of them where the course would stray."""
        for _ in range(REFINED):
            if self._course_is_free(knots):
                break
            knots = [z for a, b in pairwise(knots) for z in (a, (a + b) / 2)] + [knots[-1]]
        return [*(self._configuration(z) for z in knots[1:-1]), self._goal]

    def _course_is_free(self, knots: list[np.ndarray]) -> bool:
        line, duration = course(np.array([self._configuration(z) for z in knots]))
        count = max(2, int(np.ceil(duration * ARM_SPEED / STEP)))
        arm = slice(self._space._arm.start - UPPER.start, self._space._arm.stop - UPPER.start)
        upper = line(np.arange(1, count) / count * duration)
        return all(self._is_free(np.r_[q[:2], q[arm]], STRAYING) for q in upper)

    def _sample(self) -> np.ndarray:
        if self._rng.random() < 0.3:
            return self._rng.uniform(self._low, self._high)
        between = self._from + self._rng.random() * (self._to - self._from)
        spread = np.r_[0.1, 0.1, np.full(7, 0.6)]
        return np.clip(between + spread * self._rng.standard_normal(9), self._low, self._high)

    def _branch(self, tree: list[tuple[np.ndarray, int]], towards: np.ndarray) -> np.ndarray | None:
        nearest = int(np.argmin([_distance(state, towards) for state, _ in tree]))
        origin = tree[nearest][0]
        distance = _distance(origin, towards)
        if distance < 1e-6:
            return None
        new = origin + min(1.0, REACH / distance) * (towards - origin)
        if not self._straight(origin, new):
            return None
        tree.append((new, nearest))
        return new

    def _connect(self, tree: list[tuple[np.ndarray, int]], state: np.ndarray) -> int | None:
        while True:
            new = self._branch(tree, state)
            if new is None:
                return None
            if _distance(new, state) < 1e-6:
                return len(tree) - 1

    def _shortened(self, knots: list[np.ndarray]) -> list[np.ndarray]:
        for _ in range(40):
            if len(knots) < 3:
                break
            first, last = np.sort(self._rng.choice(len(knots), 2, replace=False))
            if last - first > 1 and self._straight(knots[first], knots[last]):
                knots = knots[: first + 1] + knots[last:]
        return knots

    def _straight(self, start: np.ndarray, goal: np.ndarray) -> bool:
        count = max(2, int(np.ceil(np.abs(goal - start).max() / STEP)))
        shares = np.arange(1, count + 1) / count
        return all(self._is_free(start + share * (goal - start)) for share in shares[::-1])

    def _is_free(self, state: np.ndarray, straying: float = 0.0) -> bool:
        room = self._space.room(self._configuration(state))
        return bool(np.all(room >= self._allowed(state) - straying)) and self._space.tilt() <= self._most_tilt

    def _allowed(self, state: np.ndarray) -> np.ndarray:
        """Least room (n,) at a state. A resting arm may be near the chest all the way."""
        away = np.abs([state - self._from, state - self._to]).max(axis=1)
        near = np.clip(1 - away / self._escape, 0, 1)[:, None]
        allowed = np.min(near * self._least, axis=0)
        allowed[-BODY_ROWS:] = self._least[:, -BODY_ROWS:].min(axis=0)
        return allowed

    def _configuration(self, state: np.ndarray) -> np.ndarray:
        progress = self._progress(state)
        configuration = self._start + progress * (self._goal - self._start)
        configuration[3:7] /= np.linalg.norm(configuration[3:7])
        configuration[WAIST], configuration[self._space._arm] = state[:2], state[2:]
        balanced = (1 - progress) * self._centres[0] + progress * self._centres[1]
        configuration[:2] += (balanced - self._space.centre_of_mass(configuration)) / CARRIED
        return configuration

    def _progress(self, state: np.ndarray) -> float:
        """How far all else has come from start (0) to goal (1): as far as the waist, or the arm if that stays."""
        lean = self._to[:2] - self._from[:2]
        if np.hypot(*lean) > LEANING:
            return float(np.clip((state[:2] - self._from[:2]) @ lean / (lean @ lean), 0.0, 1.0))
        gone, left = _distance(self._from, state), _distance(state, self._to)
        return gone / max(gone + left, 1e-9)


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(a - b))


def _trunk(tree: list[tuple[np.ndarray, int]], index: int) -> list[np.ndarray]:
    """The states from `index` back to the root."""
    states = []
    while index >= 0:
        state, index = tree[index]
        states.append(state)
    return states


def _as_standing(obstacle: Obstacle) -> Standing:
    """A board of the map with all that is below it: nothing shall look for a way under a table."""
    top = obstacle.centre[2] + obstacle.half[2]
    return Standing(np.array([*obstacle.centre[:2], top / 2]), np.array([*obstacle.half[:2], top / 2]))
