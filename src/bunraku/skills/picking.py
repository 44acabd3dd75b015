"""`pick`: see it, reach it, close on it, lift it, and make sure by touch and by a second look."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence

import numpy as np

from bunraku.control.free_space import ARMS, TOUCHING
from bunraku.control.grasping import relaxed
from bunraku.control.reach import ReachPlanner, rotation_distance, turn_onto
from bunraku.robot import SIDES
from bunraku.skills.approaching import approach, stances_around
from bunraku.skills.body import Body, Grip, Outcome, wait
from bunraku.skills.grasps import LIFT, Plan, completed, grip_width, plan_grasp
from bunraku.skills.looking import look
from bunraku.skills.moving import move_body, move_fingers, move_palm
from bunraku.skills.perception import Seen
from bunraku.skills.surroundings import free_space
from bunraku.skills.touch import holds, pinch_centre

Route = list[np.ndarray]
"""Configurations (37,) through which an arm goes."""
Onward = Callable[[Plan], bool]
"""Whether what is taken like that can be brought where it shall go."""
FORESIGHT = 8
"""How many plans are asked whether they lead on."""
UNLIKE = 0.4
"""Turn of the palm (rad) by which a plan differs from one that failed."""
APPROACH_SPEED, LIFT_SPEED = 0.2, 0.25
"""Mean speeds (m/s) of a palm on its last way to an object, and upwards with it."""
SHORT = 0.012
"""How far (m) a palm may stay from where it was to close."""


def ways_to_take(
    body: Body, seen: Seen, sides: Sequence[str] = SIDES, failed: Sequence[Plan] = (), clear: float = 0.0
) -> Iterator[tuple[Plan, Route]]:
    """Plans for a free hand, the best first, each with a free way to where it begins; those like a plan that `failed`
    come late, and last those that touch what stands around."""
    others = body.around(seen.name)
    free = [side for side in sides if side not in body.grips]
    start = body.reference
    plans = [p for side in free for p in plan_grasp(body.planner, side, seen, start, others, clear=clear)]
    plans.sort(key=lambda plan: (any(_alike(plan, other) for other in failed), plan.cost + body.manner(plan)))
    tight: list[tuple[float, Plan]] = []
    for plan in filter(None, (completed(body.planner, plan) for plan in plans)):
        air = air_around(body.planner, plan, seen, others)
        if air < -TOUCHING:
            tight.append((air, plan))
        elif way := _with_route(body, plan, seen):
            yield way
    tight.sort(key=lambda entry: -entry[0])
    yield from filter(None, (_with_route(body, plan, seen) for _, plan in tight))


def air_around(planner: ReachPlanner, plan: Plan, seen: Seen, others: Sequence[Seen]) -> float:
    """Least air (m) beyond what is kept to `others` while the open hand comes to `seen` and lifts it."""
    coming = free_space(planner, plan.side, others, plan.grasp.open)
    going = free_space(planner, plan.side, others, grip=planned_grip(plan, seen))
    return min(coming.least(plan.approach), going.least([plan.approach[-1], *plan.lift]))


def routed(body: Body, plan: Plan, seen: Seen) -> tuple[Plan, Route] | None:
    """The whole of a plan to take `seen`, and a free way to where it begins; None when there is none."""
    whole = completed(body.planner, plan)
    return None if whole is None else _with_route(body, whole, seen)


def _with_route(body: Body, plan: Plan, seen: Seen) -> tuple[Plan, Route] | None:
    space = free_space(body.planner, plan.side, [*body.around(seen.name), seen], plan.grasp.open)
    route = space.way(body.reference, plan.approach[0])
    return None if route is None else (plan, route)


def _alike(plan: Plan, other: Plan) -> bool:
    turn = rotation_distance(plan.palm.rotation, other.palm.rotation)
    return plan.side == other.side and plan.grasp.family == other.grasp.family and turn < UNLIKE


def choose(
    body: Body, seen: Seen, sides: Sequence[str], failed: Sequence[Plan], onward: Onward | None, clear: float
) -> tuple[Plan, Route] | None:
    """The best way to take `seen` that leads `onward`; the best of all if none does."""
    first = None
    for count, (plan, route) in enumerate(ways_to_take(body, seen, sides, failed, clear)):
        if onward is None or onward(plan):
            return plan, route
        first = first or (plan, route)
        if count + 1 >= FORESIGHT:
            break
    return first


def grasp(body: Body, plan: Plan, route: Route, seen: Seen) -> Generator[None, None, Outcome]:
    """Reach `seen` as planned and close the hand on it; the outcome says what the hand feels."""
    side, how = plan.side, plan.grasp
    body.say("reach", f"reaching for the {seen.name} with the {side} hand")
    yield from move_fingers(body, side, how.open, 0.3, body.full_tension)
    body.posture = plan.solution.configuration
    yield from move_body(body, *route)
    yield from move_body(body, *plan.approach, least=float(np.linalg.norm(how.approach)) / APPROACH_SPEED)
    error = yield from move_palm(body, side, [plan.palm], speed=APPROACH_SPEED, settle=0.2)
    if error > SHORT:
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
    yield from move_body(body, *plan.lift, least=LIFT / LIFT_SPEED)
    yield from wait(body, 0.1)
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
    yield from move_fingers(body, plan.side, plan.grasp.open, 0.5, body.full_tension)
    yield from move_body(body, *plan.approach[-2::-1], least=0.4)


def pick(
    body: Body,
    seen: Seen,
    sides: Sequence[str] = SIDES,
    tries: int = 3,
    onward: Onward | None = None,
    clear: float = 0.0,
) -> Generator[None, None, Outcome]:
    """Take `seen`, which was looked at before, with a hand on one of `sides`, preferably so that it leads `onward`
    and with `clear` m above its base free; after a failure look where it is now and try another way."""
    reason, failed = "", []
    for attempt in range(tries):
        chosen = choose(body, seen, sides, failed, onward, clear)
        if chosen is None:
            why = f"{reason}, and " if reason else ""
            return Outcome(
                "pick", False, f"{why}I cannot reach the {seen.name} with a free hand", {"kind": "unreachable"}
            )
        plan, route = chosen
        outcome = yield from grasp(body, plan, route, seen)
        if outcome.success:
            outcome = yield from lift(body, plan, seen)
        if outcome.success:
            body.grips[plan.side] = grip_of(body, plan, seen)
            return Outcome("pick", True, f"I have the {seen.name}", {"side": plan.side, **outcome.measured})
        reason = outcome.reason
        failed.append(plan)
        body.say("pick", reason + (", trying again" if attempt + 1 < tries else ""))
        yield from withdraw(body, plan)
        yield from go_home(body, (plan.side,))
        if attempt + 1 < tries:
            around = yield from look(body, seen.position)
            same = [s for s in around if s.name == seen.name]
            if not same:
                return Outcome("pick", False, f"{reason}, and I do not see it any more", {"kind": "lost"})
            seen = min(same, key=lambda s: float(np.linalg.norm(s.position - seen.position)))
    return Outcome("pick", False, reason, {"kind": "grasp"})


def come_within_reach(body: Body, seen: Seen, sides: Sequence[str] = SIDES) -> Generator[None, None, Outcome]:
    """Step to where a free hand on one of `sides` can take `seen`."""
    free = [side for side in sides if side not in body.grips]
    stances = stances_around(body, [seen.position], free[0] if len(free) == 1 else None)
    return (
        yield from approach(body, stances, lambda: next(ways_to_take(body, seen, sides), None), f"to the {seen.name}")
    )


def planned_grip(plan: Plan, seen: Seen) -> Grip:
    """Where the object will sit in the palm once the hand has closed: a wrap draws its axis along the palm's y."""
    palm, cos, sin = plan.palm, np.cos(seen.yaw), np.sin(seen.yaw)
    position = palm.rotation.T @ (seen.position - palm.position)
    rotation = palm.rotation.T @ np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    if plan.grasp.family == "wrap":
        sign = 1.0 if plan.side == "right" else -1.0
        centre, thumbward = plan.grasp.centre * [1, sign, 1], np.array([0, sign, 0])
        position = centre - (rotation[:, 2] @ (centre - position)) * thumbward
        rotation = turn_onto(rotation[:, 2], thumbward) @ rotation
    return Grip(seen, plan.grasp, position, rotation)


def grip_of(body: Body, plan: Plan, seen: Seen) -> Grip:
    """Where the object sits in the palm: as it stood when the hand closed, moved along with the fingertips."""
    grip = planned_grip(plan, seen)
    if plan.grasp.family == "pinch" and body.observation is not None:
        now = body.observation.hand(plan.side).position
        grip.position[0] += pinch_centre(body.planner.spec.hand, now) - plan.grasp.centre[0]
    return grip


def go_home(body: Body, sides: Sequence[str] = SIDES) -> Generator[None, None, Outcome]:
    """Bring the arms on `sides` back beside the chest, clear of what stands around; a hand that holds something keeps
    it."""
    body.say("home", "going home")
    home = body.planner.nominal
    if not sides:
        goal = body.reference.copy()
        goal[:9] = home[:9]
        yield from move_body(body, goal)
    for side in sides:
        goal = body.reference.copy()
        goal[:9], goal[ARMS[side]] = home[:9], home[ARMS[side]]
        grip = body.grips.get(side)
        space = free_space(body.planner, side, body.around(), None if grip else body.hands[side].posture, grip)
        yield from move_body(body, *(space.way(body.reference, goal) or [goal]))
    body.posture = home
    for side in sides:
        if side not in body.grips:
            yield from move_fingers(body, side, relaxed(body.hand), 0.3, 0.7 * body.full_tension)
    yield from wait(body, 0.1)
    return Outcome("home", True, "I am home")
