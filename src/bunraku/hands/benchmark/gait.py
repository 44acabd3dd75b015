"""M: turn a sphere and a cube in the hand, palm up, by a periodic finger gait.

A gait moves the pad of every digit on an ellipse about the place where it holds the object: six amplitudes a digit and
one frequency, as many numbers for every hand, whatever its joints are. Each hand follows as well as its joints let it
(damped least squares). The search starts from waves that push along the turn and lift on the way back, and improves
the best by the cross-entropy method with the same budget for every hand; the gait found is then played to other seeds.
Scored are the degrees per second about the vertical, and the drops.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bunraku.hands.benchmark.fit import Fit, fit_grasp
from bunraku.hands.benchmark.grasps import FINGERS, THUMB, Grasp
from bunraku.hands.benchmark.hold import GRAVITY
from bunraku.hands.benchmark.kinematics import Kinematics, link_point
from bunraku.hands.benchmark.scene import CHUNK, TIMESTEP, HandAndObject
from bunraku.hands.benchmark.shapes import Shape

OBJECTS = {
    "sphere": Shape("sphere", (0.030,), 0.06),
    "cube": Shape("box", (0.024, 0.024, 0.024), 0.06),
}
SETTLE, RAMP, PLAY = 0.4, 0.5, 2.5
"""s: to take hold, to swing in, and to turn; only the turn counts, so that the first grip's give does not."""
POPULATION, ELITES, GENERATIONS = 24, 5, 6
"""Of the search for a turn in either direction."""
TRIALS, TRIAL_SEEDS = 3, 4
"""So many of the best gaits are played to so many seeds before one is chosen."""
STROKE, LIFT, SPREAD = 0.008, 0.006, 0.006
"""Of the first wave, and how widely the first gaits differ from it, m."""
FREQUENCY, FREQUENCY_SPREAD, FREQUENCIES = 1.5, 0.4, (0.5, 3.0)
"""Hz."""
DAMPING = 0.02
"""Of the least squares from a pad's motion to its joints', m."""
LOST = 0.06
"""An object that has moved so far is dropped, m."""
NOISE = (0.002, 0.05)
"""Of the object's place, m, and turn, rad."""
SQUEEZE = 0.03
"""How far the joints press into the object, as a share of their range."""


@dataclass(frozen=True)
class Rotation:
    """Median `speed_deg` in degrees per second about the vertical over `trials`, a dropped object counted as 0, the
    `speeds_deg` of all, and `drops`."""

    speed_deg: float
    drops: int
    trials: int
    speeds_deg: tuple[float, ...] = ()


def rotate_in_hand(
    kinematics: Kinematics, item: str, seeds: int, seed: int, threads: int = 1, seconds: float = PLAY
) -> Rotation:
    """Search a gait for the object called `item`, then play it to `seeds` seeds for `seconds`; 0 °/s if the hand cannot
    hold it."""
    digits = [d for d in FINGERS if d in kinematics.subject.digits]
    number, pads = 110 + list(OBJECTS).index(item), tuple(f"{d}.pad" for d in digits[:3])
    held = Grasp(number, item, "precision", OBJECTS[item], THUMB, pads, axis=None)
    fits = [fit for fit in fit_grasp(kinematics, held, seed, 1) if fit.feasible]
    if not fits:
        return Rotation(0.0, seeds, seeds)
    rng = np.random.default_rng([seed, held.number])
    found = [_Search(kinematics, fits[0], direction, rng, threads).run() for direction in (1.0, -1.0)]
    _, direction, gait = max(found, key=lambda each: each[0])
    fresh = np.random.default_rng([seed + 1, held.number])
    turned, lost = _play(kinematics, fits[0], np.tile(gait, (seeds, 1)), fresh, threads, seconds)
    speeds = np.where(lost, 0.0, direction * turned) / seconds
    return Rotation(float(np.median(speeds)), int(lost.sum()), seeds, tuple(np.round(speeds, 1).tolist()))


class _Search:
    """The cross-entropy method on gaits for one direction of turn."""

    def __init__(
        self, kinematics: Kinematics, fit: Fit, direction: float, rng: np.random.Generator, threads: int
    ) -> None:
        self.kinematics, self.fit, self.direction, self.rng, self.threads = kinematics, fit, direction, rng, threads
        self.mean = _wave(kinematics, fit, direction)
        self.deviation = np.append(np.full(len(self.mean) - 1, SPREAD), FREQUENCY_SPREAD)

    def score(self, gaits: np.ndarray) -> np.ndarray:
        """Degrees per second (B,) in the wanted direction, less for a lost object than for any that is kept."""
        turned, lost = _play(self.kinematics, self.fit, gaits, self.rng, self.threads)
        return np.where(lost, -60.0, self.direction * turned / PLAY)

    def run(self) -> tuple[float, float, np.ndarray]:
        """Mean score in the trials, direction, and the gait (6 d + 1,)."""
        archive: list[tuple[float, np.ndarray]] = []
        for _ in range(GENERATIONS):
            gaits = self.mean + self.deviation * self.rng.normal(size=(POPULATION, len(self.mean)))
            gaits[0] = self.mean
            gaits[:, -1] = np.clip(gaits[:, -1], *FREQUENCIES)
            scores = self.score(gaits)
            best = np.argsort(-scores)[:ELITES]
            self.mean = gaits[best].mean(0)
            self.deviation = 0.7 * gaits[best].std(0) + 0.3 * self.deviation
            archive = sorted([*archive, *zip(scores[best], gaits[best], strict=True)], key=lambda pair: -pair[0])
        candidates = np.array([self.mean, *(gait for _, gait in archive[:TRIALS])])
        trials = self.score(np.repeat(candidates, TRIAL_SEEDS, 0)).reshape(len(candidates), -1).mean(1)
        return float(trials.max()), self.direction, candidates[trials.argmax()]


def _pads(kinematics: Kinematics, fit: Fit) -> tuple[np.ndarray, np.ndarray]:
    """Place (d, 3) m of each digit's pad at the fitted posture, and its Jacobian (d, 3, n)."""
    placement = kinematics.place(fit.posture[None])
    points, jacobians = [], []
    for chain in kinematics.subject.digits.values():
        last = chain[-1]
        points.append(placement.point(last.body, link_point(last, 0.8) + last.radius * last.palmar)[0])
        jacobians.append(kinematics.jacobian(fit.posture, placement, last.body, points[-1]))
    return np.array(points), np.array(jacobians)


def _wave(kinematics: Kinematics, fit: Fit, direction: float) -> np.ndarray:
    """The first gait (6 d + 1,): pads push along a turn about the vertical and lift on the way back, one after the
    other; `direction` is 1 for a turn to the left seen from above.

    It lists sine amplitudes (d, 3) m, cosine amplitudes (d, 3) m, and the frequency in Hz.
    """
    points, _ = _pads(kinematics, fit)
    outward = (points - fit.position) * [1, 1, 0]
    outward /= np.maximum(np.linalg.norm(outward, axis=1), 1e-6)[:, None]
    # with the palm up the hand frame's z points down
    along = np.cross([0.0, 0.0, -direction], outward)
    phase = (2 * np.pi * np.arange(len(points)) / len(points))[:, None]
    sine = STROKE * along * np.cos(phase) + LIFT * outward * np.sin(phase)
    cosine = STROKE * along * np.sin(phase) - LIFT * outward * np.cos(phase)
    return np.concatenate([sine.ravel(), cosine.ravel(), [FREQUENCY]])


def _play(
    kinematics: Kinematics,
    fit: Fit,
    gaits: np.ndarray,
    rng: np.random.Generator,
    threads: int,
    seconds: float = PLAY,
) -> tuple[np.ndarray, np.ndarray]:
    """Play gaits (B, 6 d + 1) for `seconds`; returns degrees turned and whether the object was lost, (B,)."""
    count = len(gaits)
    scene = HandAndObject(kinematics, fit, fit.posture, count, rng, NOISE, threads)
    # palm up: gravity presses the object into the hand
    scene.gravity[:] = [0, 0, GRAVITY]
    arms, length = kinematics.subject.moment_arms(fit.posture), scene.lengths(fit.posture)
    _, jacobians = _pads(kinematics, fit)
    square = jacobians @ jacobians.transpose(0, 2, 1) + DAMPING**2 * np.eye(3)
    # (n, 3 d): motions of the joints for motions of all pads
    follow = np.concatenate(jacobians.transpose(0, 2, 1) @ np.linalg.inv(square), axis=1)
    sine, cosine = np.split(gaits[:, :-1], 2, axis=1)
    sine, cosine = sine @ follow.T, cosine @ follow.T
    squeeze = SQUEEZE * (kinematics.upper - kinematics.lower)
    turned, lost = np.zeros(count), np.zeros(count, bool)
    period = CHUNK * TIMESTEP
    for step in range(round((SETTLE + RAMP + seconds) / period)):
        time = max(0.0, step * period - SETTLE)
        phase = 2 * np.pi * gaits[:, -1:] * time
        swing = min(1.0, time / RAMP) * (sine * np.sin(phase) + cosine * np.cos(phase))
        posture = kinematics.tie(np.clip(fit.posture + squeeze + swing, kinematics.lower, kinematics.upper))
        scene.ctrl[:] = length + (posture - fit.posture) @ arms.T
        scene.step(CHUNK)
        lost |= ~(np.linalg.norm(scene.xpos[:, scene.object] - fit.position, axis=1) < LOST)
        if step * period >= SETTLE + RAMP:
            rotation = scene.xmat[:, scene.object].reshape(-1, 3, 3)
            spin = rotation @ scene.qvel[:, scene.dof + 3 : scene.dof + 6, None]
            turned += np.where(lost, 0.0, np.degrees(-spin[:, 2, 0]) * period)
    return np.nan_to_num(turned), lost
