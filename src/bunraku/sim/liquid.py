"""What a drink in a carried cup does: a plane surface that swings about the vertical that the cup feels.

The first lateral mode of a liquid in an upright cylinder of radius R and depth h swings at
ω² = g k tanh(k h) with k R = 1.841 (Ibrahim, Liquid Sloshing Dynamics, 2005, eq. 1.49a); Mayer & Krechetnikov (Walking
with coffee, Phys. Rev. E 85, 2012) find 2.6–4.3 Hz for cups. Its surface is taken as a plane whose slope follows, as
an oscillator, the slope at which a liquid would rest under gravity less the cup's acceleration. It spills when the
surface reaches the brim. Nothing here acts on the world.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from bunraku.sim import truth
from bunraku.sim.world import World

FIRST_MODE = 1.841
"""First zero of the derivative of the Bessel function J₁."""
DAMPING = 0.05
"""Damping ratio: a few per cent for water in a cup of this size (Ibrahim 2005, §3.3, with a free surface)."""
GRAVITY = 9.81
LOOSE = 0.03
"""Seconds without weight after which a drink leaves its cup: in less it falls 4 mm behind."""
CUPS = {"mug": (0.036, 0.089)}
"""Kinds of things that hold a drink: radius and height (m) of their inside."""


@dataclass(frozen=True)
class Cup:
    """The inside of a cup: `radius` and `height` m, and how far below the brim it is filled, `freeboard` m."""

    radius: float
    height: float
    freeboard: float = 0.010

    @property
    def frequency(self) -> float:
        """Natural angular frequency of the first lateral mode, rad/s."""
        wave = FIRST_MODE / self.radius
        return float(np.sqrt(GRAVITY * wave * np.tanh(wave * (self.height - self.freeboard))))


class Liquid:
    """The drink in one `cup`.

    `highest` (m) is how far above its level at rest the surface has come at the wall; a cup that was filled nearer to
    its brim than that has spilled.
    """

    def __init__(self, cup: Cup) -> None:
        self.cup = cup
        self.highest = 0.0
        self.slope = np.zeros(2)
        self._rate = np.zeros(2)
        self._loose = 0.0
        self._velocity: np.ndarray | None = None

    @property
    def spilled(self) -> bool:
        """Whether it has come over the brim."""
        return self.highest > self.cup.freeboard

    def move(self, rotation: np.ndarray, velocity: np.ndarray, seconds: float) -> None:
        """Let `seconds` pass in which the cup came to have `velocity` (3,) m/s and `rotation` (3, 3), cup to world; its
        axis is z. Semi-implicit Euler: `seconds` must be well below a tenth of the period."""
        before, self._velocity = self._velocity, np.array(velocity, float)
        if before is None:
            return
        felt = rotation.T @ (np.array([0.0, 0.0, -GRAVITY]) - (self._velocity - before) / seconds)
        self._loose = self._loose + seconds if felt[2] > -0.1 * GRAVITY else 0.0
        if self._loose > LOOSE:
            self.highest = np.inf  # upside down, or thrown
            return
        # What the surface is drawn back by is the gravity that it feels, which grows and vanishes with every footfall.
        back = (felt[:2] + felt[2] * self.slope) / GRAVITY
        pull = self.cup.frequency**2 * back - 2 * DAMPING * self.cup.frequency * self._rate
        self._rate = self._rate + seconds * pull
        self.slope = self.slope + seconds * self._rate
        self.highest = max(self.highest, self.cup.radius * float(np.hypot(*self.slope)))


class Drink:
    """The drink in the thing called `name`, watched from now on; `liquid` is None when that holds none."""

    def __init__(self, world: World, name: str) -> None:
        inside = CUPS.get(world.scene.find(name).kind)
        self.liquid = Liquid(Cup(*inside)) if inside else None
        self._world, self._name, self._time = world, name, world.time

    def watch(self) -> None:
        """Take in how the cup moves now."""
        passed = self._world.time - self._time
        if self.liquid is None or passed <= 0:
            return
        self._time = self._world.time
        rotation = np.empty(9)
        mujoco.mju_quat2Mat(rotation, truth.object_pose(self._world, self._name).quaternion)
        self.liquid.move(rotation.reshape(3, 3), truth.object_velocity(self._world, self._name), passed)

    @property
    def measured(self) -> dict[str, float | bool]:
        """How far (mm) the drink rose at the wall, and whether it spilled; empty without a drink."""
        if self.liquid is None:
            return {}
        return {"slosh_mm": round(1000 * min(self.liquid.highest, 1.0), 1), "spilled": self.liquid.spilled}
