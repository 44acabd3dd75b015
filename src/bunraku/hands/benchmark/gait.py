"""M: turn a sphere and a cube in the hand, palm up, by a periodic finger gait.

A gait swings every joint sinusoidally about the posture that holds the object. Its amplitudes and phases are found by
the cross-entropy method with the same budget for every hand, then played to other seeds. Scored are the degrees per
second about the vertical, and the drops.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bunraku.hands.benchmark.fit import Fit, fit_grasp
from bunraku.hands.benchmark.grasps import FINGERS, THUMB, Grasp
from bunraku.hands.benchmark.hold import GRAVITY
from bunraku.hands.benchmark.kinematics import Kinematics
from bunraku.hands.benchmark.scene import CHUNK, TIMESTEP, HandAndObject
from bunraku.hands.benchmark.shapes import Shape

OBJECTS = {
    "sphere": Shape("sphere", (0.030,), 0.06),
    "cube": Shape("box", (0.024, 0.024, 0.024), 0.06),
}
FREQUENCY = 1.0
"""Hz."""
SETTLE, PLAY = 0.4, 3.0
"""s."""
POPULATION, ELITES, GENERATIONS = 32, 6, 6
SWING = 0.18
"""Standard deviation of the first amplitudes, as a share of a joint's range."""
LOST = 0.06
"""An object that has moved so far is dropped, m."""
NOISE = (0.002, 0.05)
"""Of the object's place, m, and turn, rad."""
SQUEEZE = 0.03
"""How far the joints press into the object, as a share of their range."""


@dataclass(frozen=True)
class Rotation:
    """Median `speed_deg` in degrees per second about the vertical, and `drops` of `trials`."""

    speed_deg: float
    drops: int
    trials: int


def rotate_in_hand(kinematics: Kinematics, item: str, seeds: int, seed: int, threads: int = 1) -> Rotation:
    """Search a gait for the object called `item`, then play it to `seeds` seeds; 0 °/s if the hand cannot hold it."""
    shape = OBJECTS[item]
    digits = [d for d in FINGERS if d in kinematics.subject.digits]
    number, pads = 110 + list(OBJECTS).index(item), tuple(f"{d}.pad" for d in digits[:3])
    held = Grasp(number, item, "precision", shape, THUMB, pads, axis=None)
    fits = [fit for fit in fit_grasp(kinematics, held, seed, 1) if fit.feasible]
    if not fits:
        return Rotation(0.0, seeds, seeds)
    rng = np.random.default_rng([seed, held.number])
    n = kinematics.dof
    span = np.tile(kinematics.upper - kinematics.lower, 2)
    mean, deviation = np.zeros(2 * n), SWING * span
    for _ in range(GENERATIONS):
        gaits = mean + deviation * rng.normal(size=(POPULATION, 2 * n))
        turned, lost = _play(kinematics, fits[0], gaits, rng, threads)
        best = np.argsort(-np.where(lost, -180.0, turned))[:ELITES]
        mean = gaits[best].mean(0)
        deviation = 0.7 * gaits[best].std(0) + 0.3 * deviation
    fresh = np.random.default_rng([seed + 1, held.number])
    turned, lost = _play(kinematics, fits[0], np.tile(mean, (seeds, 1)), fresh, threads)
    return Rotation(float(np.median(np.where(lost, 0.0, turned)) / PLAY), int(lost.sum()), seeds)


def _play(
    kinematics: Kinematics, fit: Fit, gaits: np.ndarray, rng: np.random.Generator, threads: int
) -> tuple[np.ndarray, np.ndarray]:
    """Play gaits (B, 2n), sine then cosine amplitudes in rad; returns degrees turned and whether it was lost, (B,)."""
    count, n = len(gaits), kinematics.dof
    scene = HandAndObject(kinematics, fit, fit.posture, count, rng, NOISE, threads)
    # palm up: gravity presses the object into the hand
    scene.gravity[:] = [0, 0, GRAVITY]
    arms, length = kinematics.subject.moment_arms(fit.posture), scene.lengths(fit.posture)
    squeeze = SQUEEZE * (kinematics.upper - kinematics.lower)
    turned, lost = np.zeros(count), np.zeros(count, bool)
    period = CHUNK * TIMESTEP
    for step in range(round((SETTLE + PLAY) / period)):
        phase = 2 * np.pi * FREQUENCY * max(0.0, step * period - SETTLE)
        swing = gaits[:, :n] * np.sin(phase) + gaits[:, n:] * (1 - np.cos(phase))
        posture = np.clip(fit.posture + squeeze + swing, kinematics.lower, kinematics.upper)
        scene.ctrl[:] = length + (posture - fit.posture) @ arms.T
        scene.step(CHUNK)
        lost |= ~(np.linalg.norm(scene.xpos[:, scene.object] - fit.position, axis=1) < LOST)
        if step * period >= SETTLE:
            rotation = scene.xmat[:, scene.object].reshape(-1, 3, 3)
            spin = rotation @ scene.qvel[:, scene.dof + 3 : scene.dof + 6, None]
            turned += np.where(lost, 0.0, np.degrees(-spin[:, 2, 0]) * period)
    return np.nan_to_num(turned), lost
