"""G2: hold the object in full contact dynamics while gravity shakes it.

The hand starts slightly open around the fitted pose, closes under a tension servo (which drives each cable until its
sensor reads the planned grip) while the object is steadied by a viscous support, then locks its motors. The
support vanishes, gravity comes on, and half a g is added along each of six directions in turn, 2 s in all. A grasp
holds if no marked point of the object moves 10 mm relative to the palm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bunraku.hands.benchmark.fit import Fit
from bunraku.hands.benchmark.force import FRICTION, Statics, grip_tensions, statics
from bunraku.hands.benchmark.kinematics import Kinematics
from bunraku.hands.benchmark.scene import CHUNK, TIMESTEP, HandAndObject
from bunraku.hands.benchmark.subject import CONTINUOUS

GRAVITY = 9.81
CLOSE, SHAKE = 0.4, 2.0
"""s."""
SLIP = 0.010
"""m."""
STEADY = 60.0
"""Damping rate of the support that steadies the object while the hand closes, 1/s."""
MARK = 0.04
"""Slip is watched at points of the object up to so far from its centre, m."""
SAFETY = 3.0
"""Grip over the least grip that friction needs at 1.5 g."""
LEAST_GRIP = 4.0
"""N on each side, however light the object is."""
GRIPS = (1.0, 2.0)
"""Multiples of that grip which are tried."""
OPENING = 0.004
"""How far the touching links start from the object, m."""
POSITION_NOISE, TURN_NOISE = 0.002, np.radians(2)
TRIAL_SEEDS = 2
GOOD_SLIP = 0.005
"""The search for a plan ends with the first one which slips less in its trials, m."""


@dataclass(frozen=True)
class Hold:
    """How many of `trials` holds succeeded, and the median slip (m) of those."""

    held: int
    trials: int
    slip: float


def hold_grasp(kinematics: Kinematics, fits: list[Fit], seeds: int, seed: int, threads: int = 1) -> Hold:
    """Try every feasible fit and grip on a few seeds, then the best on `seeds` other ones."""
    feasible = [fit for fit in fits if fit.feasible]
    if not feasible:
        return Hold(0, seeds, float("nan"))
    plans = [(fit, grip) for fit in feasible for grip in GRIPS]
    best, least = plans[0], np.inf
    for plan in plans:
        slip = np.minimum(simulate(kinematics, *plan, TRIAL_SEEDS, seed + 10_000, threads), 2 * SLIP).max()
        if slip < least:
            best, least = plan, slip
        if least < GOOD_SLIP:
            break
    slips = simulate(kinematics, *best, seeds, seed, threads)
    held = slips < SLIP
    return Hold(int(held.sum()), seeds, float(np.median(slips[held])) if held.any() else float("nan"))


def simulate(kinematics: Kinematics, fit: Fit, grip: float, seeds: int, seed: int, threads: int = 1) -> np.ndarray:
    """Slip (seeds,) m of each seed's hold with `grip` times the grip which the object needs."""
    subject, shape = kinematics.subject, fit.grasp.shape
    rng = np.random.default_rng([seed, fit.grasp.number])
    s = statics(kinematics, fit)
    tension = grip_tensions(s, grip * wanted_forces(fit), subject.forces[CONTINUOUS])
    opened = _open(kinematics, fit, s)
    scene = HandAndObject(kinematics, fit, opened, seeds, rng, (POSITION_NOISE, TURN_NOISE), threads)
    steadied = slice(scene.dof, scene.dof + 6)
    inertia = scene.model.body_inertia[scene.object]
    scene.damping[:, steadied] = STEADY * np.concatenate([np.full(3, shape.mass), inertia])
    stiffness = scene.model.actuator_gainprm[:, 0]
    fastest = np.abs(subject.forces[CONTINUOUS]).max(1) / 3
    start, end = scene.lengths(opened), scene.lengths(fit.posture)
    chunks = round(CLOSE / TIMESTEP / CHUNK)
    for chunk in range(chunks):
        share = 2 * (chunk + 1) / chunks
        if share < 1:
            scene.ctrl[:] = start + share * (end - start)
        else:
            scene.ctrl += np.clip(0.5 * (tension - scene.force), -fastest, fastest) / stiffness
        scene.step(CHUNK)

    palm = subject.palm.body
    marks = np.diag(np.minimum(shape.extent, MARK))
    marks = np.concatenate([marks, -marks])

    def in_palm() -> np.ndarray:
        rotation = scene.xmat[:, scene.object].reshape(-1, 3, 3)
        world = scene.xpos[:, scene.object, None] + marks @ rotation.transpose(0, 2, 1)
        return (world - scene.xpos[:, palm, None]) @ scene.xmat[:, palm].reshape(-1, 3, 3)

    before = in_palm().copy()
    scene.damping[:, steadied] = 0
    slip = np.zeros(seeds)
    down = np.array(fit.grasp.down)
    for axis in (*np.eye(3), *-np.eye(3)):
        scene.gravity[:] = GRAVITY * (down + 0.5 * axis)
        for _ in range(4):
            scene.step(round(SHAKE / 24 / TIMESTEP))
            moved = np.linalg.norm(in_palm() - before, axis=2)
            # a ball may roll about its own centre without being lost
            moved = moved.mean(1) if shape.kind == "sphere" else moved.max(1)
            slip = np.maximum(slip, np.nan_to_num(moved, nan=1.0))
    return slip


def wanted_forces(fit: Fit) -> np.ndarray:
    """Normal forces (k,) N: friction at 1.5 g with SAFETY, shared by the contacts on each side."""
    grip = max(LEAST_GRIP, SAFETY * 1.5 * GRAVITY * fit.grasp.shape.mass / (2 * FRICTION))
    normals = np.array([contact.normal for contact in fit.contacts])
    side = normals @ normals[0] > 0
    share = np.where(side, 1 / max(1, side.sum()), 1 / max(1, (~side).sum()))
    return np.maximum(0.5, grip * share)


def _open(kinematics: Kinematics, fit: Fit, s: Statics) -> np.ndarray:
    """The fitted posture with the touching links moved OPENING away from the object."""
    edges = s.torque.shape[1] // len(fit.contacts)
    normals = s.torque.reshape(len(s.torque), -1, edges).mean(2)
    moving = np.linalg.norm(normals, axis=0) > 1e-6
    j = normals[:, moving].T
    move = -OPENING * j.T @ np.linalg.solve(j @ j.T + 1e-4 * np.eye(len(j)), np.ones(len(j)))
    return kinematics.tie(np.clip(fit.posture + move, kinematics.lower, kinematics.upper))
