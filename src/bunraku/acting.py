"""What each tool of the mind does: its calls bound to the skills of one body."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bunraku.errors import UserError
from bunraku.mind.body import Outcome
from bunraku.mind.robot_tools import TOOLS, robot_registry
from bunraku.mind.rules import Reply, RuleMind
from bunraku.mind.seeing import Clarification, SeenObject, resolve
from bunraku.mind.tools import ObjectQuery, PlaceQuery, ToolCall
from bunraku.objects import KINDS, SURFACES
from bunraku.robot import SIDES
from bunraku.skills import Body, Seen
from bunraku.skills import Outcome as Measured
from bunraku.skills.looking import look_around, look_for, place_of
from bunraku.skills.moving import move_palm
from bunraku.skills.perception import look
from bunraku.skills.picking import come_within_reach, go_home, pick
from bunraku.skills.placing import Spot, put, spots_at, spots_on

OFFER = np.array([0.12, 0.0, 0.05])
"""From its place beside the chest, how far (m) a hand holds out what it brings."""
ASIDE = 0.3
"""How far (m) from the middle a target lies that only the arm on its side reaches well."""
FRESH = 0.5
"""How old (s) pictures may be that answer what is in view now."""


MOVING = frozenset(tool.name for tool in TOOLS if tool.moves)


Thing = tuple[str | None, str | None]
"""Kind and colour of a thing that was named; None where the words left it open."""


@dataclass(frozen=True)
class Request:
    """What words ask for: the `calls` to make and the `things` they name. Of the last call that moves something: its
    `thing`, and the `place` or the other thing (`other`) that it goes on, in or beside (`relation`)."""

    calls: tuple[ToolCall, ...]
    things: tuple[Thing, ...]
    thing: Thing | None = None
    relation: str = ""
    place: str | None = None
    other: Thing | None = None


def understand(instruction: str) -> Request:
    """What `instruction` asks for; `UserError` with the mind's own answer when that is nothing it can do."""
    plan = RuleMind().plan(instruction)
    if isinstance(plan, Reply):
        raise UserError(plan.text)
    registry = robot_registry()
    calls = tuple(registry.check(call.name, call.arguments).call for call in plan)
    things = tuple(dict.fromkeys(_thing(query) for call in calls for query in _queries(call)))
    moved = next((call for call in reversed(calls) if call.name in ("put", "pick", "bring")), None)
    if moved is None:
        return Request(calls, things)
    thing, target = _thing(moved.arguments["object"]), moved.arguments.get("target")
    if target is None:
        return Request(calls, things, thing)
    other = _thing(target.object) if target.object else None
    return Request(calls, things, thing, moved.arguments["relation"], target.place, other)


def _queries(call: ToolCall) -> Iterator[ObjectQuery]:
    for value in call.arguments.values():
        if isinstance(value, ObjectQuery):
            yield value
        elif isinstance(value, PlaceQuery) and value.object:
            yield value.object


def _thing(query: ObjectQuery) -> Thing:
    return query.kind, query.colour


class Actor:
    """Carries out tool calls with one body, and remembers what it saw on the way.

    `stage` names the skill that ended last.
    """

    def __init__(self, body: Body) -> None:
        self._body = body
        self.stage = ""
        self._known: dict[str, Seen] = {}
        self._last = "I have not done anything yet."

    @staticmethod
    def moves(call: ToolCall) -> bool:
        """Whether a call is for `act`, or for `answer`."""
        return call.name in MOVING

    def act(self, call: ToolCall) -> Generator[None, None, Outcome]:
        """The skill that a call which moves stands for."""
        arguments = call.arguments
        match call.name:
            case "pick":
                outcome = yield from self._pick(arguments["object"], hand=arguments.get("hand"))
            case "bring":
                outcome = yield from self._bring(arguments["object"], arguments.get("hand"))
            case "put":
                relation, target = arguments["relation"], arguments["target"]
                outcome = yield from self._put(arguments["object"], relation, target, arguments.get("hand"))
            case "look_for":
                found = yield from self._find(arguments["object"])
                outcome = found if isinstance(found, Outcome) else Outcome(True, self._where(found))
            case "home":
                outcome = self._told((yield from go_home(self._body)))
            case _:
                outcome = Outcome(False, f"I do not know how to {call.name}.")
        self._last = outcome.text
        return outcome

    def answer(self, call: ToolCall) -> Outcome:
        """The answer to a call that does not move."""
        match call.name:
            case "what_do_you_see":
                seen = self._in_view()
                return Outcome(True, f"I see {_listed(seen)}.", tuple(map(_as_object, seen)))
            case "where_is":
                self._in_view()
                known = [seen for seen in self._known.values() if _fits(arguments_object(call), seen)]
                if not known:
                    return Outcome(False, "I have not seen that.")
                return Outcome(True, " ".join(map(self._where, known)), tuple(map(_as_object, known)))
            case "status":
                held = [grip.seen for grip in self._body.grips.values()]
                return Outcome(True, (f"I hold {_listed(held)}. " if held else "") + self._last)
            case "set_speed":
                self._body.pace = float(call.arguments["speed"])
                return Outcome(True, f"I move at {self._body.pace:.0%} of my full speed.")
            case _:
                return Outcome(False, f"I cannot {call.name.replace('_', ' ')} here.")

    def _pick(
        self, query: ObjectQuery, sides: Sequence[str] = SIDES, hand: str | None = None
    ) -> Generator[None, None, Outcome]:
        """Take it with a hand of `sides` where one of them can, but with no other than the `hand` that was named."""
        if side := self._holding(query):
            name = self._body.grips[side].seen.name
            if hand not in (None, side):
                return Outcome(False, f"I hold the {name} in my {side} hand; I cannot change hands yet.")
            return Outcome(True, f"I already have the {name}.")
        if hand in self._body.grips:
            return Outcome(False, f"My {hand} hand already holds the {self._body.grips[hand].seen.name}.")
        if hand:
            sides = (hand,)
        found = yield from self._find(query)
        if isinstance(found, Outcome):
            return found
        others = self._others(found)
        measured = yield from pick(self._body, found, others, sides)
        if measured.measured.get("kind") == "unreachable" and sides != SIDES and not hand:
            measured = yield from pick(self._body, found, others)
        if measured.measured.get("kind") == "unreachable":
            measured = yield from self._pick_from_elsewhere(found, others, (hand,) if hand else SIDES, measured)
        if measured.success:
            del self._known[found.name]
        else:
            yield from go_home(self._body)
        return self._told(measured)

    def _pick_from_elsewhere(
        self, found: Seen, others: list[Seen], sides: Sequence[str], failed: Measured
    ) -> Generator[None, None, Measured]:
        """Step to where a hand reaches, look again, and pick; what `failed` before if there is no such place."""
        moved = yield from come_within_reach(self._body, found, others, sides)
        if not moved.success:
            return failed
        again = [seen for seen in (yield from look(self._body, found.position)) if seen.name == found.name]
        return (yield from pick(self._body, again[0] if again else found, others, sides))

    def _bring(self, query: ObjectQuery, hand: str | None) -> Generator[None, None, Outcome]:
        outcome = yield from self._pick(query, hand=hand)
        side = self._holding(query)
        if not outcome.ok or side is None:
            return outcome
        yield from go_home(self._body, (side,))
        yield from move_palm(
            self._body, side, [self._body.palm(side).moved(self._body.stance.rotation @ OFFER)], speed=0.2
        )
        return Outcome(True, f"Here is the {self._body.grips[side].seen.name}.")

    def _put(
        self, query: ObjectQuery, relation: str, target: PlaceQuery, hand: str | None
    ) -> Generator[None, None, Outcome]:
        goal = None
        if target.object is not None:
            goal = yield from self._find(target.object)
            if isinstance(goal, Outcome):
                return goal
        y = goal.position[1] if goal else np.mean(SURFACES[target.place or "counter"].y)
        outcome = yield from self._pick(query, SIDES if abs(y) < ASIDE else (_side(float(y)),), hand)
        side = self._holding(query)
        if not outcome.ok or side is None:
            return outcome
        held = self._body.grips[side].seen
        if goal is None:
            assert target.place is not None
            where, others = f"on the {target.place}", (yield from look_around(self._body, (target.place,)))
            self._remember(others)
            spots = _on_side(spots_on(target.place, held.kind, others), target.side)
        else:
            where, others = f"{relation} the {goal.name}", self._others(goal)
            spots = _on_side(spots_at(goal, relation, held.kind, others), target.side)
        return self._told((yield from put(self._body, side, spots, where, others)))

    def _find(self, query: ObjectQuery) -> Generator[None, None, Seen | Outcome]:
        """Look until exactly one thing fits; otherwise the outcome that says what was seen, or asks which one."""
        places = tuple(SURFACES) if query.place is None else (query.place,)
        alone = replace(query, side=None, size=None)
        name = " ".join(word for word in (query.colour, query.kind) if word) or "thing"
        measured = yield from look_for(self._body, lambda seen: _fits(alone, seen), name, places)
        self._remember(measured.measured["seen"])
        by_object = [(_as_object(seen), seen) for seen in measured.measured["seen"]]
        choice = resolve(query, [thing for thing, _ in by_object])
        self.stage = "look_for"
        if isinstance(choice, Clarification):
            return Outcome(False, choice.text, candidates=choice.candidates)
        return next(seen for thing, seen in by_object if thing is choice)

    def _in_view(self) -> list[Seen]:
        body = self._body
        if body.eyes is None or body.observation is None:
            return []
        seen = body.eyes.find(body.eyes.views(body.observation, body.time - FRESH))
        self._remember(seen)
        return seen

    def _remember(self, seen: list[Seen]) -> None:
        self._known |= {thing.name: thing for thing in seen}

    def _others(self, but: Seen) -> list[Seen]:
        return [seen for seen in self._known.values() if seen.name != but.name]

    def _holding(self, query: ObjectQuery) -> str | None:
        return next((side for side, grip in self._body.grips.items() if _fits(query, grip.seen)), None)

    def _told(self, measured: Measured) -> Outcome:
        self.stage = measured.skill
        reason = measured.reason
        return Outcome(measured.success, reason[:1].upper() + reason[1:] + ("" if reason.endswith((".", "?")) else "."))

    def _where(self, seen: Seen) -> str:
        x, y, _ = self._body.stance.inverse.point(seen.position)
        place = place_of(seen)
        on = f"on the {place}, " if place else ""
        return f"The {seen.name} is {on}{100 * x:.0f} cm ahead and {100 * abs(y):.0f} cm to the {_side(y)}."


def arguments_object(call: ToolCall) -> ObjectQuery:
    """The object that a call is about."""
    return call.arguments["object"]


def _as_object(seen: Seen) -> SeenObject:
    size = np.array(KINDS[seen.kind].size) if seen.kind in KINDS else None
    return SeenObject(seen.kind, seen.colour, seen.position, seen.confidence, size, place_of(seen))


def _fits(query: ObjectQuery, seen: Seen) -> bool:
    return query.kind in (None, seen.kind) and query.colour in (None, seen.colour)


def _listed(seen: list[Seen]) -> str:
    names = [f"a {thing.name}" for thing in seen]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names) or "nothing that I know"


def _side(y: float) -> str:
    return "left" if y > 0 else "right"


def _on_side(spots: list[Spot], side: str | None) -> list[Spot]:
    """The spots on that side of the middle of all, as the robot sees them."""
    if side is None or not spots:
        return spots
    order: dict[str, Callable[[Spot], float]] = {
        "left": lambda spot: -spot.point[1],
        "right": lambda spot: spot.point[1],
        "nearest": lambda spot: spot.point[0],
        "farthest": lambda spot: -spot.point[0],
        "middle": lambda spot: float(np.linalg.norm(spot.point - np.mean([s.point for s in spots], axis=0))),
    }
    return sorted(spots, key=order[side])[: max(1, len(spots) // 2)]
