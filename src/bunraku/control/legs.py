"""The legs as one thing to command: walking and the supervisor below it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from bunraku.control.climbing import Climber
from bunraku.control.falling import Fall, is_lost
from bunraku.control.getting_up import GettingUp, curled, fist
from bunraku.control.goal import BodyGoal
from bunraku.control.ground import HeightMap
from bunraku.control.lying import Lying, lying
from bunraku.control.nominal import GRAVITY
from bunraku.control.steps import Velocity
from bunraku.control.supervisor import Intervention, Supervisor
from bunraku.control.walking import FASTEST, Walker
from bunraku.errors import UserError
from bunraku.hands import tension_limits
from bunraku.robot import SIDES, Command, HandCommand, JointCommand, Observation, RobotSpec

CALM = 1.0
"""How long it stands before a stop lets go of balance and holds the posture, s."""


class Legs:
    """Observation and velocity in, supervised command out; the hands keep their posture.

    What the legs cannot do they refuse: `refusal` says why in one sentence, `interventions` keep it, and meanwhile they
    come to a stand.
    """

    def __init__(self, spec: RobotSpec, period: float, gravity: float = GRAVITY) -> None:
        """Prepare the robot `spec` at one tick every `period` s; it knows its planet's `gravity`, m/s²."""
        hand = spec.hand_spec
        self.walker = Walker(spec, period, gravity=gravity)
        self.supervisor = Supervisor(spec, {side: hand for side in SIDES}, period)
        self.interventions: list[Intervention] = []
        self._grip = 0.5 * tension_limits(hand)
        self._ranges = np.deg2rad([joint.range_deg for joint in hand.joints]).T
        self._hands: dict[str, HandCommand] | None = None
        self._ending: str | None = None
        self.refusal: str | None = None
        """Why the velocity that was asked for is not walked; None while it is."""
        self._climber: Climber | None = None
        self._getting_up: GettingUp | None = None
        self._fall: Fall | None = None
        self._fist = fist(hand)
        self._spec, self._period = spec, period
        self._stood = np.inf
        self._seen: Observation | None = None
        self._last_goal: BodyGoal | None = None
        """The last goal that made sense, at rest."""

    def tick(
        self,
        observation: Observation,
        velocity: Velocity,
        goal: BodyGoal | None = None,
        hands: Mapping[str, HandCommand] | None = None,
    ) -> Command:
        """The command of one tick: walk at `velocity`, the upper body along `goal`, in the walker's stance frame.

        Without `hands` they keep the posture that they had first.
        """
        self._seen = observation
        if self._refuses(velocity, goal, observation.time):
            velocity, goal = Velocity(), self._last_goal
        elif goal is not None:
            self._last_goal = replace(goal, velocity=np.zeros_like(goal.velocity))
        if hands is None:
            hands = self._kept_hands(observation)
        if self._getting_up is not None:
            joints = self._getting_up.compute(observation)
            hands = {side: self._fist for side in SIDES}
            self._end_getting_up()
        elif self._falls(observation):
            joints = self._fall_on(observation)
            hands = {side: curled(self._fist, observation.hand(side).position) for side in SIDES}
        elif self._climber is not None:
            joints = self._climber.compute(observation, goal)
            self._end_climb()
        else:
            joints = self.walker.compute(observation, velocity, goal)
        lost = self.walker.controller.estimator.imu_lost
        if lost is not None and self._ending is None:
            self.stop(f"the IMU is dead: {lost}")
            self._note(observation.time, f"the IMU is dead: {lost}; I come to a stand and stay there")
        self._stood = self._stood + self._period if self.walker.is_standing else 0.0
        if self._ending is not None and self._stood > CALM:
            self.supervisor.stop(self._ending)
        command = Command(observation.time, joints, hands["left"], hands["right"])
        given, interventions = self.supervisor.filter(command, observation)
        self.interventions += interventions
        return given

    def _refuses(self, velocity: Velocity, goal: BodyGoal | None, time: float) -> bool:
        before, self.refusal = self.refusal, velocity_problem(velocity) or goal_problem(goal)
        if self.refusal is None and self._ending is not None and not velocity.is_zero:
            self.refusal = f"I walk no more, for I was stopped: {self._ending}"
        if self.refusal is not None and self.refusal != before:
            self._note(time, self.refusal)
        return self.refusal is not None

    def _note(self, time: float, sentence: str, kind: str = "refusal") -> None:
        self.interventions.append(Intervention(time, kind, sentence, float("nan"), float("nan")))

    def _kept_hands(self, observation: Observation) -> Mapping[str, HandCommand]:
        if self._hands is None:
            postures = {side: np.clip(observation.hand(side).position, *self._ranges) for side in SIDES}
            self._hands = {side: HandCommand(posture, self._grip) for side, posture in postures.items()}
        return self._hands

    @property
    def climber(self) -> Climber | None:
        """The climb under way; None when it walks or stands."""
        return self._climber

    def climb(self, ground: HeightMap, levels: int, heading: float = 0.0, backward: bool = False) -> None:
        """From a stand, climb `levels` treads of `ground`, which begin within a step; velocities wait until it is done.

        `heading` (rad, in the first stance frame) is the yaw of the feet on the treads; stairs are left `backward`.

        Raises:
            UserError: unless it stands and the climb makes sense.
        """
        if not self.on_feet:
            raise UserError("a climb starts from a stand; get up first")
        if not self.walker.is_standing or self._climber is not None:
            raise UserError("a climb starts from a stand; stop walking or climbing first")
        if levels < 1 or not np.isfinite(heading):
            raise UserError(f"a climb needs at least one level and a finite heading, got {levels} and {heading}")
        self._climber = Climber(self.walker, ground, levels, heading, backward)

    def _end_climb(self) -> None:
        if self._climber is not None and self._climber.finished:
            self._climber = None
            self.walker.stand()

    @property
    def fallen(self) -> str | None:
        """What there is to say of a fall, in one sentence; None while it is on its feet or getting up."""
        return None if self._fall is None else self._fall.sentence

    @property
    def down(self) -> str | None:
        """Why it is not on its feet, in one sentence; None while it is."""
        return self.fallen if self._getting_up is None else "I am down on the ground"

    @property
    def on_feet(self) -> bool:
        """Whether it neither falls, nor lies, nor is getting up."""
        return self._fall is None and self._getting_up is None

    @property
    def lies_still(self) -> bool:
        """Whether it has fallen and come to rest, so that `get_up` makes sense."""
        return self._fall is not None and self._fall.still

    def _falls(self, observation: Observation) -> bool:
        sees = self.walker.controller.estimator.imu_lost is None
        if self._fall is None and sees and is_lost(observation):
            self._climber = None
            self._fall = Fall(self._spec, self._period, observation)
            self._note(observation.time, self._fall.sentence, "fall")
        return self._fall is not None

    def _fall_on(self, observation: Observation) -> JointCommand:
        assert self._fall is not None
        moved = not self._fall.still
        joints = self._fall.compute(observation)
        if moved and self._fall.still:
            self._note(observation.time, f"{self._fall.sentence} and can get up", "fall")
        return joints

    @property
    def rising(self) -> GettingUp | None:
        """The getting up under way, or given up; None when it is on its feet."""
        return self._getting_up

    def get_up(self) -> None:
        """Get up from the ground, however it lies; velocities and goals wait until it stands.

        The fingers curl to fists, as knuckles and elbows bear weight. Where it stands then is a new stance frame, whose
        place in the old ones odometry does not know.

        Raises:
            UserError: if it is on its feet: to lie down first would be a fall.
        """
        if self.on_feet and self._seen is not None and lying(self._seen.imu.orientation) is Lying.UPRIGHT:
            raise UserError("I am on my feet; there is nothing to get up from")
        self._climber = self._fall = None
        self._getting_up = GettingUp(self._spec, self._period, self.walker.controller.nominal.gravity)

    def halt_getting_up(self, observation: Observation) -> None:
        """Stay as it is on its way up, unless balance has taken over already: that goes on until it stands."""
        if self._getting_up is not None:
            self._getting_up.halt(observation)

    def _end_getting_up(self) -> None:
        if self._getting_up is not None and self._getting_up.controller is not None:
            old, gravity = self.walker, self.walker.controller.nominal.gravity
            self.walker = Walker(self._spec, self._period, controller=self._getting_up.controller, gravity=gravity)
            self.walker.stance_frame = old.stance_frame
            self._getting_up = self._hands = None

    def stop(self, reason: str) -> None:
        """Come to a stand as fast as the gait allows, then stop for good; stopped in mid-step it would fall."""
        self._ending = self._ending or reason


def goal_problem(goal: BodyGoal | None) -> str | None:
    """Why the body cannot be asked for `goal`, in one sentence; None if it can."""
    if goal is None or math.isfinite(goal.configuration.sum() + goal.velocity.sum()):
        return None
    return "a posture to take must be made of finite numbers; I keep the last one that was"


def velocity_problem(velocity: Velocity) -> str | None:
    """Why the legs cannot be asked for `velocity`, in one sentence; None if they can."""
    values = np.array([velocity.forward, velocity.left, velocity.turn], float)
    if not np.isfinite(values).all():
        return f"a walking velocity must be three finite numbers, got {values.tolist()}"
    if (np.abs(values) > 3 * FASTEST).any():
        return (
            f"the legs manage at most {FASTEST[0]} m/s forward, {FASTEST[1]} m/s sideways and {FASTEST[2]} rad/s; "
            f"asked for {values[0]:.2f}, {values[1]:.2f}, {values[2]:.2f}"
        )
    return None
