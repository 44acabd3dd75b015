"""G1: find a posture and an object pose which make the required contacts of a grasp.

A fit counts when every required contact touches on the right side, what opposes opposes, and nothing overlaps by more
than the tolerances below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bunraku.hands.benchmark.grasps import Grasp
from bunraku.hands.benchmark.kinematics import SPHERES, Kinematics, Placement, rotations_from_vectors
from bunraku.hands.benchmark.search import climb, minimise

TOUCH = 0.002
"""Greatest gap or overlap of a required contact, m."""
OVERLAP = 0.0025
"""Greatest overlap of anything else, m."""
ALIGNMENT = 0.45
"""Least cosine between a contact's normal and the side of the link which must touch."""
OPPOSITION = -0.5
"""Greatest cosine between the mean normals of the two opposing groups."""
WRAP_GAP = 0.006
"""A wrapped finger has a second link at most so far from the object, m."""
ADDUCTED = 0.75
"""Greatest share of an adducted thumb's length which may stand out of the palm's plane."""
CANDIDATES = 600
ROUNDS = ((20, 10), (6, 28))
"""Successive halving: how many starts are kept, and for how many iterations they are improved."""


@dataclass(frozen=True)
class Contact:
    """One touch of the hand at its fitted posture: on `body` at `point` (3,) m, pushing along `normal` (3,)."""

    digit: str
    body: int
    point: np.ndarray
    normal: np.ndarray


@dataclass(frozen=True)
class Fit:
    """A posture (n,) rad and an object pose in the hand frame; `error` says what is wrong, empty if nothing is."""

    grasp: Grasp
    posture: np.ndarray
    position: np.ndarray
    rotation: np.ndarray
    contacts: tuple[Contact, ...]
    cost: float
    error: str

    @property
    def feasible(self) -> bool:
        """Whether the grasp can be formed."""
        return not self.error


class _Scene:
    """Everything the residuals of one grasp need, for many candidates at once."""

    def __init__(self, kinematics: Kinematics, grasp: Grasp, base: np.ndarray) -> None:
        self.kinematics, self.grasp, self.base = kinematics, grasp, base
        digits = list(kinematics.subject.digits)
        self.missing = [c for c in grasp.contacts if c != "palm" and c.split(".")[0] not in digits]
        first = {name: start for name, start in zip(digits, _first_spheres(kinematics), strict=True)}
        self.groups = {c: self._spheres(c, first) for c in grasp.contacts if c != "palm" and c not in self.missing}

    def _spheres(self, contact: str, first: dict[str, int]) -> list[np.ndarray]:
        """Sphere numbers of each link which must touch, the required one first."""
        digit, surface = contact.split(".")
        count, links = len(SPHERES), len(self.kinematics.subject.digits[digit])
        of_link = [first[digit] + count * d + np.arange(count) for d in range(links)]
        last = of_link[-1]
        if surface == "tip":
            return [last[-1:]]
        if surface == "pad":
            return [last[1:3]]
        if surface == "wrap":
            return [last[1:], *(of_link[d][1:] for d in range(max(0, links - 3), links - 1))]
        return [np.concatenate([of_link[-2][1:], last[:3]])]

    def sides(self, placement: Placement, contact: str) -> np.ndarray:
        """Outward direction of the touching side for every sphere of the digit's links, (B, links, 3)."""
        digit, surface = contact.split(".")
        out = []
        for link in self.kinematics.subject.digits[digit]:
            along = (link.end - link.start) / np.linalg.norm(link.end - link.start)
            radial = np.cross(along, link.palmar)
            local = {
                "pad": link.palmar,
                "wrap": link.palmar,
                "tip": 0.8 * along + 0.6 * link.palmar,
                "radial": radial,
                "ulnar": -radial,
            }[surface]
            out.append(placement.direction(link.body, local))
        return np.stack(out, 1)

    def evaluate(self, x: np.ndarray) -> dict:
        """Distances, normals and overlaps at variables x (B, n + 6)."""
        k, n = self.kinematics, self.kinematics.dof
        placement = k.place(x[:, :n])
        centres = k.spheres(placement)
        position, rotation = x[:, n : n + 3], rotations_from_vectors(x[:, n + 3 :]) @ self.base
        points = np.concatenate([centres, k.palm_points(placement)], 1) - position[:, None]
        distance, gradient = self.grasp.shape.signed_distance(points @ rotation)
        inward = -(gradient @ rotation.transpose(0, 2, 1))
        spheres = len(k.sphere_radius)
        gap = distance.copy()
        gap[:, :spheres] -= k.sphere_radius
        touches = {}
        for contact, links in self.groups.items():
            sides = self.sides(placement, contact)
            rows = []
            for numbers in links:
                best = numbers[np.abs(gap[:, numbers]).argmin(1)]
                take = np.arange(len(x))
                side = sides[take, k.sphere_depth[best]]
                rows.append((best, gap[take, best], inward[take, best], (inward[take, best] * side).sum(1)))
            touches[contact] = rows
        if "palm" in self.grasp.contacts:
            best = spheres + gap[:, spheres:].argmin(1)
            take = np.arange(len(x))
            normal = placement.direction(k.subject.palm.body, k.subject.palm.normal)
            touches["palm"] = [(best, gap[take, best], normal, np.ones(len(x)))]
        return {
            "placement": placement,
            "centres": centres,
            "gap": gap,
            "inward": inward,
            "touches": touches,
            "position": position,
            "rotation": rotation,
        }

    def opposition(self, state: dict) -> np.ndarray | None:
        """Cosine between the mean normals of the two groups, (B,)."""
        means = []
        for group in (self.grasp.by, self.grasp.against):
            normals = [state["touches"][c][0][2] for c in group if c in state["touches"]]
            if not normals:
                return None
            mean = np.mean(normals, 0)
            means.append(mean / np.maximum(np.linalg.norm(mean, axis=1), 1e-6)[:, None])
        return (means[0] * means[1]).sum(1)

    def balance(self, state: dict) -> np.ndarray:
        """What a grasp needs to be in balance, (B, r): the opposing groups push along the line between them, and the
        contacts surround the object's centre."""
        k = self.kinematics
        points = np.concatenate([state["centres"], k.palm_points(state["placement"])], 1)
        take = np.arange(len(points))
        means = []
        for group in (self.grasp.by, self.grasp.against):
            touches = [state["touches"][c][0] for c in group if c in state["touches"]]
            if touches:
                means.append((np.mean([points[take, t[0]] for t in touches], 0), np.mean([t[2] for t in touches], 0)))
        centre = np.mean([point for point, _ in means], 0) - state["position"]
        columns = [60 * centre]
        if len(means) == 2:
            line = means[1][0] - means[0][0]
            line /= np.maximum(np.linalg.norm(line, axis=1), 1e-6)[:, None]
            for sign, (_, normal) in zip((1, -1), means, strict=True):
                cosine = sign * (line * normal).sum(1) / np.maximum(np.linalg.norm(normal, axis=1), 1e-6)
                columns.append(6 * np.maximum(0, 0.95 - cosine)[:, None])
        return np.concatenate(columns, 1)

    def thumb_elevation(self, placement: Placement) -> np.ndarray:
        """Share of the thumb's length that stands out of the palm's plane, (B,)."""
        subject = self.kinematics.subject
        first, last = subject.digits["thumb"][0], subject.digits["thumb"][-1]
        along = placement.point(last.body, last.end) - placement.point(first.body, first.start)
        normal = placement.direction(subject.palm.body, subject.palm.normal)
        return (along * normal).sum(1) / np.linalg.norm(along, axis=1)

    def residuals(self, x: np.ndarray) -> np.ndarray:
        """(B, r): millimetres of gap and overlap, and what directions lack."""
        k = self.kinematics
        state = self.evaluate(x)
        columns = []
        for rows in state["touches"].values():
            for i, (_, gap, _, cosine) in enumerate(rows):
                columns.append(gap * (1e3 if i == 0 else 120))
                columns.append(np.maximum(0, 0.70 - cosine) * (8 if i == 0 else 2))
        cosine = self.opposition(state)
        if cosine is not None:
            columns.append(np.maximum(0, cosine + 0.80) * 8)
        if self.grasp.thumb_adducted and "thumb" in k.subject.digits:
            columns.append(np.maximum(0, np.abs(self.thumb_elevation(state["placement"])) - 0.6) * 10)
        own = np.linalg.norm(k.self_overlap(state["centres"]), axis=1) * 1e3
        palm = np.linalg.norm(k.palm_overlap(state["placement"], state["centres"]), axis=1) * 1e3
        middle = (x[:, : k.dof] - (k.lower + k.upper) / 2) * 0.05
        overlap = np.maximum(0, -state["gap"] - 0.0003) * 1e3
        balance = self.balance(state) if state["touches"] else np.zeros((len(x), 0))
        return np.concatenate([np.stack([*columns, own, palm], 1), balance, overlap, middle], 1)

    def judge(self, state: dict, i: int) -> str:
        """What is wrong with candidate i, empty if nothing is."""
        k = self.kinematics
        if self.missing:
            return f"has no {self.missing[0].split('.')[0]}"
        for contact, rows in state["touches"].items():
            if abs(rows[0][1][i]) > TOUCH:
                return f"{contact} misses by {1e3 * rows[0][1][i]:.0f} mm"
            if rows[0][3][i] < ALIGNMENT:
                return f"{contact} touches with the wrong side"
            if len(rows) > 1 and min(row[1][i] for row in rows[1:]) > WRAP_GAP:
                return f"{contact} does not wrap"
        if (gap := state["gap"][i].min()) < -OVERLAP:
            return f"the object overlaps the hand by {-1e3 * gap:.0f} mm"
        if (own := k.self_overlap(state["centres"][i : i + 1]).max()) > OVERLAP:
            return f"digits overlap by {1e3 * own:.0f} mm"
        cosine = self.opposition(state)
        if cosine is not None and cosine[i] > OPPOSITION:
            return "the contacts do not oppose"
        if self.grasp.thumb_adducted and "thumb" in k.subject.digits:
            elevation = abs(self.thumb_elevation(state["placement"])[i])
            if elevation > ADDUCTED:
                return "the thumb is not adducted"
        return ""


def fit_grasp(
    kinematics: Kinematics, grasp: Grasp, seed: int, keep: int = 3, leaning: tuple[int, ...] = ()
) -> list[Fit]:
    """The best `keep` fits of `grasp`, feasible ones first, by cost; joints `leaning` rest on their lower stops."""
    rng = np.random.default_rng([seed, grasp.number])
    subject = kinematics.subject
    reach = subject.reach
    postures = _curled(kinematics, rng, CANDIDATES)
    axis_known = grasp.axis is not None and grasp.shape.kind != "sphere"
    base = _frame(np.array(grasp.axis)) if axis_known else np.eye(3)
    centre = np.array([0.55, 0.05, -0.2]) * reach
    position = centre + rng.normal(0, [0.12 * reach, 0.08 * reach, 0.08 * reach], (CANDIDATES, 3))
    turn = rng.normal(0, 0.25 if axis_known else 1.5, (CANDIDATES, 3))
    starts = np.concatenate([postures, position, turn], 1)
    scene = _Scene(kinematics, grasp, base)
    cost = np.square(scene.residuals(starts)).sum(1)
    lower, upper = _bounds(kinematics, leaning)
    x = starts
    for count, iterations in ROUNDS:
        x, cost = minimise(scene.residuals, x[np.argsort(cost)[:count]], lower, upper, iterations)
    state = scene.evaluate(x)
    fits = [_fit(scene, state, x, cost, i) for i in range(len(x))]
    return sorted(fits, key=lambda fit: (not fit.feasible, fit.cost))[:keep]


def strengthen(
    kinematics: Kinematics,
    fit: Fit,
    force: Callable[[Fit], float],
    rng: np.random.Generator,
    leaning: tuple[int, ...] = (),
) -> Fit:
    """Climb from a feasible `fit` to a neighbour of greater `force`; joints `leaning` rest on their lower stops."""
    scene = _Scene(kinematics, fit.grasp, fit.rotation)
    lower, upper = _bounds(kinematics, leaning)

    def fits(x: np.ndarray) -> list[Fit]:
        state = scene.evaluate(x)
        return [_fit(scene, state, x, np.zeros(len(x)), i) for i in range(len(x))]

    def score(x: np.ndarray) -> np.ndarray:
        return np.array([force(each) if each.feasible else -np.inf for each in fits(x)])

    start = np.concatenate([fit.posture, fit.position, np.zeros(3)])
    spread = np.concatenate([0.12 * (kinematics.upper - kinematics.lower), np.full(3, 0.006), np.full(3, 0.15)])
    best, _ = climb(scene.residuals, score, start, lower, upper, spread, rng)
    return fits(best[None])[0]


def _bounds(kinematics: Kinematics, leaning: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Of posture, position and turn, (n + 6,) each."""
    lower = np.concatenate([kinematics.lower, np.full(3, -0.4), np.full(3, -7.0)])
    upper = np.concatenate([kinematics.upper, np.full(3, 0.4), np.full(3, 7.0)])
    upper[list(leaning)] = lower[list(leaning)] + 1e-4
    return lower, upper


def _fit(scene: _Scene, state: dict, x: np.ndarray, cost: np.ndarray, i: int) -> Fit:
    k = scene.kinematics
    contacts = []
    spheres = len(k.sphere_radius)
    names = list(k.subject.digits)
    chosen: dict[int, int] = {}
    for name, rows in state["touches"].items():
        for order, (best, gap, _, cosine) in enumerate(rows):
            near = order == 0 or (abs(gap[i]) < 0.003 and cosine[i] > ALIGNMENT)
            if near and name != "palm":
                chosen[int(best[i])] = 1
    if "palm" in state["touches"]:
        for number in np.flatnonzero(state["gap"][i, spheres:] < 0.003):
            contacts.append(
                Contact(
                    "palm",
                    k.subject.palm.body,
                    k.palm_points(_one(state["placement"], i))[0, number],
                    state["inward"][i, spheres + number],
                )
            )
    for number in chosen:
        normal = state["inward"][i, number]
        contacts.append(
            Contact(
                names[k.sphere_digit[number]],
                int(k._sphere_body[number]),
                state["centres"][i, number] + normal * k.sphere_radius[number],
                normal,
            )
        )
    return Fit(
        scene.grasp,
        k.tie(x[i, : k.dof]).copy(),
        state["position"][i].copy(),
        state["rotation"][i].copy(),
        tuple(contacts),
        float(cost[i]),
        scene.judge(state, i),
    )


def _one(placement: Placement, i: int) -> Placement:
    return Placement(placement.position[i : i + 1], placement.rotation[i : i + 1])


def _first_spheres(kinematics: Kinematics) -> list[int]:
    counts = [len(chain) * len(SPHERES) for chain in kinematics.subject.digits.values()]
    return list(np.cumsum([0, *counts[:-1]]))


def _curled(kinematics: Kinematics, rng: np.random.Generator, count: int) -> np.ndarray:
    """Postures drawn with one common curl for all joints plus noise, since grasps close the fingers together."""
    curl = rng.uniform(0.1, 0.8, (count, 1))
    share = np.clip(curl + rng.normal(0, 0.25, (count, kinematics.dof)), 0, 1)
    return kinematics.lower + share * (kinematics.upper - kinematics.lower)


def _frame(axis: np.ndarray) -> np.ndarray:
    """A rotation whose third column is `axis`."""
    helper = np.eye(3)[np.abs(axis).argmin()]
    x = np.cross(helper, axis)
    x /= np.linalg.norm(x)
    return np.stack([x, np.cross(axis, x), axis], 1)
