"""The tasks of the hands as Gymnasium environments, such as `bunraku/PickPlace-v0`: the robot's own sensors, and a
balance that is kept for learners."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from bunraku.robot.interface import CAMERAS, JOINTS, SIDES, Observation
from bunraku.runtime import Runtime
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.world import create_world
from bunraku.skills.body import IK_PERIOD
from bunraku.tasks.episode import PICK_PLACE
from bunraku.tasks.manipulations import MANIPULATIONS, manipulation

UPPER_BODY = tuple(name for name in JOINTS if not any(leg in name for leg in ("hip", "knee", "ankle")))
"""The 18 joints that an action moves; the legs balance by themselves."""
TOP_SPEED = 2.0
"""Joint speed (rad/s) of an action of 1."""
LONGEST = 60.0
"""Simulated seconds after which an episode is truncated."""
FIRST_OF_JOINTS = 6
"""Where the joints begin in a velocity (36,) of the body."""


class ManipulationEnv(gymnasium.Env[dict[str, np.ndarray], np.ndarray]):
    """A task of the hands. One step is one period of the skills, 20 ms.

    Action (18 + 2 n,) in [-1, 1]: speeds of the upper body's joints in parts of `TOP_SPEED`, then the joint posture of
    the left and the right hand within their ranges. Observation: the readings of every sensor and the newest frame of
    each camera. The instruction is in `info`. The reward is 1 once the referee sees the task done, and 0 before;
    `info` then says `is_success`.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": round(1 / IK_PERIOD)}  # noqa: RUF012

    def __init__(self, task: str = PICK_PLACE.name, render_mode: str | None = None) -> None:
        self.render_mode = render_mode
        self._task = manipulation(task)
        self._robot: SimulatedRobot | None = None
        self._view = None
        self._build(0)
        hand = self._runtime.body.hand
        self._low, self._high = np.deg2rad([joint.range_deg for joint in hand.joints]).T
        self._moved = FIRST_OF_JOINTS + np.array([JOINTS.index(name) for name in UPPER_BODY])
        self.action_space = spaces.Box(-1.0, 1.0, (len(UPPER_BODY) + 2 * len(hand.joints),), np.float32)
        observed: dict[str, spaces.Space[Any]] = {name: _space(value) for name, value in self._observe().items()}
        self.observation_space: spaces.Space[Any] = spaces.Dict(observed)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Start the episode of `seed`; without one, a random one."""
        super().reset(seed=seed)
        self._build(int(self.np_random.integers(2**31)) if seed is None else seed)
        return self._observe(), {"instruction": self._assignment.instruction}

    def step(self, action: np.ndarray) -> tuple[dict[str, np.ndarray], float, bool, bool, dict[str, Any]]:
        """Move for one period."""
        body = self._runtime.body
        action = np.clip(np.asarray(action, float), -1.0, 1.0)
        speeds, *postures = np.split(action, [len(UPPER_BODY), len(UPPER_BODY) + len(self._low)])
        velocity = np.zeros_like(body.velocity)
        velocity[self._moved] = TOP_SPEED * speeds
        body.reference = body.planner.integrate(body.reference, IK_PERIOD * velocity)
        body.velocity = velocity
        for side, posture in zip(SIDES, postures, strict=True):
            body.set_hand(side, self._low + (posture + 1) / 2 * (self._high - self._low), body.full_tension)
        self._runtime.step()
        done, fallen = self._referee.done, self._referee.has_fallen
        info = {"instruction": self._assignment.instruction, "is_success": done}
        return self._observe(), float(done), done or fallen, self._world.time >= LONGEST, info

    def render(self) -> np.ndarray | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The room from outside, (720, 960, 3) uint8 RGB."""
        if self.render_mode != "rgb_array":
            return None
        from bunraku.sim.render import ViewRenderer

        self._view = self._view or ViewRenderer(self._world.model)
        return self._view.render(self._world.data)

    def close(self) -> None:
        """Free the renderers."""
        if self._robot:
            self._robot.close()
        if self._view:
            self._view.close()
        self._robot = self._view = None

    def _build(self, seed: int) -> None:
        self.close()
        self._assignment = self._task.draw(seed)
        self._world = create_world(self._assignment.scene)
        self._robot = SimulatedRobot(self._world, seed)
        self._referee = self._task.referee(self._world, self._assignment)
        self._runtime = Runtime(self._robot, on_tick=lambda observation: self._referee.watch())

    def _observe(self) -> dict[str, np.ndarray]:
        assert self._robot is not None
        return _arrays(self._robot.observe(), self._robot)


def _space(value: np.ndarray) -> spaces.Box:
    if value.dtype == np.uint8:
        return spaces.Box(0, 255, value.shape, np.uint8)
    return spaces.Box(-np.inf, np.inf, value.shape, np.float32)


def _arrays(observation: Observation, robot: SimulatedRobot) -> dict[str, np.ndarray]:
    readings = {
        "joint_position": observation.joints.position,
        "joint_velocity": observation.joints.velocity,
        "orientation": observation.imu.orientation,
        "angular_velocity": observation.imu.angular_velocity,
        "acceleration": observation.imu.acceleration,
        "foot_wrench": observation.feet.wrench,
    }
    for side in SIDES:
        hand = observation.hand(side)
        readings |= {f"{side}_hand_position": hand.position, f"{side}_hand_tension": hand.tension}
    arrays: dict[str, np.ndarray] = {name: np.array(value, np.float32) for name, value in readings.items()}
    for name in CAMERAS:
        width, height = robot.spec.camera(name).resolution
        frame = observation.frames.get(name)
        arrays[name] = frame.image.copy() if frame else np.zeros((height, width, 3), np.uint8)
    return arrays


for _name, _task in MANIPULATIONS.items():
    if _task.info.gym_id not in gymnasium.registry:
        _entry = "bunraku.tasks.environment:ManipulationEnv"
        gymnasium.register(_task.info.gym_id, entry_point=_entry, kwargs={"task": _name})
