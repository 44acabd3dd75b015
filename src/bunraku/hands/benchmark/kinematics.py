"""Forward kinematics of many postures at once, and the geometry of hand and object at those postures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import mujoco
import numpy as np

from bunraku.hands.benchmark.subject import Link, Subject

SPHERES = (0.05, 0.35, 0.65, 0.95)
"""Where along a link its spheres sit, as shares of its length."""


def rotations(axis: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Rotation matrices (B, 3, 3) about one unit `axis` (3,) by `angle` (B,)."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle)[:, None, None] * cross + (1 - np.cos(angle))[:, None, None] * (cross @ cross)


def rotations_from_vectors(vectors: np.ndarray) -> np.ndarray:
    """Rotation matrices (B, 3, 3) from rotation vectors (B, 3)."""
    angle = np.linalg.norm(vectors, axis=1)
    x, y, z = (vectors / np.maximum(angle, 1e-12)[:, None]).T
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], 1).reshape(-1, 3, 3)
    return np.eye(3) + np.sin(angle)[:, None, None] * cross + (1 - np.cos(angle))[:, None, None] * (cross @ cross)


@dataclass(frozen=True)
class Placement:
    """Frames of all bodies for B postures: `position` (B, nbody, 3) m, `rotation` (B, nbody, 3, 3), hand frame."""

    position: np.ndarray
    rotation: np.ndarray

    def point(self, body: int, local: np.ndarray) -> np.ndarray:
        """A body's point (B, 3)."""
        return self.position[:, body] + self.rotation[:, body] @ local

    def direction(self, body: int, local: np.ndarray) -> np.ndarray:
        """A body's direction (B, 3)."""
        return self.rotation[:, body] @ local


class Kinematics:
    """Vectorised forward kinematics of a hand with hinges only."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        model = subject.model
        if np.any(model.jnt_type != mujoco.mjtJoint.mjJNT_HINGE):
            raise ValueError(f"{subject.name}: only hinges are supported")
        self.lower, self.upper = subject.joint_range.T
        self.dof = model.nv
        self._rest = [
            (int(model.body_parentid[b]), model.body_pos[b].copy(), _matrix(model.body_quat[b]))
            for b in range(model.nbody)
        ]
        self._joints = [
            [
                (j, model.jnt_axis[j].copy(), model.jnt_pos[j].copy())
                for j in range(model.body_jntadr[b], model.body_jntadr[b] + model.body_jntnum[b])
            ]
            for b in range(model.nbody)
        ]
        links = [link for chain in subject.digits.values() for link in chain]
        self._sphere_body = np.repeat([link.body for link in links], len(SPHERES))
        self._link_body = np.array([link.body for link in links])
        self._link_locals = np.array([[link_point(link, share) for share in SPHERES] for link in links])
        self.sphere_radius = np.repeat([link.radius for link in links], len(SPHERES))
        self.sphere_digit = np.repeat(
            [i for i, chain in enumerate(subject.digits.values()) for _ in chain], len(SPHERES)
        )
        self.sphere_depth = np.repeat([d for chain in subject.digits.values() for d in range(len(chain))], len(SPHERES))

    def tie(self, postures: np.ndarray) -> np.ndarray:
        """`postures` (..., n) rad with the joints that linkages move where their drivers put them."""
        if not self.subject.linked:
            return postures
        tied = postures.copy()
        for joint, (driver, ratio, offset) in self.subject.linked.items():
            tied[..., joint] = offset + ratio * tied[..., driver]
        return tied

    def place(self, postures: np.ndarray) -> Placement:
        """Frames of all bodies at `postures` (B, n) rad, linked joints tied."""
        count, postures = len(postures), self.tie(postures)
        position = np.zeros((count, len(self._rest), 3))
        rotation = np.tile(np.eye(3), (count, len(self._rest), 1, 1))
        for body, (parent, offset, turn) in enumerate(self._rest):
            if body == 0:
                continue
            frame = rotation[:, parent] @ turn
            origin = position[:, parent] + rotation[:, parent] @ offset
            for joint, axis, anchor in self._joints[body]:
                pivot = origin + frame @ anchor
                frame = frame @ rotations(axis, postures[:, joint])
                origin = pivot - frame @ anchor
            position[:, body], rotation[:, body] = origin, frame
        return Placement(position, rotation)

    def spheres(self, placement: Placement) -> np.ndarray:
        """Centres (B, k, 3) of the spheres that stand for the digits."""
        turned = self._link_locals @ placement.rotation[:, self._link_body].transpose(0, 1, 3, 2)
        return (placement.position[:, self._link_body, None] + turned).reshape(len(turned), -1, 3)

    def palm_points(self, placement: Placement) -> np.ndarray:
        """Surface points of the palm (B, k, 3)."""
        palm = self.subject.palm
        return placement.position[:, palm.body, None] + palm.points @ placement.rotation[:, palm.body].transpose(
            0, 2, 1
        )

    @cached_property
    def _self_pairs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Numbers of the spheres that stand for the digits among themselves, which pairs of them count (numbers in the
        flat table), and the distance at which each pair touches."""
        chosen = np.flatnonzero(np.arange(len(self._sphere_body)) % len(SPHERES) > 0)
        digit, depth, radius = self.sphere_digit[chosen], self.sphere_depth[chosen], self.sphere_radius[chosen]
        counts = (digit[:, None] < digit) & (depth[:, None] + depth > 1)
        return chosen, np.flatnonzero(counts), (radius[:, None] + radius)[counts]

    def self_overlap(self, centres: np.ndarray) -> np.ndarray:
        """How deep digits overlap each other, (B, pairs) m, 0 where they do not."""
        chosen, pairs, touch = self._self_pairs
        c = centres[:, chosen]
        square = (c * c).sum(2)
        table = square[:, :, None] + square[:, None] - 2 * c @ c.transpose(0, 2, 1)
        distance = np.take(table.reshape(len(c), -1), pairs, axis=1)
        return np.maximum(0.0, touch - np.sqrt(np.maximum(distance, 1e-12)))

    def palm_overlap(self, placement: Placement, centres: np.ndarray) -> np.ndarray:
        """How deep the far links sink into the palm's plane inside its outline, (B, k) m."""
        palm = self.subject.palm
        local = (centres - placement.position[:, None, palm.body]) @ placement.rotation[:, palm.body]
        height = (local - palm.points.mean(0)) @ palm.normal - self.sphere_radius
        flat = np.abs(palm.normal) < 0.5
        low, high = palm.points[:, flat].min(0), palm.points[:, flat].max(0)
        inside = np.all((local[..., flat] > low) & (local[..., flat] < high), axis=2) & (self.sphere_depth > 0)
        return np.where(inside, np.clip(-height, 0.0, 0.02), 0.0)

    def jacobian(self, posture: np.ndarray, placement: Placement, body: int, point: np.ndarray) -> np.ndarray:
        """Translational Jacobian (3, n) of a `point` (3,) fixed to `body`; `placement` holds `posture` alone. What a
        linked joint moves stands in its driver's column."""
        columns, posture = np.zeros((3, self.dof)), self.tie(posture)
        while body > 0:
            frame, origin = placement.rotation[0, body], placement.position[0, body]
            # the last joint of a body turns in the body's own frame; earlier ones are turned back by those after it
            after = np.eye(3)
            for joint, axis, anchor in reversed(self._joints[body]):
                world = frame @ after.T @ axis
                pivot = origin + frame @ anchor
                columns[:, joint] = np.cross(world, point - pivot)
                after = rotations(axis, posture[joint : joint + 1])[0] @ after
            body = self._rest[body][0]
        for joint, (driver, ratio, _) in self.subject.linked.items():
            columns[:, driver] += ratio * columns[:, joint]
            columns[:, joint] = 0.0
        return columns

    @cached_property
    def choice_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Bounds of the coordinates that the actuators choose in free space: joints, or couplings."""
        coupling = self.subject.coupling
        if coupling is None:
            return self.lower, self.upper
        rest = np.broadcast_to(self.subject.rest, self.upper.shape)
        ends = [np.stack([(self.lower - rest)[c != 0], (self.upper - rest)[c != 0]]) / c[c != 0] for c in coupling.T]
        return np.array([end.min() for end in ends]), np.array([end.max() for end in ends])

    def random_postures(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Postures (count, n) drawn uniformly from what the actuators can choose in free space."""
        lower, upper = self.choice_bounds
        return self.free(rng.uniform(lower, upper, (count, len(lower))))

    def free(self, choice: np.ndarray) -> np.ndarray:
        """Postures (B, n) for coordinates (B, k) of the coupling (B, n without one), clipped to the joint limits."""
        coupling = self.subject.coupling
        chosen = choice if coupling is None else self.subject.rest + choice @ coupling.T
        return np.clip(chosen, self.lower, self.upper)


def link_point(link: Link, share: float) -> np.ndarray:
    """A point on the axis of a link, (3,) m in its body's frame."""
    return link.start + share * (link.end - link.start)


def _matrix(quat: np.ndarray) -> np.ndarray:
    matrix = np.zeros(9)
    mujoco.mju_quat2Mat(matrix, quat)
    return matrix.reshape(3, 3)
