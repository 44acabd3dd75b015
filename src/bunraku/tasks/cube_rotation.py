"""Turn a cube in the hand, palm up, about the vertical: many hands at once, for reinforcement learning.

The actor feels its joints, its cables' tensions and what it asked of them; it does not see the cube. Where the cube is
goes to the critic alone, which is not needed once training is over, and to the referee.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from mujoco import mjtWarning
from mujoco.batch import Batch, SimulationError
from scipy.spatial.transform import Rotation

from bunraku.errors import UserError
from bunraku.sim.in_hand import Cube, HandWithCube, hand_with_cube

RATE = 20
"""Commands a second."""
SECONDS = 10.0
"""Length of an episode."""
STRIDE, MEMORY = 0.04, 0.9
"""An action moves a joint's target off its gait by so many rad at most, and so much of what it was off is kept."""
SWING_IN = 0.5
"""A gait grows to its full size in so long, s."""
HISTORY = 3
"""Commands whose joint angles and targets the actor remembers."""
LOWEST, FARTHEST = -0.01, 0.07
"""A cube whose centre is below this height, or farther from where it should lie, is dropped, m."""
PLACE = (0.085, 0.0)
"""Where the cube lies at first, in front of the wrist, m."""
PLACE_NOISE, JOINT_NOISE = 0.006, 0.05
"""Of the first place, m, and of the first posture, rad; the cube is turned by any angle."""
SETTLE = 0.6
"""For the hand to take hold of the cube before an episode begins, s."""
LEAST_STARTS, TRIES = 64, 20
"""Starts to draw from, at least, and how often one is tried for each that is wanted."""
SIDES, MASSES, FRICTIONS = (0.042, 0.055), (0.040, 0.120), (0.6, 0.9)
"""Of the cubes that are drawn when they shall vary: m, kg, and with the hand's skin."""
DIVERGED = [int(kind) for kind in (mjtWarning.mjWARN_BADQPOS, mjtWarning.mjWARN_BADQVEL, mjtWarning.mjWARN_BADQACC)]
DISTAL = 0.7
"""A finger's last joint follows the one before by this share, as most people's do."""
BASE = {"mcp_flexion": 0.6, "pip": 0.6, "thumb_cmc_rotation": 0.9, "thumb_mcp_flexion": 0.2, "thumb_ip": 0.3}
"""The posture that holds the cube, by the ends of joint names, rad; all other joints are straight."""


@dataclass(frozen=True)
class Gait:
    """A rhythm of the commanded joints: `middle` + `sine` sin φ + `cosine` cos φ, rad off the posture that holds the
    cube, each (actions,) or (n, actions); φ goes round `frequency` times a second, one number or (n, 1)."""

    middle: np.ndarray
    sine: np.ndarray
    cosine: np.ndarray
    frequency: np.ndarray

    def at(self, time: np.ndarray) -> np.ndarray:
        """What it adds to the posture (n, actions) at `time` (n,) s from its start."""
        phase, grown = self.phase(time), np.minimum(1, time / SWING_IN)[:, None]
        return grown * (self.middle + self.sine * np.sin(phase) + self.cosine * np.cos(phase))

    def phase(self, time: np.ndarray) -> np.ndarray:
        """(n, 1) rad."""
        return 2 * np.pi * self.frequency * time[:, None]

    def numbers(self) -> np.ndarray:
        """All its numbers in one row, or (n, 3 actions + 1)."""
        return np.concatenate([self.middle, self.sine, self.cosine, self.frequency], -1)

    @classmethod
    def of(cls, numbers: np.ndarray) -> Gait:
        """What `numbers` gave."""
        middle, sine, cosine = np.split(numbers[..., :-1], 3, -1)
        return cls(middle, sine, cosine, numbers[..., -1:])


def various(count: int, seed: int) -> list[Cube]:
    """So many different cubes."""
    rng = np.random.default_rng([seed, 0xCBE])
    return [Cube(*(float(rng.uniform(*bounds)) for bounds in (SIDES, MASSES, FRICTIONS))) for _ in range(count)]


@dataclass(frozen=True)
class Weights:
    """Of the reward: rad/s about the vertical up to `most`, and what takes from it: m/s of the cube, rad² off the
    posture, squares of the tensions as shares of the greatest, and a drop."""

    most: float = 1.0
    turn: float = 0.3
    slide: float = 0.03
    posture: float = 0.01
    work: float = 0.002
    drop: float = 0.5


@dataclass(frozen=True)
class Outcome:
    """What one command led to, (n,) each: reward, whether the cube was dropped, rad turned about the vertical."""

    reward: np.ndarray
    dropped: np.ndarray
    turned: np.ndarray


class CubeRotation:
    """`count` hands with one of the `cubes` each, in turn. `actions` joints are commanded, as strides in [−1, 1];
    observations are float32.

    Raises `UserError` when a cube never lies still in the hand.
    """

    def __init__(
        self,
        count: int,
        seed: int,
        timestep: float = 0.005,
        threads: int = 1,
        direction: float = 1.0,
        gait: Gait | None = None,
        weights: Weights | None = None,
        cubes: Sequence[Cube] = (Cube(),),
    ) -> None:
        worlds = [hand_with_cube(timestep=timestep, cube=cube) for cube in cubes]
        self.world: HandWithCube = worlds[0]
        self._cubes, self._kind = cubes, np.arange(count) % len(cubes)
        self.count, self.direction, self.weights = count, direction, weights or Weights()
        self.rng = np.random.default_rng(seed)
        self._substeps = round(1 / RATE / timestep)
        self.batch = Batch(self.world.model, nsim=count, nthread=threads)
        if len(worlds) > 1:
            self.batch.set_models([worlds[kind].model for kind in self._kind])
        about = [[(cube.side - 0.048) / 0.01, (cube.mass - 0.06) / 0.05, (cube.friction - 0.9) / 0.3] for cube in cubes]
        self._about = np.array(about)[self._kind]
        self._qpos, self._qvel, self._ctrl = (self.batch.bind(name) for name in ("qpos", "qvel", "ctrl"))
        self._force = self.batch.bind("actuator_force")
        self._warned = np.zeros(count)
        self._most_tension = self.world.model.actuator_forcerange[:, 1]
        self.base, self._spread = _posture(self.world)
        self._lower, self._upper = self.world.joint_range.T
        self.actions = self._spread.shape[1]
        joints = self.world.joints
        still = np.zeros(self.actions)
        self.gait = gait or Gait(still, still, still, np.ones(1))
        self.target, self._off = np.zeros((count, joints)), np.zeros((count, self.actions))
        self.time = np.zeros(count)
        self._past = np.zeros((count, HISTORY, 2 * joints))
        self._turn, self._first = np.zeros((count, 4)), np.zeros((count, joints))
        self._starts = self._held()
        self.reset(np.arange(count))

    def reset(self, ids: np.ndarray, drawn: np.ndarray | None = None) -> None:
        """Begin new episodes in the hands `ids`, from starts that hold the cube, or from those `drawn` before."""
        qpos, target, _ = self._starts
        drawn = self._draw(self._kind[ids]) if drawn is None else drawn
        self._qpos[ids], self._qvel[ids], self.target[ids] = qpos[drawn], 0, target[drawn]
        self._ctrl[ids] = self.target[ids] @ self.world.arms.T
        self.time[ids], self._off[ids], self._first[ids] = 0, 0, target[drawn]
        self._past[ids] = self._now()[ids, None]
        self._turn[ids] = self._qpos[ids, self.world.joints + 3 :]

    def draw(self, count: int) -> np.ndarray:
        """Numbers of `count` starts of the first cube."""
        return self._draw(np.zeros(count, int))

    def _draw(self, kinds: np.ndarray) -> np.ndarray:
        drawn = np.zeros(len(kinds), int)
        for kind in np.unique(kinds):
            mine, whose = np.flatnonzero(self._starts[2] == kind), kinds == kind
            drawn[whose] = mine[self.rng.integers(len(mine), size=whose.sum())]
        return drawn

    def _held(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Configurations (k, nq), targets (k, joints) and numbers of the cubes (k,) that lie still in the hand, by
        trying."""
        rng, count, joints, found = self.rng, self.count, self.world.joints, []
        held, kinds, wanted = np.zeros(len(self._cubes), int), len(self._cubes), max(count, LEAST_STARTS)
        while held.min() < wanted / kinds:
            if len(found) * count > TRIES * wanted:
                cube = self._cubes[int(held.argmin())]
                raise UserError(
                    f"a cube of {1e3 * cube.side:.0f} mm and {1e3 * cube.mass:.0f} g does not lie still in this hand: "
                    "give another one."
                )
            noise = rng.normal(0, JOINT_NOISE, (count, self.actions)) @ self._spread.T
            self.target[:] = np.clip(self.base + noise, self._lower, self._upper)
            self._qvel[:], self._qpos[:, :joints] = 0, self.target
            self._qpos[:, joints : joints + 2] = PLACE + rng.normal(0, PLACE_NOISE, (count, 2))
            self._qpos[:, joints + 2] = 0.05
            half, zero = rng.uniform(-np.pi, np.pi, count) / 2, np.zeros(count)
            self._qpos[:, joints + 3 :] = np.stack([np.cos(half), zero, zero, np.sin(half)], 1)
            self._ctrl[:] = self.target @ self.world.arms.T
            broken = self._advance(np.arange(count), round(SETTLE * RATE))
            still = ~broken & ~self._gone() & (np.linalg.norm(self._qvel[:, joints : joints + 3], axis=1) < 0.02)
            found.append((self._qpos[still].copy(), self.target[still].copy(), self._kind[still]))
            held += np.bincount(self._kind[still], minlength=kinds)
        qpos, target, kind = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return qpos, target, kind

    def _gone(self) -> np.ndarray:
        """Whose cube lies no longer in the hand, (n,)."""
        centre = self._qpos[:, self.world.joints : self.world.joints + 3]
        return (centre[:, 2] < LOWEST) | (np.linalg.norm(centre[:, :2] - PLACE, axis=1) > FARTHEST)

    def step(self, action: np.ndarray) -> Outcome:
        """Carry out strides (n, actions) for one command."""
        joints, weights = self.world.joints, self.weights
        before = self._qpos[:, joints : joints + 3].copy()
        self._off[:] = MEMORY * self._off + STRIDE * np.clip(action, -1, 1)
        wanted = self._first + (self.gait.at(self.time) + self._off) @ self._spread.T
        self.target[:] = np.clip(wanted, self._lower, self._upper)
        most = self.world.winding / RATE
        self._ctrl += np.clip(self.target @ self.world.arms.T - self._ctrl, -most, most)
        broken = self._advance(np.arange(self.count), 1)
        self.time += 1 / RATE
        self._past = np.roll(self._past, 1, axis=1)
        self._past[:, 0] = self._now()
        turned = self._turned()
        centre = self._qpos[:, joints : joints + 3]
        dropped = self._gone() | broken
        turned[dropped] = 0
        speed = np.linalg.norm(centre - before, axis=1) * RATE
        tension = self._force / self._most_tension
        reward = (
            weights.turn * np.clip(turned * RATE, -weights.most, weights.most)
            - weights.slide * np.minimum(speed, 1.0)
            - weights.posture * np.square(self.target - self.base).mean(1)
            - weights.work * np.square(tension).mean(1)
            - weights.drop * dropped
        )
        return Outcome(reward, dropped, turned)

    def observe(self) -> np.ndarray:
        """What the actor feels, (n, k)."""
        phase = self.gait.phase(self.time)
        tension = self._force / self._most_tension
        past, off = self._past.reshape(self.count, -1), self._off * (1 - MEMORY) / STRIDE
        return np.concatenate([past, tension, off, np.sin(phase), np.cos(phase)], 1).astype(np.float32)

    def privileged(self) -> np.ndarray:
        """What the critic knows besides, (n, 18): place, two axes, velocities, side, mass and friction."""
        joints = self.world.joints
        axes = Rotation.from_quat(self._qpos[:, joints + 3 :], scalar_first=True).as_matrix()[:, :, :2]
        place = (self._qpos[:, joints : joints + 3] - [*PLACE, 0.035]) / 0.02
        velocity = self._qvel[:, joints:] * ([10.0] * 3 + [1.0] * 3)
        known = [place, axes.reshape(self.count, 6), np.clip(velocity, -5, 5), self._about]
        return np.concatenate(known, 1).astype(np.float32)

    def _now(self) -> np.ndarray:
        """Angles and the targets' lead over them, (n, 2 joints), about 1 in size."""
        angles = self._qpos[:, : self.world.joints]
        return np.concatenate([angles - self.base, 5 * (self.target - angles)], 1)

    def _advance(self, ids: np.ndarray, commands: int) -> np.ndarray:
        """Simulate; says which hands' simulation broke down, (n,)."""
        broken = np.zeros(self.count, bool)
        try:
            self.batch.step(ids, nstep=commands * self._substeps)
        except SimulationError as error:
            broken[error.ids] = True
        # MuJoCo begins a simulation that diverges anew, and counts it.
        warned, self._warned = self._warned, self.batch.warning[:, DIVERGED, 1].sum(1)
        return broken | (self._warned > warned)

    def _turned(self) -> np.ndarray:
        """Rad turned about the vertical since the last call, (n,), in the wanted direction."""
        now = self._qpos[:, self.world.joints + 3 :].copy()
        before, self._turn = self._turn, now
        after = Rotation.from_quat(now, scalar_first=True)
        return self.direction * (after * Rotation.from_quat(before, scalar_first=True).inv()).as_rotvec()[:, 2]


def play(
    environment: CubeRotation,
    seconds: float = SECONDS,
    act: Callable[[np.ndarray], np.ndarray] | None = None,
    drawn: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """One episode in every hand: the gait, and what `act` makes of the observations (n, k), (n, actions).

    Returns the mean speed (n,) rad/s over all of `seconds`, where what follows a drop counts as standing still, and
    whether the cube was dropped, (n,).
    """
    environment.reset(np.arange(environment.count), drawn)
    turned, lost = np.zeros(environment.count), np.zeros(environment.count, bool)
    still = np.zeros((environment.count, environment.actions))
    for _ in range(round(seconds * RATE)):
        outcome = environment.step(still if act is None else act(environment.observe()))
        lost |= outcome.dropped
        turned += np.where(lost, 0, outcome.turned)
    return turned / seconds, lost


def _posture(world: HandWithCube) -> tuple[np.ndarray, np.ndarray]:
    """The posture that holds the cube, (joints,), and how commanded joints move all, (joints, actions)."""
    names = world.hand.joint_names
    follows = {name: name.replace("dip", "pip") for name in names if name.endswith("_dip")}
    led = [name for name in names if name not in follows]
    spread = np.zeros((len(names), len(led)))
    for row, name in enumerate(names):
        spread[row, led.index(follows.get(name, name))] = DISTAL if name in follows else 1.0
    base = np.zeros(len(led))
    for column, name in enumerate(led):
        exact = BASE.get(name)
        general = next((angle for end, angle in BASE.items() if name.endswith(end) and not name.startswith("thumb")), 0)
        base[column] = general if exact is None else exact
    return spread @ base, spread
