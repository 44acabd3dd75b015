"""K1, K2 and W: where the thumb's tip gets, with what force, and how much of that space the fingers share.

Kapandji's positions (1986): 1 radial side of the index's proximal and 2 of its middle phalanx; 3–6 the tips of index,
middle, ring and little; 7, 8, 9 the little finger's DIP, PIP and MCP creases; 10 the distal palmar crease.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bunraku.hands.benchmark.force import Statics, friction_pyramid, greatest_force, passive
from bunraku.hands.benchmark.kinematics import SPHERES, Kinematics, Placement, link_point
from bunraku.hands.benchmark.search import climb, minimise
from bunraku.hands.benchmark.subject import CONTINUOUS

TARGETS = (
    ("index", -3, 0.60, "radial"),
    ("index", -2, 0.50, "radial"),
    ("index", -1, 0.90, "tip"),
    ("middle", -1, 0.90, "tip"),
    ("ring", -1, 0.90, "tip"),
    ("little", -1, 0.90, "tip"),
    ("little", -1, 0.05, "palmar"),
    ("little", -2, 0.05, "palmar"),
    ("little", -3, 0.10, "palmar"),
    ("palm", 0, 0.0, "palmar"),
)
"""Digit, link from the tip, share of its length, side."""
FUSED = {
    (-3, 0.60): (-2, 0.60),
    (-2, 0.50): (-1, 0.25),
    (-1, 0.90): (-1, 0.90),
    (-1, 0.05): (-1, 0.50),
    (-2, 0.05): (-1, 0.05),
    (-3, 0.10): (-2, 0.10),
}
"""The same places on a finger whose last two phalanges are one link."""
TOUCH, OVERLAP, SIDE = 0.002, 0.0025, 0.2
CANDIDATES = 1500
ROUNDS = ((24, 12), (8, 20))
CLIMBS = 2
FORCE = 5.0
"""Mutual force that K2 asks for, N."""
VOXEL, SAMPLES = 0.006, 20_000


@dataclass(frozen=True)
class Kapandji:
    """`reached` and `pressed`: for each of the ten positions, whether it is reached, and whether FORCE is held there.
    `force` (10,) N is the mutual force found under continuous limits: the search ends at FORCE. 0 where the position is
    not reached."""

    reached: tuple[bool, ...]
    pressed: tuple[bool, ...]
    force: tuple[float, ...]


class _Opposition:
    def __init__(self, kinematics: Kinematics, target: tuple[str, int, float, str]) -> None:
        self.k, self.target = kinematics, target
        digits = kinematics.subject.digits
        self.thumb = digits["thumb"][-1]
        name, back, share, _ = target
        if name == "palm":
            palm = kinematics.subject.palm
            self.link, self.radius, self.body = None, 0.0, palm.body
            self.local = _distal_crease(kinematics)
        else:
            if len(digits[name]) < 3:
                back, share = FUSED[back, share]
            self.link = digits[name][back]
            self.radius, self.body = self.link.radius, self.link.body
            self.local = link_point(self.link, share)
        self.thumb_local = link_point(self.thumb, SPHERES[-1])

    def touch(self, placement: Placement) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Gap (B,), direction from thumb to target (B, 3), cosines of the thumb's and the target's sides (B,)."""
        a = placement.point(self.thumb.body, self.thumb_local)
        b = placement.point(self.body, self.local)
        if self.link is None:
            palm = self.k.subject.palm
            b = b + placement.direction(self.body, palm.normal) * 1e-4
        between = b - a
        distance = np.linalg.norm(between, axis=1)
        direction = between / np.maximum(distance, 1e-6)[:, None]
        along = (self.thumb.end - self.thumb.start) / np.linalg.norm(self.thumb.end - self.thumb.start)
        own = (placement.direction(self.thumb.body, 0.6 * along + 0.8 * self.thumb.palmar) * direction).sum(1)
        theirs = -(placement.direction(self.body, self._side()) * direction).sum(1)
        return distance - self.thumb.radius - self.radius, direction, own, theirs

    def _side(self) -> np.ndarray:
        if self.link is None:
            return self.k.subject.palm.normal
        along = (self.link.end - self.link.start) / np.linalg.norm(self.link.end - self.link.start)
        sides = {
            "radial": np.cross(along, self.link.palmar),
            "tip": 0.6 * along + 0.8 * self.link.palmar,
            "palmar": self.link.palmar,
        }
        return sides[self.target[3]]

    def overlap(self, placement: Placement) -> np.ndarray:
        centres = self.k.spheres(placement)
        own = self.k.self_overlap(centres)
        palm = self.k.palm_overlap(placement, centres)
        return np.concatenate([own, palm], 1)

    def residuals(self, choice: np.ndarray) -> np.ndarray:
        posture = self.k.free(choice)
        placement = self.k.place(posture)
        gap, _, own, theirs = self.touch(placement)
        overlap = np.linalg.norm(self.overlap(placement), axis=1)
        sides = np.stack([1e3 * gap, 8 * np.maximum(0, 0.5 - own), 8 * np.maximum(0, 0.5 - theirs), 1e3 * overlap], 1)
        return np.concatenate([sides, 0.05 * (posture - (self.k.lower + self.k.upper) / 2)], 1)

    def judge(self, posture: np.ndarray) -> bool:
        placement = self.k.place(posture[None])
        gap, _, own, theirs = self.touch(placement)
        sides = own[0] > SIDE and theirs[0] > SIDE
        return bool(abs(gap[0]) < TOUCH and sides and self.overlap(placement).max() < OVERLAP)

    def force(self, posture: np.ndarray) -> float:
        """Greatest mutual normal force at `posture`, N."""
        placement = self.k.place(posture[None])
        _, direction, _, _ = self.touch(placement)
        point = placement.point(self.thumb.body, self.thumb_local)[0] + direction[0] * self.thumb.radius
        jacobian = self.k.jacobian(posture, placement, self.thumb.body, point)
        jacobian -= self.k.jacobian(posture, placement, self.body, point)
        edges = friction_pyramid(direction[0], 0.5)
        s = Statics(
            np.zeros((6, len(edges))), jacobian.T @ edges.T, np.ones((1, len(edges))), *passive(self.k, posture)
        )
        return greatest_force(s, self.k.subject.forces[CONTINUOUS], np.ones(1))

    def strongest(self, x: np.ndarray, lower: np.ndarray, upper: np.ndarray, rng: np.random.Generator) -> float:
        """Greatest mutual force, N, of the postures at choices `x` (B, k), or FORCE or more if a climb from the best
        ones gets there."""

        def score(choices: np.ndarray) -> np.ndarray:
            postures = self.k.free(choices)
            return np.array([self.force(posture) if self.judge(posture) else -np.inf for posture in postures])

        best, spread, most = x[np.argsort(-score(x))[:CLIMBS]], 0.08 * (upper - lower), 0.0
        for start in best:
            if most < FORCE:
                most = max(most, climb(self.residuals, score, start, lower, upper, spread, rng, FORCE)[1])
        return most


def kapandji(kinematics: Kinematics, seed: int) -> Kapandji:
    """Try the ten positions."""
    reached, force = [], []
    for number, target in enumerate(TARGETS):
        name = target[0]
        digits = kinematics.subject.digits
        if name != "palm" and name not in digits:
            reached.append(False)
            force.append(0.0)
            continue
        rng = np.random.default_rng([seed, number])
        test = _Opposition(kinematics, target)
        lower, upper = kinematics.choice_bounds
        x = rng.uniform(lower, upper, (CANDIDATES, len(lower)))
        cost = np.square(test.residuals(x)).sum(1)
        for count, iterations in ROUNDS:
            x, cost = minimise(test.residuals, x[np.argsort(cost)[:count]], lower, upper, iterations)
        postures = kinematics.free(x)
        good = [posture for posture in postures if test.judge(posture)]
        reached.append(bool(good))
        force.append(test.strongest(x, lower, upper, rng) if good else 0.0)
    return Kapandji(tuple(reached), tuple(f >= FORCE for f in force), tuple(force))


def workspace_overlap(kinematics: Kinematics, seed: int) -> dict[str, float]:
    """Volume in cm³ that the tips of the thumb and of each finger share, from SAMPLES random postures."""
    placement = kinematics.place(kinematics.random_postures(SAMPLES, np.random.default_rng(seed)))
    cells = {}
    for name, chain in kinematics.subject.digits.items():
        tip = placement.point(chain[-1].body, chain[-1].end)
        cells[name] = {tuple(cell) for cell in np.floor(tip / VOXEL).astype(int).tolist()}
    return {name: len(cells["thumb"] & own) * (100 * VOXEL) ** 3 for name, own in cells.items() if name != "thumb"}


def _distal_crease(kinematics: Kinematics) -> np.ndarray:
    """The palm's surface point nearest to the middle between the two most ulnar finger bases."""
    subject = kinematics.subject
    placement = kinematics.place(np.clip(np.zeros((1, kinematics.dof)), kinematics.lower, kinematics.upper))
    fingers = [chain for name, chain in subject.digits.items() if name != "thumb"][-2:]
    first = [chain[max(0, len(chain) - 3)] for chain in fingers]
    knuckles = [placement.point(link.body, link.start)[0] for link in first]
    points = kinematics.palm_points(placement)[0]
    nearest = np.linalg.norm(points - np.mean(knuckles, 0), axis=1).argmin()
    return subject.palm.points[nearest]
