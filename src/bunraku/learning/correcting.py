"""Corrections: the policy has the robot, and where it goes astray the expert takes over (DAgger).

An expert alone never shows what to do where only a policy gets to. Half of the episodes are taken over early, wherever
the policy then is (DAgger, Ross, Gordon & Bagnell 2011); the others once it has come to a stop, as a person does who
watches over it (HG-DAgger, Kelly et al. 2019). What is learned from is the expert's part.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path

import numpy as np

from bunraku.learning.acting import Policy, act
from bunraku.learning.collecting import Collected, record
from bunraku.objects import SURFACES
from bunraku.robot import SIDES, RobotSpec
from bunraku.skills import Body, Outcome
from bunraku.skills.body import Pose
from bunraku.skills.moving import move_palm
from bunraku.tasks.manipulations import manipulation
from bunraku.tasks.stage import Acting

EARLY, DISTURBED = 0.5, 0.5
"""Shares of the episodes that are taken over early, and in which the robot is pushed off its way."""
SOON = (1.0, 3.5)
"""Between when (s) and when an episode is taken over early."""
LATE = 9.0
"""When (s) the policy is given up at the latest."""
STOPPED = 1.6
"""How long (s) nothing moves before the policy is given up; what it holds has convinced the referee by then."""
REST, REST_HAND = 0.006, 0.06
"""Less than this (m, rad) is not a motion."""
CLEAR, RISING = 0.25, 0.25
"""How high (m) above the counter a palm is free to begin anew, and how fast (m/s) it gets there."""


def correct_episode(task: str, seed: int, root: Path, policy: Path) -> Collected:
    """Record the episode of `seed` under `root`, in which the expert of the `task` corrects the `policy`.

    Raises `UserError` for a policy that does not fit, and when the disk is full.
    """
    rng = np.random.default_rng([seed, 0xDA66])
    early, noisy = rng.random(2) < (EARLY, DISTURBED)
    given_up = float(rng.uniform(*SOON)) if early else LATE
    loaded, expert = Policy(policy, RobotSpec().hand), manipulation(task).expert
    return record(task, seed, root, bool(noisy), partial(corrected, loaded, expert, given_up), LATE)


def corrected(policy: Policy, expert: Acting, given_up: float, not_yet: Callable[[], None]) -> Acting:
    """The `policy` until it has stopped or `given_up` s are over, while `not_yet` is called; then the `expert`."""

    def skill(body: Body, instruction: str) -> Generator[None, None, Outcome]:
        for _ in until_astray(act(policy)(body, instruction), body, given_up):
            not_yet()
            yield
        for side in SIDES:
            yield from rise(body, side)
        return (yield from expert(body, instruction))

    return skill


def until_astray(policy: Generator[None, None, Outcome], body: Body, given_up: float) -> Generator[None, None, None]:
    """Let the `policy` have the robot until palms and hands have stopped for a while, or `given_up` s are over."""
    past: deque[tuple[float, np.ndarray, np.ndarray]] = deque()
    began = body.time
    for _ in policy:
        yield
        if body.observation is None:
            continue
        palm = np.array([body.measured_palm(side).position for side in SIDES])
        hand = np.array([body.observation.hand(side).position for side in SIDES])
        while past and past[0][0] < body.time - STOPPED:
            _, before, fingers = past.popleft()
            if np.linalg.norm(palm - before, axis=1).max() < REST and np.abs(hand - fingers).max() < REST_HAND:
                return
        past.append((body.time, palm, hand))
        if body.time - began > given_up:
            return


def rise(body: Body, side: str) -> Generator[None, None, None]:
    """Bring the palm up from among the things, and the hand as it is: closed on nothing it is opened only there.

    Were it opened below, a hand on its way up and one on its way down would look the same, and no policy that lives in
    the present could tell what to do.
    """
    palm = body.palm(side)
    missing = SURFACES["counter"].top + CLEAR - palm.position[2]
    if missing > 0.02:
        body.say("rise", "beginning anew")
        yield from move_palm(body, side, [Pose(palm.position + [0, 0, missing], palm.rotation)], speed=RISING)
