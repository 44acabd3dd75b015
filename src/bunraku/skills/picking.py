"""`pick`: see it, reach it, close on it, lift it, and make sure by touch and by a second look."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np

from bunraku.control.grasping import relaxed
from bunraku.robot import SIDES
from bunraku.skills.approaching import approach, stances_around
from bunraku.skills.body import Body, Grip, Outcome, wait
from bunraku.skills.grasps import TRAVEL_HEIGHT, Plan, grip_width, plan_grasp
from bunraku.skills.moving import move_body, move_fingers, move_palm
from bunraku.skills.perception import Seen, look
from bunraku.skills.touch import holds, pinch_centre

ARMS = {"left": slice(11, 18), "right": slice(18, 25)}
"""The arms in a configuration (37,)."""
LIFT = 0.15
"""How far (m) a taken object is raised before it is judged."""


def choose(body: Body, seen: Seen, others: Sequence[Seen], sides: Sequence[str] = SIDES, avoid: int = 0) -> Plan | None:
    """The best way to take `seen` with a free hand; `avoid` skips as many of the best ones after a failure."""
    start = body.reference
    free = [side for side in sides if side not in body.grips]
    plans = [plan for side in free for plan in plan_grasp(body.planner, side, seen, start, others)]
    plans.sort(key=lambda plan: plan.cost)
    return plans[min(avoid, len(plans) - 1)] if plans else None


def grasp(body: Body, plan: Plan, seen: Seen) -> Generator[None, None, Outcome]:
    """Reach `seen` as planned and close the hand on it; the outcome says what the hand feels."""
    side, how = plan.side, plan.grasp
    sign = 1.0 if side == "right" else -1.0
    before = plan.palm.shifted(how.approach * [1, sign, 1])
    above = before.raised(TRAVEL_HEIGHT, 0.03)
    body.say("reach", f"reaching for the {seen.name} with the {side} hand")
    start = body.palm(side)
    if start.position[2] < TRAVEL_HEIGHT - 0.02:
        yield from move_palm(body, side, [start.raised(TRAVEL_HEIGHT)])
    yield from move_fingers(body, side, how.open, 0.3, body.full_tension)
    body.posture = plan.solution.configuration
    yield from move_body(body, body.planner.solve(side, above, body.posture).configuration)
    yield from move_palm(body, side, [above, before])
    error = yield from move_palm(body, side, [plan.palm], speed=0.2, settle=0.2)
    if error > 0.012:
        return Outcome("grasp", False, f"the arm stopped {1000 * error:.0f} mm short of the {seen.name}")
    body.say("grasp", f"closing on the {seen.name}")
    yield from move_fingers(body, side, how.closed, 1.2 if how.family == "wrap" else 0.8, how.closing)
    yield from move_fingers(body, side, how.closed, 0.3, how.tension)
    held, felt = holds(body, side, how, grip_width(seen.kind))
    reason = f"the hand closed on the {seen.name}" if held else f"the hand closed on nothing, no {seen.name} in it"
    return Outcome("grasp", held, reason, felt)


def lift(body: Body, plan: Plan, seen: Seen) -> Generator[None, None, Outcome]:
    """Raise what the hand holds, then judge by touch and by looking whether it came along."""
    side = plan.side
    body.say("lift", f"lifting the {seen.name}")
    yield from move_palm(body, side, [body.palm(side).moved(np.array([0, 0, LIFT]))], speed=0.25, settle=0.1)
    held, felt = holds(body, side, plan.grasp, grip_width(seen.kind))
    palm = body.measured_palm(side)
    expected = palm.position + palm.rotation @ (plan.palm.rotation.T @ (seen.position - plan.palm.position))
    around = yield from look(body, expected)
    left = [s for s in around if s.name == seen.name and s.confidence > 0.8 and _standing(s, seen.position[2])]
    if left and not held:
        return Outcome("lift", False, f"the {seen.name} stayed behind", felt)
    if not held:
        return Outcome("lift", False, f"the {seen.name} is not in the hand", felt)
    if any(np.linalg.norm(s.position - seen.position) < 0.05 for s in left):
        return Outcome("lift", False, f"the hand feels something, but the {seen.name} stands where it was", felt)
    return Outcome("lift", True, f"the {seen.name} is in the hand", felt)


def _standing(seen: Seen, height: float) -> bool:
    return abs(seen.position[2] - height) < 0.03


def withdraw(body: Body, plan: Plan) -> Generator[None, None, None]:
    """Open the hand and leave the way it came."""
    sign = 1.0 if plan.side == "right" else -1.0
    yield from move_fingers(body, plan.side, plan.grasp.open, 0.5, body.full_tension)
    back = body.palm(plan.side).shifted(plan.grasp.approach * [1, sign, 1])
    yield from move_palm(body, plan.side, [back, back.raised(TRAVEL_HEIGHT, 0.03)])


def pick(
    body: Body, seen: Seen, others: Sequence[Seen] = (), sides: Sequence[str] = SIDES, tries: int = 2
) -> Generator[None, None, Outcome]:
    """Take `seen`, which was looked at before, with a hand on one of `sides`; try once more if the first try fails."""
    reason = ""
    for attempt in range(tries):
        plan = choose(body, seen, others, sides, avoid=0 if attempt == 0 else 1)
        if plan is None:
            return Outcome("pick", False, f"I cannot reach the {seen.name} with a free hand", {"kind": "unreachable"})
        outcome = yield from grasp(body, plan, seen)
        if outcome.success:
            outcome = yield from lift(body, plan, seen)
        if outcome.success:
            body.grips[plan.side] = _grip(body, plan, seen)
            return Outcome("pick", True, f"I have the {seen.name}", {"side": plan.side, **outcome.measured})
        reason = outcome.reason
        body.say("pick", reason + (", trying again" if attempt + 1 < tries else ""))
        yield from withdraw(body, plan)
        if attempt + 1 < tries:
            yield from go_home(body, (plan.side,))
            around = yield from look(body, seen.position)
            same = [s for s in around if s.name == seen.name]
            if not same:
                return Outcome("pick", False, f"{reason}, and I do not see it any more", {"kind": "lost"})
            seen = min(same, key=lambda s: float(np.linalg.norm(s.position - seen.position)))
            others = [s for s in around if s is not seen]
    return Outcome("pick", False, reason, {"kind": "grasp"})


def come_within_reach(
    body: Body, seen: Seen, others: Sequence[Seen] = (), sides: Sequence[str] = SIDES
) -> Generator[None, None, Outcome]:
    """Step to where a free hand on one of `sides` can take `seen`."""
    free = [side for side in sides if side not in body.grips]
    stances = stances_around(body, [seen.position], free[0] if len(free) == 1 else None)
    return (yield from approach(body, stances, lambda: choose(body, seen, others, sides), f"to the {seen.name}"))


def _grip(body: Body, plan: Plan, seen: Seen) -> Grip:
    """Where the object sits in the palm: as it stood when the hand closed, moved along with the fingertips."""
    palm, cos, sin = plan.palm, np.cos(seen.yaw), np.sin(seen.yaw)
    position = palm.rotation.T @ (seen.position - palm.position)
    if plan.grasp.family == "pinch" and body.observation is not None:
        now = body.observation.hand(plan.side).position
        position[0] += pinch_centre(body.planner.spec.hand, now) - plan.grasp.centre[0]
    rotation = palm.rotation.T @ np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    return Grip(seen, plan.grasp, position, rotation)


def go_home(body: Body, sides: Sequence[str] = SIDES) -> Generator[None, None, Outcome]:
    """Bring the arms on `sides` back beside the chest; a hand that holds something keeps it."""
    body.say("home", "going home")
    goal, home = body.reference.copy(), body.planner.nominal
    goal[7:9] = home[7:9]
    for side in sides:
        arm = ARMS[side]
        goal[arm] = home[arm]
        if body.palm(side).position[2] < TRAVEL_HEIGHT - 0.02 and np.abs(body.reference[arm] - home[arm]).max() > 0.1:
            yield from move_palm(body, side, [body.palm(side).raised(TRAVEL_HEIGHT)])
    yield from move_body(body, goal)
    body.posture = home
    for side in sides:
        if side not in body.grips:
            yield from move_fingers(body, side, relaxed(body.hand), 0.3, 0.7 * body.full_tension)
    yield from wait(body, 0.1)
    return Outcome("home", True, "I am home")
