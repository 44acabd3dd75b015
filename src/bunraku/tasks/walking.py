"""Seeded trials of the legs: walk about for a while, or be pushed, and report what happened.

The robot has its own sensors only, with their noise; its commands arrive a control period late and its motors lag.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field, replace

import numpy as np

from bunraku.robot import JOINTS
from bunraku.sim.field import Field, create_field, has_fallen, push
from bunraku.sim.noise import NO_NOISE, SensorNoise
from bunraku.sim.relief import WIDTH, Slab, height_at, ramp
from bunraku.sim.robot import CONTROL_PERIOD, SimulatedRobot
from bunraku.sim.world import World
from bunraku.skills.walking import HeightMap, Legs, Velocity, wrapped

COMMAND_DELAY = 1
"""Control periods between a command and its effect: one frame of a 250 Hz bus."""
CELL = 0.005
"""Of the height map that the robot is given, m."""
PUSH_TIME = 0.1
SLEWED = 1.5
"""How long after a new command the velocity is on its way to it, s."""
SETTLE = 4.0
"""How long a pushed robot must stay up, s."""
PACES = (
    Velocity(0.5),
    Velocity(0.3),
    Velocity(-0.3),
    Velocity(0.0, 0.15),
    Velocity(0.0, -0.15),
    Velocity(0.0, 0.0, 0.5),
    Velocity(0.0, 0.0, -0.5),
    Velocity(0.4, 0.0, 0.4),
    Velocity(0.4, 0.0, -0.4),
    Velocity(0.3, 0.1, 0.2),
    Velocity(),
)
"""What a random walk is made of."""


@dataclass(frozen=True)
class Push:
    """A horizontal `force` N on the trunk for `PUSH_TIME` s from `time` s on, `direction` rad from straight ahead."""

    time: float
    force: float
    direction: float


@dataclass(frozen=True)
class Trial:
    """One trial. `paces` are (start s, velocity) in order of time; `noise` scales the sensors' data-sheet noise."""

    seed: int
    duration: float
    paces: tuple[tuple[float, Velocity], ...]
    pushes: tuple[Push, ...] = ()
    ground: Field = field(default_factory=Field)
    noise: float = 1.0
    delay: int = COMMAND_DELAY

    def velocity(self, now: float) -> Velocity:
        """What is asked for at `now` s."""
        current = Velocity()
        for start, velocity in self.paces:
            if now >= start:
                current = velocity
        return current


@dataclass(frozen=True)
class TrialResult:
    """What came of a trial. Times in s, distances in m.

    `fell_at` is None when it stayed up. `tracking` holds, per steady stretch of at least one whole stride, the
    asked and the measured velocity (forward, left, turn). `stop_times`: from the wish to stand until both feet stood.
    `odometry_error`: of the
    pelvis at the end, horizontally. `transport_cost`: mechanical energy per weight and distance walked. `peak_torque`
    (30,) N·m. `ticks` (s of CPU time) of the controller.
    """

    seed: int
    fell_at: float | None
    distance: float
    tracking: tuple[tuple[tuple[float, float, float], tuple[float, float, float]], ...]
    stop_times: tuple[float, ...]
    odometry_error: float
    transport_cost: float
    peak_torque: tuple[float, ...]
    median_tick: float
    slow_tick: float
    late_ticks: int
    simulated: float
    cpu: float


def random_walk(seed: int, duration: float = 20.0, ground: Field | None = None) -> Trial:
    """Walk about at random paces, 1.5 to 4 s each, and stand at the end."""
    rng = np.random.default_rng([seed, 0xA1])
    paces, now = [], 0.5
    while now < duration - 3.0:
        paces.append((now, PACES[rng.integers(len(PACES))]))
        now += float(rng.uniform(1.5, 4.0))
    paces.append((duration - 2.0, Velocity()))
    return Trial(seed, duration, tuple(paces), ground=ground or Field())


def pushed(seed: int, force: float, direction: float, walking: bool, ground: Field | None = None) -> Trial:
    """One push of `force` N for `PUSH_TIME` s, at a random moment of the gait, standing or walking at 0.3 m/s."""
    start = 1.0 if not walking else 2.5
    when = start + float(np.random.default_rng([seed, 0xB2]).uniform(0, 1.0))
    paces = ((0.3, Velocity(0.3)), (when + 2.5, Velocity())) if walking else ()
    return Trial(seed, when + SETTLE, paces, (Push(when, force, direction),), ground or Field())


def over_ramp(seed: int, slope: float = np.deg2rad(10)) -> Trial:
    """Straight ahead at 0.3 m/s up a ramp of `slope` rad, over a landing, down again and to a stand."""
    slabs = tuple(ramp(float(np.random.default_rng([seed, 0xD3]).uniform(0.4, 0.8)), slope, 1.0, 0.6))
    end = 0.5 + (slabs[-1].x[1] + 0.5) / 0.3
    return Trial(seed, end + 2.0, ((0.5, Velocity(0.3)), (end, Velocity())), ground=Field(slabs=slabs))


def height_map(slabs: tuple[Slab, ...], length: float = 5.0) -> HeightMap:
    """What the robot is told of `slabs`: their heights up to `length` m ahead, from 1 m behind."""
    x = np.arange(-1.0, length, CELL)
    return HeightMap((-1.0, -WIDTH / 2), CELL, np.repeat(height_at(slabs, x)[:, None], round(WIDTH / CELL), axis=1))


def run_trial(trial: Trial) -> TrialResult:
    """Run one trial in simulation; the robot is given the height map of slabs, and of nothing else."""
    began = time.process_time()
    world = create_field(trial.ground, trial.seed)
    robot = SimulatedRobot(world, trial.seed, noise=scaled(trial.noise), cameras=())
    legs = Legs(robot.spec, robot.control_period, trial.ground.gravity)
    if trial.ground.slabs:
        legs.walker.ground = height_map(trial.ground.slabs)
    watch = _Watch(world, legs)
    waiting = deque()
    while world.time < trial.duration and not has_fallen(world):
        now = world.time
        push(world, _force(trial, now))
        tick = time.process_time()
        velocity = trial.velocity(now)
        waiting.append(legs.tick(robot.observe(), velocity))
        watch.note(velocity, time.process_time() - tick)
        robot.command(waiting.popleft() if len(waiting) > trial.delay else waiting[0])
    return watch.result(trial, time.process_time() - began)


def scaled(noise: float) -> SensorNoise:
    """The data-sheet noise times `noise`."""
    if noise == 0:
        return NO_NOISE
    sheet = SensorNoise()
    return replace(sheet, **{name: noise * getattr(sheet, name) for name in sheet.__dataclass_fields__})


def _force(trial: Trial, now: float) -> np.ndarray | None:
    for p in trial.pushes:
        if p.time <= now < p.time + PUSH_TIME:
            return p.force * np.array([np.cos(p.direction), np.sin(p.direction), 0.0])
    return None


class _Watch:
    """The referee's notes: it sees the truth and tells nobody."""

    def __init__(self, world: World, legs: Legs) -> None:
        self._world, self._legs = world, legs
        self._dofs = np.array([world.model.joint(name).dofadr[0] for name in JOINTS])
        self._motors = np.array([world.model.actuator(name).id for name in JOINTS])
        self._last = self._pose()
        self._mark = self._last
        self._distance = self._energy = 0.0
        self._peak = np.zeros(len(JOINTS))
        self._ticks: list[float] = []
        self._tracking: list = []
        self._stretch: _Stretch | None = None
        self._stops: list[float] = []
        self._stop_asked: float | None = None

    def note(self, velocity: Velocity, tick: float) -> None:
        data, pose = self._world.data, self._pose()
        torque = data.actuator_force[self._motors]
        np.maximum(self._peak, np.abs(torque), out=self._peak)
        self._energy += float(np.maximum(torque * data.qvel[self._dofs], 0).sum()) * CONTROL_PERIOD
        step = pose - self._last
        if len(self._ticks) % 250 == 0:  # once a second: the sway from foot to foot is no way covered
            self._distance += float(np.hypot(*(pose - self._mark)[:2]))
            self._mark = pose
        self._ticks.append(tick)
        self._track(velocity, pose, step)
        self._time_stops(velocity)
        self._last = pose

    def _track(self, velocity: Velocity, pose: np.ndarray, step: np.ndarray) -> None:
        now = self._world.time
        if self._stretch is None or self._stretch.asked != velocity:
            self._end_stretch()
            self._stretch = _Stretch(velocity, now)
        c, s = np.cos(pose[2]), np.sin(pose[2])
        moved = np.array([c * step[0] + s * step[1], -s * step[0] + c * step[1], wrapped(step[2])])
        self._stretch.note(now, moved, self._legs.walker.stance)

    def _end_stretch(self) -> None:
        if self._stretch is not None and not self._stretch.asked.is_zero:
            asked, measured = self._stretch.asked, self._stretch.measured()
            if measured is not None:
                self._tracking.append(((asked.forward, asked.left, asked.turn), measured))

    def _time_stops(self, velocity: Velocity) -> None:
        now, standing = self._world.time, self._legs.walker.is_standing
        if not velocity.is_zero:
            self._stop_asked = None if standing else now
        elif standing and self._stop_asked is not None:
            self._stops.append(now - self._stop_asked)
            self._stop_asked = None

    def _pose(self) -> np.ndarray:
        pelvis = self._world.data.body("pelvis")
        return np.array([*pelvis.xpos[:2], np.arctan2(pelvis.xmat[3], pelvis.xmat[0])])

    def result(self, trial: Trial, cpu: float) -> TrialResult:
        self._end_stretch()
        fell = has_fallen(self._world)
        weight = float(self._world.model.body_subtreemass[self._world.model.body("pelvis").id]) * trial.ground.gravity
        estimated = self._legs.walker.pose[:2]
        ticks = np.array(self._ticks)
        return TrialResult(
            seed=trial.seed,
            fell_at=round(self._world.time, 3) if fell else None,
            distance=self._distance,
            tracking=tuple(self._tracking),
            stop_times=tuple(self._stops),
            odometry_error=float(np.linalg.norm(estimated - self._last[:2])),
            transport_cost=self._energy / (weight * max(self._distance, 0.1)),
            peak_torque=tuple(float(value) for value in self._peak),
            median_tick=float(np.median(ticks)),
            slow_tick=float(np.quantile(ticks, 0.99)),
            late_ticks=int((ticks > CONTROL_PERIOD).sum()),
            simulated=self._world.time,
            cpu=cpu,
        )


@dataclass
class _Stretch:
    """A stretch of one commanded velocity `asked`, from `start` s on.

    It is measured over whole strides: within a stride the velocity of a sidestep swings between none and three times
    its mean.
    """

    asked: Velocity
    start: float
    total: np.ndarray = field(default_factory=lambda: np.zeros(3))
    strides: list[tuple[float, np.ndarray]] = field(default_factory=list)
    stance: int | None = None

    def note(self, now: float, moved: np.ndarray, stance: int | None) -> None:
        """Add what was `moved` (3,) since the last tick; `stance` is the foot that bears the robot, if only one."""
        self.total = self.total + moved
        if stance == 0 and self.stance == 1 and now - self.start > SLEWED:
            self.strides.append((now, self.total))
        self.stance = stance

    def measured(self) -> tuple[float, ...] | None:
        """Mean velocity (forward, left, turn) over the whole strides; None if there was none."""
        if len(self.strides) < 2:
            return None
        (began, before), (ended, after) = self.strides[0], self.strides[-1]
        return tuple(float(value) for value in (after - before) / (ended - began))
