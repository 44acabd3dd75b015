"""What a skill holds in its hands: the latest observation, the reference it moves, and its eyes.

A skill is a generator. It changes the `Body`'s reference, yields to let one tick pass, and returns an `Outcome`.
Closing the generator cancels it at that tick; the reference then stays where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bunraku.control.grasping import relaxed
from bunraku.control.reach import IK_PERIOD, Pose, ReachPlanner
from bunraku.control.stance import Stance
from bunraku.control.steps import Velocity
from bunraku.house import kitchen_blocks
from bunraku.robot import SIDES, Observation
from bunraku.skills.localising import Localizer
from bunraku.skills.paths import FloorMap
from bunraku.skills.people import Person, find_people, tracked
from bunraku.vision.detect import View

if TYPE_CHECKING:
    from bunraku.control.grasping import HandGrasp
    from bunraku.skills.grasps import Plan
    from bunraku.skills.perception import Eyes, Seen
    from bunraku.skills.recollection import Recollection

Skill = Generator[None, None, "Outcome"]


@dataclass(frozen=True)
class Outcome:
    """What a skill measured in the end: `success`, and `reason` in words, with figures in `measured`."""

    skill: str
    success: bool
    reason: str
    measured: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Grip:
    """What a hand holds: the object, how it was taken, and where the object's frame sits in the palm frame:
    `position` (3,) m and `rotation` (3, 3)."""

    seen: Seen
    grasp: HandGrasp
    position: np.ndarray
    rotation: np.ndarray


@dataclass(frozen=True)
class HandTarget:
    """Where a hand's cables are wound to, `posture` (n,) rad, and the largest `tension` N of each loop."""

    posture: np.ndarray
    tension: float


@dataclass(frozen=True)
class Ascent:
    """Stairs to be taken: how many `levels`, with the feet at the yaw `heading` rad in the world, forwards up or
    `backward` down."""

    levels: int
    heading: float
    backward: bool = False


class Body:
    """The reference of the whole body and what it perceives; the runtime reads one and writes the other.

    Attributes:
        planner: inverse kinematics.
        eyes: what finds objects in pictures.
        hand: the hand on either side.
        reference: configuration (37,) to track, and its `velocity` (36,).
        posture: configuration (37,) towards which free joints drift.
        hands: target of each hand by side.
        gaze: point (3,) in the world at which the head looks.
        grips: what each hand holds, by side.
        known: the last sighting of every thing, by name.
        observation: the latest observation.
        configuration: estimated configuration (37,) of the pelvis and the joints.
        walk: velocity at which a skill wants to walk; None when it wants to stand.
        standing: whether both feet stay where they are.
        storey: on which level it is, "house" or "garden".
        ascent: the stairs that a skill wants to take, or takes; the runtime clears it at their end, and halts on both
            feet while it is None. `stuck` says why it cannot go on there.
        on_stairs: whether it stands on stairs, or takes them.
        fallen: why it is not on its feet, in words; None while it is.
        rising: whether a skill wants to get up from the ground; the runtime clears it when the robot stands. `stuck`
            says why it cannot.
        steadying: whether an arm still keeps something full steady, and is not where its reference has it.
        tracks: the people that were seen, and how they move.
        localizer: what says by the floor where the robot is; None to trust odometry alone.
        blind: why nothing can be seen, in words; None while something can.
        refusal: why the legs do not walk as they are told, in words; None while they do.
        correction: how what was seen of the floor would move the map; the runtime takes it.
        recollection: its visual memory; None if it has none.
        manner: what it costs to take a thing by a plan, besides the plan's own cost: a habit, nothing by default.
        pace: speed of all arm motions as a share of full speed, above 0.
        say: told what is going on, in words.
    """

    def __init__(
        self,
        planner: ReachPlanner,
        eyes: Eyes | None = None,
        say: Callable[[str, str], None] = lambda skill, text: None,
        floor: FloorMap | None = None,
        garden: FloorMap | None = None,
        localizer: Localizer | None = None,
    ):
        """A body at rest in its standing posture."""
        self.planner = planner
        self.eyes = eyes
        self.hand = planner.spec.hand_spec
        self.reference = planner.nominal.copy()
        self.velocity = np.zeros(planner.model.nv)
        self.posture = planner.nominal.copy()
        self.full_tension = planner.full_tension
        self.hands = {side: HandTarget(relaxed(self.hand), 0.7 * self.full_tension) for side in SIDES}
        self.gaze = planner.stance.point(np.array([0.5, 0.0, 0.9]))
        self.grips: dict[str, Grip] = {}
        self.known: dict[str, Seen] = {}
        self.observation: Observation | None = None
        self.configuration = planner.nominal.copy()
        self.walk: Velocity | None = None
        self.standing = True
        self.storeys = {HOUSE: floor or FloorMap(kitchen_blocks())} | ({UPSTAIRS: garden} if garden else {})
        self.storey = HOUSE
        self.ascent: Ascent | None = None
        self.stuck: str | None = None
        self.fallen: str | None = None
        self.rising = self.on_stairs = self.steadying = False
        self.tracks: list[Person] = []
        self.localizer = localizer
        self.correction: Stance | None = None
        self._looked_out, self._eye = -1.0, 0
        self.blind: str | None = None
        self.refusal: str | None = None
        self.recollection: Recollection | None = None
        self.manner: Callable[[Plan], float] = lambda plan: 0.0
        self.pace = 1.0
        self.say = say

    @property
    def stance(self) -> Stance:
        """Where it stands in the world, the frame of its first stance; valid while it stands."""
        return self.planner.stance

    @property
    def floor(self) -> FloorMap:
        """Where one can walk on its present level."""
        return self.storeys[self.storey]

    @property
    def people(self) -> list[np.ndarray]:
        """Where people are, (2,) m each, as far as they were seen."""
        return [person.at(self.time) for person in self.tracks]

    @property
    def time(self) -> float:
        """Time of the latest observation, s."""
        return 0.0 if self.observation is None else self.observation.time

    @contextmanager
    def imagined(self, stance: Stance) -> Iterator[None]:
        """The body as if it stood at `stance` with the posture that it has, to find out what it could reach there."""
        reference, planner = self.reference, self.planner
        here, nominal = planner.stance, planner.nominal
        try:
            planner.place(stance)
            self.reference = planner.settled(stance.configuration(here.inverse.configuration(reference)))
            yield
        finally:
            self.reference = reference
            planner.place(here, nominal)

    def remember(self, seen: Iterable[Seen]) -> None:
        """Keep what was seen, in place of earlier sightings."""
        seen = list(seen)
        self.known |= {thing.name: thing for thing in seen}
        if self.recollection is not None:
            self.recollection.saw(seen)

    def around(self, *but: str) -> list[Seen]:
        """What stands around as far as is known: neither in a hand nor named in `but`."""
        away = {*but, *(grip.seen.name for grip in self.grips.values())}
        return [thing for name, thing in self.known.items() if name not in away]

    def palm(self, side: str) -> Pose:
        """Where the palm is meant to be now."""
        return self.planner.palm(self.reference, side)

    def measured_palm(self, side: str) -> Pose:
        """Where the palm is by the encoders and the estimated pelvis."""
        return self.planner.palm(self.configuration, side)

    def track(self, palms: dict[str, Pose]) -> None:
        """Advance the reference by one step towards `palms`."""
        goal = self.planner.step(self.reference, palms, posture=self.posture, velocity=self.velocity)
        self.reference, self.velocity = goal.configuration, goal.velocity

    def hold(self) -> None:
        """Let the reference rest."""
        self.velocity = np.zeros_like(self.velocity)

    def look(self) -> None:
        """Turn the neck's reference towards the gaze by one step; the runtime calls this after each step of a skill."""
        wanted = self.planner.neck_towards(self.reference, self.gaze)
        step = np.clip(wanted - self.reference[NECK], -NECK_STEP, NECK_STEP)
        self.reference = self.reference.copy()
        self.reference[NECK] += step
        self.velocity = self.velocity.copy()
        self.velocity[NECK_VELOCITY] = step / IK_PERIOD

    def look_out(self) -> None:
        """From the newest picture of an eye, if that one is new: note where people are, and where the floor says that
        the robot is. People out of sight are kept. An eye that sees nothing but black is left for the other one."""
        if self.eyes is None or self.observation is None:
            return
        views = self.eyes.views(self.observation, self._looked_out, (EYES[self._eye],))
        if not views:
            if 0 <= self._looked_out < self.time - STALE:
                self.blind = "no picture comes from my eyes any more"
            return
        self._looked_out = views[0].time
        if is_dark(views[0].image):
            if self._eye > 0:
                self.blind = BLACK_OUT
            self._eye = (self._eye + 1) % len(EYES)
            return
        self.blind = None
        self.tracks = tracked(self.tracks, find_people(views[0]), views[0])
        if self.localizer is not None and self.storey == HOUSE:
            self.correction = self.localizer.correction(views[0])

    def note_sight(self, views: Sequence[View]) -> None:
        """Note whether anything can be seen in the `views` of a look."""
        self.blind = BLACK_OUT if views and all(is_dark(view.image) for view in views) else None

    @property
    def gaze_settled(self) -> bool:
        """Whether the head looks where it should."""
        return bool(np.all(np.abs(self.velocity[NECK_VELOCITY]) < 0.02))

    def set_hand(self, side: str, posture: np.ndarray, tension: float | None = None) -> None:
        """Wind the cables of a hand to `posture` (n,) rad, none tighter than `tension` N."""
        self.hands[side] = HandTarget(posture, self.hands[side].tension if tension is None else tension)


HOUSE, UPSTAIRS = "house", "garden"
"""The levels on which it may be."""
EYES = ("head_left", "head_right")
"""The cameras that look out for people, the first if it sees."""
BLACK_OUT = "my eyes see nothing but black"
STALE = 1.0
"""Age (s) of the newest picture at which the eyes have failed."""
BLACK = 16
"""Brightness (of 255) that the brightest hundredth of a picture exceeds wherever there is light."""

NECK = slice(9, 11)
NECK_VELOCITY = slice(8, 10)
NECK_STEP = 2.0 * IK_PERIOD
"""Largest turn of the neck in one step, rad."""


def is_dark(image: np.ndarray) -> bool:
    """Whether a picture (h, w, 3) shows nothing but black."""
    return bool(np.percentile(image[::8, ::8], 99) < BLACK)


def wait(body: Body, seconds: float) -> Generator[None, None, None]:
    """Keep still for `seconds`."""
    for _ in range(round(seconds / IK_PERIOD)):
        body.hold()
        yield


def minimum_jerk(share: float) -> float:
    """Smooth 0 → 1 with zero velocity and acceleration at both ends (Flash & Hogan 1985)."""
    share = min(max(share, 0.0), 1.0)
    return share**3 * (10 - 15 * share + 6 * share**2)
