"""The rule-based mind: words to tool calls without any model, in English and Japanese, in under five milliseconds.

It acts only on a message that it understands completely. Everything else is answered in one sentence that says what
was not understood and the nearest thing that can be done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, get_args

from bunraku.mind.grammar import Clause, Correction, Grammar, Noun, Unknown
from bunraku.mind.seeing import describe
from bunraku.mind.text import LONGEST, Language, english_words, japanese_words, language_of, normalise
from bunraku.mind.tools import ObjectQuery, PlaceQuery, Relation, ToolCall
from bunraku.mind.vocabulary import Vocabulary, default_vocabulary

MOST_STEPS = 8
"""Tool calls in one message."""

CONTAINERS = frozenset({"bowl"})
"""Kinds in which a thing is put where the words say only "to"."""

_SPEED_STEP = 1.5
_SLOWEST, _FULL = 0.25, 1.0


@dataclass(frozen=True)
class Reply:
    """A sentence instead of an action. When it is a question, `waiting` is the call that the answer will complete.

    `nearest` is the call that may have been meant; nothing but the user's yes starts it.
    """

    text: str
    waiting: ToolCall | None = None
    nearest: ToolCall | None = None


@dataclass(frozen=True)
class Context:
    """What the conversation has established; a new one comes from `after` and `asked`."""

    last_object: ObjectQuery | None = None
    last_calls: tuple[ToolCall, ...] = ()
    waiting: ToolCall | None = None
    speed: float = 0.7
    language: Language = "english"

    def after(self, calls: Sequence[ToolCall]) -> Context:
        """The context once `calls` were made."""
        objects = [c.arguments["object"] for c in calls if isinstance(c.arguments.get("object"), ObjectQuery)]
        acted = tuple(c for c in calls if "object" in c.arguments)
        speeds = [c.arguments["speed"] for c in calls if c.name == "set_speed"]
        return replace(
            self,
            last_object=replace(objects[-1], place=None) if objects else self.last_object,
            last_calls=acted or self.last_calls,
            waiting=None,
            speed=speeds[-1] if speeds else self.speed,
        )

    def asked(self, call: ToolCall | None) -> Context:
        """The context once the robot has asked a question whose answer completes `call`."""
        return replace(self, waiting=call)


@cache
def _household_grammar(language: Language) -> Grammar:
    """The grammar over the default vocabulary, compiled once for all minds."""
    return Grammar(language, default_vocabulary())


def prepare() -> None:
    """Compile the grammars of both languages: half a second of computing, which no turn then has to wait for."""
    for language in get_args(Language):
        _household_grammar(language).prepare()


@dataclass(frozen=True)
class RuleMind:
    """`plan` is a pure function of the text and the context."""

    vocabulary: Vocabulary = field(default_factory=default_vocabulary)
    _grammars: dict[Language, Grammar] = field(default_factory=dict, repr=False, compare=False)

    def _grammar(self, language: Language) -> Grammar:
        if self.vocabulary is default_vocabulary():
            return _household_grammar(language)
        if language not in self._grammars:
            self._grammars[language] = Grammar(language, self.vocabulary)
        return self._grammars[language]

    def plan(self, text: str, context: Context | None = None) -> list[ToolCall] | Reply:
        """The tool calls that the text asks for, in order, or the sentence to say. Never guesses an action."""
        context = context or Context()
        normal = normalise(text)
        language = language_of(normal) if normal else context.language
        return _Reading(self._grammar(language), context).plan(normal)

    def say_yes(self, text: str) -> str:
        """How to agree to what may have been meant, in the language of the text."""
        language = language_of(text)
        return (" " if language == "english" else "") + self._grammar(language).data["replies"]["say_yes"]

    def may_mean(self, text: str, call: ToolCall, context: Context) -> bool:
        """Whether the text, which this mind does not understand, may well ask for a call: it names the call's object.

        A text that it does understand, or that denies something, means nothing but what it says.
        """
        normal = normalise(text)
        grammar, query = self._grammar(language_of(normal)), call.arguments.get("object")
        words = english_words(normal) if grammar.language == "english" else japanese_words(normal)
        if grammar.parse(words) is not None or grammar.denies(words) or not isinstance(query, ObjectQuery):
            return False
        return any(
            query == context.last_object if noun.refers else _agree(noun.query, query) for noun in grammar.nouns(words)
        )


def _agree(named: ObjectQuery, query: ObjectQuery) -> bool:
    """Whether what was named and what is meant have a kind or a colour in common, and contradict in neither."""
    pairs = [(named.kind, query.kind), (named.colour, query.colour)]
    return any(a == b is not None for a, b in pairs) and all(None in (a, b) or a == b for a, b in pairs)


class _NotClear(Exception):
    """Carries the `Reply` that ends a reading."""

    def __init__(self, reply: Reply):
        super().__init__(reply.text)
        self.reply = reply


class _Reading:
    """One message being read in one language."""

    def __init__(self, grammar: Grammar, context: Context):
        self.grammar, self.context, self.vocabulary = grammar, context, grammar.vocabulary
        self.language = grammar.language
        self.last = context.last_object

    def plan(self, normal: str) -> list[ToolCall] | Reply:
        words = english_words(normal) if self.language == "english" else japanese_words(normal)
        if not words.strip(" .,!?;:。、…-"):
            return self._reply("empty")
        if len(words) > LONGEST:
            return self._reply("too_long")
        parsed = self.grammar.parse(words)
        if (parsed is None or any(c.action == "withdrawn" for c in parsed)) and (tail := self.grammar.repaired(words)):
            again = self.grammar.parse(tail)
            if again and not any(c.negated or c.action in ("withdrawn", "topic", "exclude") for c in again):
                return _Reading(self.grammar, self.context).plan(tail)
        waiting, before = self.context.waiting, self.context.last_calls
        corrects = waiting or (before and self.grammar.begins_plainly(words))
        try:
            if corrects and (correction := self.grammar.correction(words, need_lead=waiting is None)):
                return self._corrected(waiting or before[-1], correction)
            if parsed and parsed[0].action == "topic":
                parsed = self._about(parsed)
            if parsed and any(c.action != "exclude" for c in parsed):
                return self._act(parsed, normal)
            return self._without_verb(words, None if parsed else parsed)
        except _NotClear as unclear:
            return unclear.reply

    # From clauses to calls ---------------------------------------------------------------------------------------

    def _act(self, clauses: list[Clause], normal: str) -> list[ToolCall] | Reply:
        if any(c.action == "withdrawn" for c in clauses):
            return [ToolCall("stop")] if any(c.action == "stop" for c in clauses) else self._reply("withdrawn")
        calls: list[ToolCall] = []
        chat: str | None = None
        excluded: list[Noun] = []
        wanted = [c for c in clauses if not c.negated]
        for clause in wanted:
            if clause.action in ("help", "greet", "thank"):
                chat = chat or clause.action
                continue
            if clause.action == "exclude":
                excluded += clause.objects
                continue
            calls += [call for call in self._calls(clause, normal) if call not in calls[-1:]]
        if not calls:
            return self._reply(chat) if chat else self._refuse(clauses[0])
        if any(noun.refers or noun.query == call.arguments.get("object") for noun in excluded for call in calls):
            return self._reply("withdrawn")
        if len(calls) > MOST_STEPS:
            return self._reply("too_long")
        return calls

    def _about(self, clauses: list[Clause]) -> list[Clause] | None:
        """The clauses after "the red mug:", when they go on to speak of "it"."""
        topic, *rest = clauses
        speaks_of_it = rest and (not rest[0].objects or rest[0].objects[0].refers)
        if not speaks_of_it or topic.negated or len(topic.objects) != 1 or topic.objects[0].refers:
            return None
        self._object(topic.objects[0])
        return rest

    def _calls(self, clause: Clause, normal: str) -> list[ToolCall]:
        match clause.action:
            case "pick" | "bring" | "look_for" | "where_is":
                return [ToolCall(clause.action, {"object": q} | _hand(clause)) for q in self._objects(clause)]
            case "bring_bare":
                return [ToolCall("bring", {"object": q}) for q in self._objects(clause)]
            case "put" | "put_in" | "put_also" | "put_bare" | "put_going":
                return [self._put(clause, query) for query in self._objects(clause)]
            case "put_nowhere":
                query = self._objects(clause)[0]
                waiting = ToolCall("put", {"object": query} | _hand(clause))
                raise _NotClear(self._reply("where", waiting, object=self._say_object(query)))
            case "recall":
                named = [self._object(noun) for noun in clause.objects]
                words = " ".join(word for query in named for word in (query.colour, query.kind) if word)
                return [ToolCall("recall", {"query": words or normal})]
            case "say":
                return [ToolCall("say", {"text": clause.text})]
            case "faster" | "slower" | "full_speed" | "normal_speed" | "half_speed" | "percent_speed":
                return [ToolCall("set_speed", {"speed": self._speed(clause)})]
            case "climb_up" | "climb_down":
                return [ToolCall("climb", {"direction": clause.action.removeprefix("climb_")})]
        return [ToolCall(clause.action)]

    def _put(self, clause: Clause, query: ObjectQuery) -> ToolCall:
        assert clause.target is not None
        relation = clause.relation or ("in" if clause.action == "put_in" else None)
        target = self._place(clause.target, clause.side)
        return ToolCall(
            "put", {"object": query, "relation": _relation(relation, target), "target": target} | _hand(clause)
        )

    def _place(self, noun: Noun, side: Any) -> PlaceQuery:
        if noun.place:
            return PlaceQuery(place=noun.place, side=side)
        if noun.refers:
            raise _NotClear(self._reply("which_it", word=noun.text))
        query = noun.query
        if query.kind is None and query.colour is None:
            raise _NotClear(self._reply("which_it", word=noun.text))
        return PlaceQuery(object=query, side=side)

    def _objects(self, clause: Clause) -> list[ObjectQuery]:
        if not clause.objects:
            return [self._object(Noun("それ" if self.language == "japanese" else "it", refers=True))]
        queries = [self._object(noun) for noun in clause.objects]
        if clause.source and clause.action != "where_is":
            queries = [replace(q, place=clause.source) for q in queries]
        return queries

    def _object(self, noun: Noun) -> ObjectQuery:
        if noun.place:
            name = self.vocabulary.spoken("places", noun.place, self.language)
            raise _NotClear(self._reply("place_not_object", object=name))
        if noun.refers:
            if self.last is None:
                raise _NotClear(self._reply("which_it", word=noun.text))
            return self.last
        query = noun.query
        if query.kind is None and self.last is not None:
            query = replace(query, kind=self.last.kind)
        self.last = replace(query, place=None)
        return query

    def _speed(self, clause: Clause) -> float:
        now = self.context.speed
        match clause.action:
            case "faster":
                if now >= _FULL:
                    raise _NotClear(self._reply("fastest"))
                return min(_FULL, round(now * _SPEED_STEP, 2))
            case "slower":
                if now <= _SLOWEST:
                    raise _NotClear(self._reply("slowest"))
                return max(_SLOWEST, round(now / _SPEED_STEP, 2))
            case "half_speed":
                return 0.5
            case "normal_speed":
                return Context().speed
            case "percent_speed":
                return min(_FULL, max(_SLOWEST, (clause.number or 100.0) / 100))
        return _FULL

    # Messages without a verb: answers and corrections ------------------------------------------------------------

    def _without_verb(self, words: str, parsed: list[Clause] | None) -> list[ToolCall] | Reply:
        bare = self.grammar.bare(words)
        if bare and all(clause.target for clause in bare):
            return self._act(bare, words)
        if correction := self.grammar.correction(words):
            if not self.context.last_calls:
                return self._reply("nothing_to_correct")
            return self._corrected(self.context.last_calls[-1], correction)
        if bare:
            return self._act(bare, words)
        if fragment := self.grammar.correction(words, need_lead=False):
            if self.context.last_calls and "?" not in words:
                last = self.context.last_calls[-1]
                if _names_target(last, fragment) or _chooses_another(fragment):
                    return self._corrected(last, fragment)
            if fragment.object and not fragment.object.refers and not fragment.object.place:
                return self._reply("what_to_do", object=self._say_object(self._object(fragment.object)))
            return self._not_understood(words)
        if parsed is not None:
            return self._reply("withdrawn" if self.context.last_calls else "empty")
        if self._sounds_like_stop(words):
            return [ToolCall("stop")]
        return self._unknown(self.grammar.explain(words))

    def _corrected(self, call: ToolCall, correction: Correction) -> list[ToolCall] | Reply:
        arguments = dict(call.arguments)
        if correction.object:
            if correction.object.place:
                if call.name != "put":
                    return self._not_understood(correction.object.text)
                arguments["target"] = PlaceQuery(place=correction.object.place)
            elif _names_target(call, correction):
                arguments["target"] = PlaceQuery(object=correction.object.query)
            elif not correction.object.refers:
                arguments["object"] = _merged(call.arguments.get("object"), correction.object.query)
        if correction.target:
            if call.name != "put":
                return self._not_understood(correction.target.text)
            target = self._place(correction.target, correction.side)
            arguments["target"] = target
            arguments["relation"] = _relation(correction.relation, target, arguments.get("relation"))
        if correction.hand:
            if call.name not in ("pick", "put", "bring"):
                return self._reply("nothing_to_correct")
            arguments["hand"] = correction.hand
        if call.name == "put" and "target" not in arguments:
            return self._reply("where", ToolCall("put", arguments), object=self._say_object(arguments["object"]))
        arguments.setdefault("relation", "on") if call.name == "put" else None
        return [ToolCall(call.name, arguments)]

    # Sentences ---------------------------------------------------------------------------------------------------

    def _sounds_like_stop(self, words: str) -> bool:
        """A message that is not understood but holds a plain "stop" stops: that is never the wrong side to err on."""
        if self.language == "japanese":
            return any(w in words for w in ("止まれ", "とまれ", "ストップ", "止まって", "緊急停止"))
        parts = words.split()
        return any(
            w in ("stop", "halt", "freeze") and (i == 0 or parts[i - 1] not in ("not", "never", "bus", "to"))
            for i, w in enumerate(parts)
        )

    def _unknown(self, unknown: Unknown) -> Reply:
        if unknown.role == "object":
            return self._reply("unknown_object", thing=unknown.text, kinds=self._names("kinds"))
        if unknown.role == "place":
            return self._reply("unknown_place", thing=unknown.text, places=self._names("places"))
        return self._not_understood(unknown.text)

    def _not_understood(self, words: str) -> Reply:
        if nearest := self._nearest(words):
            return Reply(self._unclear(words, self._say_call(nearest)), nearest=nearest)
        noun = self.grammar.first_noun(words)
        action = "what_do_you_see"
        name = ""
        if noun and not noun.place and not noun.refers:
            action, name = "pick", self._say_object(noun.query)
        return Reply(self._unclear(words, self.grammar.data["phrases"][action].format(object=name)))

    def _unclear(self, words: str, nearest: str) -> str:
        return self.grammar.data["replies"]["not_understood"].format(text=words[:80], nearest=nearest)

    def _nearest(self, words: str) -> ToolCall | None:
        """The one call that some part of the words plainly asks for, if there is exactly one."""
        clause = self.grammar.core(words)
        if clause is None:
            return None
        try:
            calls = self._calls(clause, words)
        except _NotClear:
            return None
        return calls[0] if len(calls) == 1 else None

    def _say_call(self, call: ToolCall) -> str:
        target = call.arguments.get("target")
        name, relation = "", self.grammar.data["relation_words"].get(call.arguments.get("relation", ""), "")
        if target is not None:
            place = target.place and self.vocabulary.spoken("places", target.place, self.language)
            name = place or self._say_object(target.object)
        phrase = self.grammar.data["phrases"][call.name]
        return phrase.format(object=self._say_object(call.arguments["object"]), target=name, relation=relation)

    def _refuse(self, clause: Clause) -> Reply:
        phrases = self.grammar.data["phrases"]
        if clause.action not in phrases or not clause.objects or clause.target:
            return self._reply("withdrawn")
        noun = clause.objects[0]
        name = noun.text if noun.refers else self._say_object(noun.query)
        phrase = phrases[clause.action].format(object=name)
        return self._reply("negated", action=phrase.replace("the it", "it"))

    def _say_object(self, query: ObjectQuery) -> str:
        return describe(query.kind, query.colour, self.language, self.vocabulary)

    def _names(self, category: str) -> str:
        names = [n.spoken(self.language) for n in getattr(self.vocabulary, category).values()]
        if self.language == "japanese":
            return "、".join(names)
        return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)

    def _reply(self, key: str, waiting: ToolCall | None = None, **parts: str) -> Reply:
        return Reply(self.grammar.data["replies"][key].format(**parts), waiting)


def _hand(clause: Clause) -> dict[str, str]:
    return {"hand": clause.hand} if clause.hand else {}


def _relation(named: Relation | None, target: PlaceQuery, before: Relation | None = None) -> Relation:
    """The relation that was named, else the one that the target is made for, else the one `before`."""
    if named:
        return named
    if target.object and target.object.kind in CONTAINERS:
        return "in"
    return "on" if before in (None, "in") else before


def _names_target(call: ToolCall, correction: Correction) -> bool:
    """Whether "the red plate" names where something was to be put, because it was to be put on a plate."""
    target, noun = call.arguments.get("target"), correction.object
    if noun is None or noun.query.kind is None or not isinstance(target, PlaceQuery) or target.object is None:
        return False
    return target.object.kind == noun.query.kind != call.arguments["object"].kind


def _chooses_another(correction: Correction) -> bool:
    """Whether only "the blue one" was said: of what was just spoken of, that one."""
    noun = correction.object
    return noun is not None and noun.query.kind is None and not noun.place and not noun.refers


def _merged(before: ObjectQuery | None, now: ObjectQuery) -> ObjectQuery:
    """ "The blue one" keeps the kind of what was named before; "the can" keeps nothing."""
    if before is None or now.kind is not None:
        return now
    colour = now.colour or (before.colour if now.side or now.size else None)
    return replace(now, kind=before.kind, colour=colour, place=now.place or before.place)
