"""What each tool of the mind does: its calls bound to the skills of one body."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from bunraku.control.stance import Stance
from bunraku.errors import UserError
from bunraku.mind.body import Outcome
from bunraku.mind.remembering import Memory, pictures_of, remember
from bunraku.mind.robot_tools import TOOLS, robot_registry
from bunraku.mind.rules import Reply, RuleMind
from bunraku.mind.seeing import Clarification, SeenObject, resolve
from bunraku.mind.tools import ObjectQuery, PlaceQuery, ToolCall
from bunraku.objects import KINDS, SURFACES
from bunraku.robot import SIDES
from bunraku.skills import Body, Seen
from bunraku.skills import Outcome as Measured
from bunraku.skills.body import HOUSE, UPSTAIRS
from bunraku.skills.following import follow
from bunraku.skills.grasps import Plan
from bunraku.skills.handing import give, hand_over, look_at_person, nearest_person
from bunraku.skills.looking import look, look_around, look_for, look_on_floor, place_of
from bunraku.skills.moving import move_palm
from bunraku.skills.picking import FORESIGHT, Onward, come_within_reach, go_home, pick, planned_grip, ways_to_take
from bunraku.skills.placing import FEW, Spot, placements, put, rim_of, spots_at, spots_on
from bunraku.skills.rising import get_up
from bunraku.skills.stairs import FOOT, HEAD
from bunraku.skills.walking import walk_to
from bunraku.vision.detect import View

OFFER = np.array([0.12, 0.0, 0.05])
"""From its place beside the chest, how far (m) a hand holds out what it brings."""
ROUNDS = 4
"""How often a thing is taken up to bring it to its place: again after it was lost, missed, or handed over."""
RIM_ROOM = 0.015
"""Air (m) between a hand and the rim of what it reaches into."""
MIDDLE = np.array([0.42, 0.0])
"""Where (m) on the counter one hand leaves things for the other."""
WORKPLACE, AWAY = Stance(), 1.5
"""Where it stands to work in the kitchen, and the distance (m) from where it goes there first."""
ON_STAIRS = "I stand on the stairs"
FRESH = 0.5
"""How old (s) pictures may be that answer what is in view now."""


TO_PERSON = "to"
"""The relation of a thing to the person to whom it is brought."""
ACTS = frozenset({"follow", "climb", "get_up"})
"""What moves the whole body, and no thing."""
MOVING = frozenset(tool.name for tool in TOOLS if tool.moves)
LOOKING = frozenset({"what_do_you_see", "where_is", "recall"})


Thing = tuple[str | None, str | None]
"""Kind and colour of a thing that was named; None where the words left it open."""


@dataclass(frozen=True)
class Request:
    """What words ask for: the `calls` to make and the `things` they name. Of the last call that moves something: its
    `thing`, and the `place` or the other thing (`other`) that it goes on, in or beside (`relation`). `acts` are the
    calls that move the whole body, and the direction named in them."""

    calls: tuple[ToolCall, ...]
    things: tuple[Thing, ...]
    thing: Thing | None = None
    relation: str = ""
    place: str | None = None
    other: Thing | None = None
    acts: tuple[tuple[str, str | None], ...] = ()


def understand(instruction: str) -> Request:
    """What `instruction` asks for; `UserError` with the mind's own answer when that is nothing it can do."""
    plan = RuleMind().plan(instruction)
    if isinstance(plan, Reply):
        raise UserError(plan.text)
    registry = robot_registry()
    calls = _brought([registry.check(call.name, call.arguments).call for call in plan])
    things = tuple(dict.fromkeys(_thing(query) for call in calls for query in _queries(call)))
    moved = next((call for call in reversed(calls) if call.name in ("put", "pick", "bring")), None)
    if moved is None:
        acts = tuple((call.name, call.arguments.get("direction")) for call in calls if call.name in ACTS)
        return Request(calls, things, acts=acts)
    thing, target = _thing(moved.arguments["object"]), moved.arguments.get("target")
    if target is None:
        return Request(calls, things, thing, TO_PERSON if moved.name == "bring" else "")
    other = _thing(target.object) if target.object else None
    return Request(calls, things, thing, moved.arguments["relation"], target.place, other)


def _brought(calls: list[ToolCall]) -> tuple[ToolCall, ...]:
    """The calls without those that only pick up what the next one puts somewhere: how a thing is best taken depends on
    where it goes."""
    following = [*calls[1:], None]
    return tuple(
        call
        for call, after in zip(calls, following, strict=True)
        if not (
            after
            and (call.name, after.name) == ("pick", "put")
            and call.arguments["object"] == after.arguments["object"]
        )
    )


def _queries(call: ToolCall) -> Iterator[ObjectQuery]:
    for value in call.arguments.values():
        if isinstance(value, ObjectQuery):
            yield value
        elif isinstance(value, PlaceQuery) and value.object:
            yield value.object


def _thing(query: ObjectQuery) -> Thing:
    return query.kind, query.colour


@dataclass(frozen=True)
class _Goal:
    """Where something shall go: on a `place` of the map, or in some `relation` to a `thing` that was seen; `side` of
    it, if one was named. `where` says so in words."""

    where: str
    side: str | None
    relation: str = ""
    thing: Seen | None = None
    place: str = ""

    @property
    def name(self) -> str:
        """The name of the thing, if it is one."""
        return self.thing.name if self.thing else ""

    @property
    def rim(self) -> float:
        """How far (m) a hand that puts something there must stay above the base of what it holds."""
        return rim_of(self.thing.kind) + RIM_ROOM if self.thing and self.relation == "in" else 0.0

    def spots(self, kind: str, others: list[Seen]) -> list[Spot]:
        """Where there is room for an object of `kind`."""
        if self.thing is None:
            return _on_side(spots_on(self.place, kind, others), self.side)
        return _on_side(spots_at(self.thing, self.relation, kind, others), self.side)


class Actor:
    """Carries out tool calls with one body, and remembers what it saw on the way.

    `stage` names the skill that ended last.
    """

    def __init__(self, body: Body, memory: Memory | None = None) -> None:
        """Act with `body`, and recall from `memory`, where there is one."""
        self._body, self._memory = body, memory
        self.stage = ""
        self._last = "I have not done anything yet."

    @staticmethod
    def moves(call: ToolCall) -> bool:
        """Whether a call is for `act`, or for `answer`."""
        return call.name in MOVING

    def known(self) -> tuple[SeenObject, ...]:
        """What has been found so far."""
        return tuple(map(_as_object, self._body.known.values()))

    def act(self, call: ToolCall) -> Generator[None, None, Outcome]:
        """The skill that a call which moves stands for. It ends when the robot falls; on the ground it can only get up,
        halfway on stairs only go on."""
        body = self._body
        if call.name != "get_up" and (plight := body.fallen or (body.on_stairs and call.name != "climb" and ON_STAIRS)):
            self._last = f"{plight}; tell me to {'get up' if body.fallen else 'take the stairs'} first."
            return Outcome(False, self._last)
        skill = self._act(call)
        try:
            while call.name == "get_up" or body.fallen is None:
                try:
                    next(skill)
                except StopIteration as end:
                    self._last = end.value.text
                    return end.value
                yield
        finally:
            skill.close()
        self._last = f"{body.fallen}. Tell me to get up."
        return Outcome(False, self._last)

    def _act(self, call: ToolCall) -> Generator[None, None, Outcome]:
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
            case "follow":
                outcome = self._told((yield from follow(self._body)))
            case "climb":
                outcome = yield from self._climb(arguments.get("direction"))
            case "get_up":
                outcome = self._told((yield from get_up(self._body)))
            case _:
                outcome = Outcome(False, f"I do not know how to {call.name}.")
        if not outcome.ok:
            if self._body.blind:
                outcome = Outcome(False, f"I cannot go on: {self._body.blind}.")
            if self._body.fallen is None and not self._body.on_stairs:
                yield from go_home(self._body)
        return outcome

    def views(self, call: ToolCall) -> list[View]:
        """The newest pictures, if the answer to a call begins with a look at them."""
        body = self._body
        if call.name not in LOOKING or body.eyes is None or body.observation is None:
            return []
        return body.eyes.views(body.observation, body.time - FRESH)

    def find(self, views: Sequence[View]) -> list[Seen]:
        """What is to be seen in pictures: much to compute, in any thread."""
        return self._body.eyes.find(views) if self._body.eyes else []

    def answer(self, call: ToolCall, seen: Sequence[Seen] | None = None) -> Outcome:
        """The answer to a call that does not move; `seen` was found in its views, which are looked at now if None."""
        seen = list(seen) if seen is not None else self.find(self.views(call))
        self.notice(seen)
        match call.name:
            case "what_do_you_see":
                return Outcome(True, f"I see {_listed(seen)}.", tuple(map(_as_object, seen)))
            case "where_is":
                known = [seen for seen in self._body.known.values() if _fits(arguments_object(call), seen)]
                if not known:
                    return Outcome(False, "I have not seen that.")
                return Outcome(True, " ".join(map(self._where, known)), tuple(map(_as_object, known)))
            case "status":
                held = [grip.seen for grip in self._body.grips.values()]
                return Outcome(True, (f"I hold {_listed(held)}. " if held else "") + self._last)
            case "recall":
                return self.recall(call)
            case "set_speed":
                self._body.pace = float(call.arguments["speed"])
                return Outcome(True, f"I move at {self._body.pace:.0%} of my full speed.")
            case _:
                return Outcome(False, f"I cannot {call.name.replace('_', ' ')} here.")

    def notice(self, seen: Sequence[Seen]) -> None:
        """Know of what was found."""
        self._body.remember(seen)

    def recall(self, call: ToolCall) -> Outcome:
        """The answer to the call `recall`, from what is remembered: it may take longer than a tick, in any thread."""
        if self._body.recollection is not None:
            ok, text, sighting = self._body.recollection.last_seen(call.arguments["query"], self._body.time)
            return Outcome(ok, text, pictures=pictures_of(sighting))
        if self._memory is not None:
            return remember(self._memory, call.arguments["query"], self._body.time)
        return Outcome(False, "I keep no visual memory here; ask me what I see now.")

    def _pick(self, query: ObjectQuery, hand: str | None = None) -> Generator[None, None, Outcome]:
        """Take it, with no other than the `hand` that was named."""
        if refused := self._refused(query, hand):
            return refused
        if side := self._holding(query):
            return Outcome(True, f"I already have the {self._body.grips[side].seen.name}.")
        found = yield from self._find(query)
        if isinstance(found, Outcome):
            return found
        return self._told((yield from self._take(found, (hand,) if hand else SIDES)))

    def _climb(self, direction: str | None) -> Generator[None, None, Outcome]:
        """Walk to the stairs and take them to the other level, or go on from where it halted on them."""
        body, up = self._body, self._body.storey == HOUSE
        if UPSTAIRS not in body.storeys:
            return Outcome(False, "I know of no stairs here.")
        if direction is not None and (direction == "up") != up:
            where = "on my way up the stairs" if up else "on my way down the stairs"
            there = "downstairs" if up else "upstairs"
            return Outcome(False, f"I am {where if body.on_stairs else f'{there} already'}.")
        goal, where = (HEAD, "up the stairs") if up else (FOOT, "down the stairs")
        return self._told((yield from walk_to(body, goal, where)))

    def _refused(self, query: ObjectQuery, hand: str | None) -> Outcome | None:
        """Why the `hand` that was named cannot take it; None if it can, or none was named."""
        side = self._holding(query)
        if hand and side and hand != side:
            name = self._body.grips[side].seen.name
            return Outcome(False, f"I hold the {name} in my {side} hand; I cannot change hands yet.")
        if hand in self._body.grips and hand != side:
            return Outcome(False, f"My {hand} hand already holds the {self._body.grips[hand].seen.name}.")
        return None

    def _take(
        self, found: Seen, sides: Sequence[str], onward: Onward | None = None, clear: float = 0.0
    ) -> Generator[None, None, Measured]:
        """Take what was found; step to where a hand reaches it if need be."""
        body = self._body
        measured = yield from pick(body, found, sides, onward=onward, clear=clear)
        if measured.measured.get("kind") != "unreachable":
            return measured
        if not (yield from come_within_reach(body, found, sides)).success:
            return measured
        again = [seen for seen in (yield from look(body, found.position)) if seen.name == found.name]
        return (yield from pick(body, again[0] if again else found, sides, onward=onward, clear=clear))

    def _bring(self, query: ObjectQuery, hand: str | None) -> Generator[None, None, Outcome]:
        """Take it to the person who holds out a plate, or hold it out; what was lost is looked for, and taken up again
        where hands reach it."""
        plate = yield from look_at_person(self._body)
        person = nearest_person(self._body) if plate else None
        outcome = None
        for _ in range(ROUNDS):
            taken = yield from self._pick(query, hand=hand)
            side = self._holding(query)
            if not taken.ok or side is None:
                return taken if outcome is None else Outcome(False, f"{outcome.text} {taken.text}")
            if plate is None or person is None:
                return (yield from self._offer(side))
            done = yield from hand_over(self._body, side, plate, person)
            outcome = self._told(done)
            if done.success or side in self._body.grips:
                return outcome
            if lying := (yield from look_on_floor(self._body, lambda seen: _fits(query, seen))):
                return Outcome(False, f"{outcome.text} {self._on_the_floor(lying)}")
        return outcome or Outcome(False, "I did not manage.")

    def _on_the_floor(self, seen: Seen) -> str:
        x, y, _ = self._body.stance.inverse.point(seen.position)
        there = f"{100 * x:.0f} cm ahead and {100 * abs(y):.0f} cm to the {_side(y)}"
        return f"The {seen.name} lies on the floor, {there}, where my hands do not reach."

    def _offer(self, side: str) -> Generator[None, None, Outcome]:
        """Hold out what the hand on `side` holds, and let go when it is pulled."""
        name = self._body.grips[side].seen.name
        yield from go_home(self._body, (side,))
        yield from move_palm(
            self._body, side, [self._body.palm(side).moved(self._body.stance.rotation @ OFFER)], speed=0.2
        )
        self._body.say("give", f"holding out the {name}")
        given = yield from give(self._body, side)
        return Outcome(True, f"You have the {name}." if given.success else f"Here is the {name}.")

    def _put(
        self, query: ObjectQuery, relation: str, target: PlaceQuery, hand: str | None
    ) -> Generator[None, None, Outcome]:
        """Take it and put it there; what was lost or missed on the way is taken up again where it is now."""
        if refused := self._refused(query, hand):
            return refused
        body, hands, failure = self._body, (hand,) if hand else SIDES, None
        for _ in range(ROUNDS):
            side = self._holding(query)
            found = body.grips[side].seen if side else (yield from self._find(query))
            if isinstance(found, Outcome):
                return failure or found
            goal = yield from self._goal(relation, target)
            if isinstance(goal, Outcome):
                return goal
            spots = goal.spots(found.kind, body.around(found.name, goal.name))
            if side is None:
                taken = yield from self._take(found, hands, self._leads_to(found, goal, spots), goal.rim)
                if not taken.success:
                    failure = self._told(taken)
                    if taken.measured["kind"] == "lost":
                        continue
                    return failure
                side = taken.measured["side"]
            others = body.around(found.name, goal.name)
            done = yield from put(body, side, spots, goal.where, others, walk=False)
            stuck = done.measured.get("kind") == "unreachable"
            over = stuck and len(hands) > 1 and self._other_hand_could(side, goal, spots)
            if stuck and not over:
                done = yield from put(body, side, spots, goal.where, others)
            if done.success:
                return self._told(done)
            failure = self._told(done)
            if side not in body.grips:
                hands = (hand,) if hand else SIDES
            elif len(hands) == 1:
                return failure
            else:
                yield from self._hand_over(side)
                hands = (_other(side),)
        return failure or Outcome(False, "I did not manage.")

    def _goal(self, relation: str, target: PlaceQuery) -> Generator[None, None, _Goal | Outcome]:
        """Where something shall go, and what stands there."""
        if target.object is None:
            assert target.place is not None
            yield from look_around(self._body, (target.place,))
            return _Goal(f"on the {target.place}", target.side, place=target.place)
        seen = yield from self._find(target.object)
        if isinstance(seen, Outcome):
            return seen
        return _Goal(f"{relation} the {seen.name}", target.side, relation, seen)

    def _leads_to(self, found: Seen, goal: _Goal, spots: list[Spot]) -> Callable[[Plan], bool]:
        """Whether what is taken by a plan can then be put down at one of `spots` by the same hand."""
        planner, others = self._body.planner, self._body.around(found.name, goal.name)

        def leads(plan: Plan) -> bool:
            grip = planned_grip(plan, found)
            return any(True for _ in placements(planner, plan.side, grip, plan.lift[-1], spots, others, FEW))

        return leads

    def _other_hand_could(self, side: str, goal: _Goal, spots: list[Spot]) -> bool:
        """Whether the other hand could take what the hand on `side` holds from before the chest, and put it there."""
        body, held, other = self._body, self._body.grips[side].seen, _other(side)
        middle = self._middle(held.kind)
        if other in body.grips or not middle:
            return False
        there = replace(held, position=middle[0].point + [0, 0, KINDS[held.kind].rest_height], rotation=None)
        leads = self._leads_to(there, goal, spots)
        return any(leads(plan) for plan, _ in islice(ways_to_take(body, there, (other,), clear=goal.rim), FORESIGHT))

    def _hand_over(self, side: str) -> Generator[None, None, None]:
        """Put what the hand on `side` holds down before the chest, where the other hand can take it."""
        body = self._body
        middle = self._middle(body.grips[side].seen.kind)
        yield from put(body, side, middle, "before me", body.around(), walk=False)

    def _middle(self, kind: str) -> list[Spot]:
        """Free spots before the chest for a thing of `kind`, the nearest to the middle first."""
        spots = spots_on("counter", kind, self._body.around())
        return sorted(spots, key=lambda spot: float(np.linalg.norm(spot.point[:2] - MIDDLE)))[:6]

    def _find(self, query: ObjectQuery) -> Generator[None, None, Seen | Outcome]:
        """Look until exactly one thing fits; otherwise the outcome that says what was seen, or asks which one."""
        away = np.hypot(*(self._body.stance.position - WORKPLACE.position))
        if away > AWAY:
            walked = yield from walk_to(self._body, WORKPLACE, "to the counter")
            if not walked.success:
                return self._told(walked)
        places = tuple(SURFACES) if query.place is None else (query.place,)
        alone = replace(query, side=None, size=None)
        name = " ".join(word for word in (query.colour, query.kind) if word) or "thing"
        measured = yield from look_for(self._body, lambda seen: _fits(alone, seen), name, places)
        by_object = [(_as_object(seen), seen) for seen in measured.measured["seen"]]
        choice = resolve(query, [thing for thing, _ in by_object])
        self.stage = "look_for"
        if isinstance(choice, Clarification):
            return Outcome(False, choice.text, candidates=choice.candidates)
        return next(seen for thing, seen in by_object if thing is choice)

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


def _other(side: str) -> str:
    return next(other for other in SIDES if other != side)


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
