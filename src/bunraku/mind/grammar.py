"""A small grammar engine: patterns from `words/*.toml` read a whole message into clauses, or not at all.

Nouns are found first and replaced by one marker character each, so that the patterns stay short. Then the message is
consumed from the left: filler, negation, one pattern, and again. What no pattern covers makes the whole message
misunderstood: an instruction that is understood by halves is not carried out by halves.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.resources import files
from typing import Any

from bunraku.mind.conjugation import instructions
from bunraku.mind.text import Language
from bunraku.mind.tools import Hand, ObjectQuery, Relation, Side
from bunraku.mind.vocabulary import Names, Vocabulary

_FIRST_MARKER = 0xE000  # private use: the normalised text has no such characters
_MARKER = "[\ue000-\ue0ff]"
_HANDS: Mapping[str, Hand] = {"\ue100": "left", "\ue101": "right"}
_HAND = f"[{''.join(_HANDS)}]"
_HANDED = frozenset({"pick", "put", "put_in", "put_also", "put_nowhere", "bring"})


@dataclass(frozen=True)
class Noun:
    """A noun phrase: an object (`query`), a piece of furniture (`place`), or, when `refers`, a word like "it"."""

    text: str
    query: ObjectQuery = field(default_factory=ObjectQuery)
    place: str | None = None
    refers: bool = False


@dataclass(frozen=True)
class Clause:
    """One thing that is asked for. `negated`: it is asked not to be done."""

    action: str
    objects: tuple[Noun, ...] = ()
    target: Noun | None = None
    relation: Relation | None = None
    side: Side | None = None
    source: str | None = None
    text: str = ""
    number: float | None = None
    negated: bool = False
    hand: Hand | None = None


@dataclass(frozen=True)
class Correction:
    """ "No, the blue one": what takes the place of the last `object`, `target` or `hand`."""

    object: Noun | None = None
    target: Noun | None = None
    relation: Relation | None = None
    side: Side | None = None
    hand: Hand | None = None


@dataclass(frozen=True)
class Unknown:
    """Why a message is not understood: `role` "object" or "place" when the word in that role is unknown, else ""."""

    text: str
    role: str = ""


@dataclass(frozen=True)
class _Pattern:
    """`prefix` is followed by a form of one of `verbs`, if there are any, or by one of `literals`."""

    action: str
    prefix: re.Pattern[str]
    verbs: frozenset[str] = frozenset()
    literals: re.Pattern[str] | None = None


class Grammar:
    """The grammar of one language over one vocabulary."""

    def __init__(self, language: Language, vocabulary: Vocabulary):
        self.language: Language = language
        self.vocabulary = vocabulary
        self.data = tomllib.loads((files("bunraku.mind") / "words" / f"{language}.toml").read_text(encoding="utf-8"))
        self._spaced = language == "english"
        self._end = "(?= |$)" if self._spaced else ""
        self._clause_end = "(?= |$)" if self._spaced else "(?=$|[^ぁ-ゖァ-ヺー一-鿿\ue000-\ue0ff]|ね|よ)"
        self._start = "(?<![^ ])" if self._spaced else ""
        data = self.data
        self._relations = _flat(data["relations"])
        self._attributes = {
            "colour": _words(vocabulary.colours, language),
            "size": _flat(data["sizes"]),
            "side": _flat(data["sides"]),
        }
        self._kinds = _words(vocabulary.kinds, language, plural=self._spaced)
        self._places = _words(vocabulary.places, language)
        self._shades = {
            name: re.compile(f"{self._start}(?:{_alternatives(words)}){self._end}")
            for name, words in self._attributes.items()
        }
        self._place = re.compile(_alternatives(self._places))
        self._pronouns = self._any(data["nouns"]["pronouns"])
        self._noun = self._noun_pattern()
        self._hands = {mark: re.compile(data["hands"][hand]) for mark, hand in _HANDS.items()}
        fillers = {f for part in ("lead", "trail", "courtesy", "remarks") for f in data["filler"][part]}
        self._filler = self._any((self._substituted(f, strict=True) for f in fillers), escape=False)
        self._separator = re.compile(_alternatives(data["filler"]["separators"]))
        self._negation = self._any(data["negation"]["before"], escape=False)
        self._withdrawn = self._any(data["negation"]["withdrawn"], escape=False)
        self._denial = re.compile(self._start + f"(?:{'|'.join(data['negation']['denial'])}){self._end}")
        self._plain = self._any(data["correction"]["plain"], escape=False)
        self._correcting = self._any(data["correction"]["lead"], escape=False)
        repair = "|".join(data["correction"]["repair"])
        self._repair = re.compile(f".*[,.;、。…] ?(?:{repair}){self._end}[,.、。… ]*(?=.)")
        self._verbs = _Verbs(data.get("verbs", {}))
        self._patterns = [self._compile(a, p, strict=True) for a, ps in data["actions"].items() for p in ps]
        self._allowed = {
            (late, after_put): [
                p
                for p in self._patterns
                if not (late and p.action == "topic") and (after_put or p.action != "put_also")
            ]
            for late in (False, True)
            for after_put in (False, True)
        }
        self._orders = [p for p in self._patterns if p.action in ("pick", "put", "put_in", "bring", "look_for")]
        self._fragments = {
            role: [self._compile(role, p, strict=True) for p in data["correction"][role]]
            for role in ("not_object", "not_target", "object", "target")
        }
        self._bare = [self._compile(a, p, strict=True) for a, ps in data["bare"]["patterns"].items() for p in ps]
        self._asking, self._polite = (self._any(data["bare"][key], escape=False) for key in ("asking", "polite"))

    def prepare(self) -> None:
        """Compile what is otherwise compiled when it is first used."""
        assert self._loose is not None

    # Reading -----------------------------------------------------------------------------------------------------

    def parse(self, words: str) -> list[Clause] | None:
        """The clauses of the message, or None where any part is not understood.

        A bare "no" or "just kidding" gives the clause "withdrawn".
        """
        marked, nouns = self._mark(words)
        clauses: list[Clause] = []
        position, gap = 0, ""
        hand: Hand | None = None
        while position < len(marked):
            if marked[position] == " ":
                position += 1
                continue
            if marked[position] in _HANDS:
                hand, position = _HANDS[marked[position]], position + 1
                if clauses and not re.search("[.!?;。]", gap):
                    clauses[-1], hand = replace(clauses[-1], hand=hand), None
                continue
            if match := self._next_clause(marked, position, clauses):
                clause, end = match
                clause = replace(self._fill(clause, nouns), hand=_hand_in(marked[position:end]) or hand)
                hand = None
                carried = clauses and clauses[-1].negated and self._carries(gap)
                clauses.append(replace(clause, negated=True) if carried else clause)
                gap, position = "", end
                continue
            end = self._skip(marked, position, started=bool(clauses))
            if end == position:
                return None
            if self._is_withdrawal(marked, position, end, started=bool(clauses)):
                clauses.append(Clause("withdrawn"))
            gap += marked[position:end] + " "
            position = end
        if hand and clauses:
            clauses[-1] = replace(clauses[-1], hand=hand)
        if any(clause.hand and clause.action not in _HANDED for clause in clauses):
            return None
        if not self._spaced:
            clauses = _spread_negation(clauses, words)
        return clauses

    def bare(self, words: str) -> list[Clause] | None:
        """The orders of a message without a verb, like "the red mug, on the shelf please", or None.

        What only names things, or might as well be a question or a statement, is no order.
        """
        marked, nouns = self._mark(words)
        clauses: list[Clause] = []
        position, asked, politely = 0, False, False
        while position < len(marked):
            if marked[position] == " ":
                position += 1
            elif match := self._longest(self._bare, marked, position):
                clauses.append(self._fill(match[0], nouns))
                position = match[1]
            elif match := self._asking.match(marked, position):
                asked, politely = True, politely or bool(self._polite.match(marked, position))
                position = match.end()
            elif match := self._filler.match(marked, position) or self._separator.match(marked, position):
                position = match.end()
            else:
                return None
        if not clauses or "?" in words:
            return None
        return clauses if all(self._is_order(clause, asked, politely) for clause in clauses) else None

    def _is_order(self, clause: Clause, asked: bool, politely: bool) -> bool:
        """Whether a clause without a verb is an order and cannot say where something is.

        "Mug to the shelf" is one, and so is "mug on shelf", which leaves out the articles as telegrams do; "the mug on
        the shelf" and "the mug" need a word of asking.
        """
        match clause.action:
            case "put_going":
                return True
            case "bring_bare":
                return politely
        if clause.relation is None and clause.target and clause.target.place is None:
            return False
        unlike_telegrams = {*self.data["nouns"]["determiners"], *self.data["nouns"]["neutral"]}
        return asked or (self._spaced and not unlike_telegrams & set(clause.objects[0].text.split()))

    def correction(self, words: str, need_lead: bool = True) -> Correction | None:
        """A message that only names another object or target, after a word of correction if `need_lead`."""
        marked, nouns = self._mark(words)
        position, led, found = 0, False, Correction()
        while position < len(marked):
            rest = marked[position:]
            if rest[0] == " ":
                position += 1
            elif rest[0] in _HANDS:
                led, position, found = True, position + 1, replace(found, hand=_HANDS[rest[0]])
            elif match := self._match_fragment(("not_object", "not_target"), marked, position):
                led, position = True, match[1]
            elif (match := self._match_fragment(("object", "target"), marked, position)) and not (
                (lead := self._correcting.match(marked, position)) and lead.end() >= match[1]
            ):
                clause = self._fill(match[0], nouns)
                if match[0].action == "object":
                    if len(clause.objects) != 1:
                        return None
                    found = replace(found, object=clause.objects[0])
                else:
                    found = replace(found, target=clause.target, relation=clause.relation, side=clause.side)
                position = match[1]
            elif match := self._correcting.match(marked, position):
                led, position = True, match.end()
            elif match := self._filler.match(marked, position) or self._separator.match(marked, position):
                position = match.end()
            else:
                return None
        if (need_lead and not led) or found == Correction():
            return None
        return found

    def repaired(self, words: str) -> str | None:
        """What counts of a message in which somebody starts anew: "toss, I mean, put the ball in the bowl"."""
        match = self._repair.match(words)
        return words[match.end() :] if match else None

    def core(self, words: str) -> Clause | None:
        """The only order to be found anywhere in words that are not understood as a whole and deny nothing."""
        if self.denies(words) or re.search('["「『“]', words):
            return None
        marked, nouns = self._mark(words)
        found: list[Clause] = []
        position = 0
        while position < len(marked):
            starts = not self._spaced or position == 0 or marked[position - 1] == " "
            match = self._longest(self._orders, marked, position) if starts else None
            if match and not match[0].negated and not self._is_loose_gerund(marked, position):
                found.append(self._fill(match[0], nouns))
                position = match[1]
            else:
                position += 1
        return found[0] if len(found) == 1 else None

    def knows_noun(self, words: str) -> Noun | None:
        """The noun phrase that the words are, if they are exactly one."""
        match = self._noun.fullmatch(words)
        return self._read_noun(match) if match else None

    def nouns(self, words: str) -> list[Noun]:
        """Every object in the words, as a noun phrase or as a pronoun."""
        marked, nouns = self._mark(words)
        pronouns = self._pronouns.findall(marked)
        return [noun for noun in nouns if not noun.place] + [Noun(word, refers=True) for word in pronouns]

    def denies(self, words: str) -> bool:
        """Whether there is any word of denial."""
        return self._denial.search(words) is not None

    def first_noun(self, words: str) -> Noun | None:
        """The first noun phrase in the words."""
        match = self._noun.search(words)
        return self._read_noun(match) if match else None

    # Matching ----------------------------------------------------------------------------------------------------

    def _next_clause(self, marked: str, position: int, before: Sequence[Clause]) -> tuple[_Match, int] | None:
        """The longest pattern at `position`, negated or not. A form in -ing needs a word that governs it."""
        after_put = bool(before) and before[-1].action in ("put", "put_also")
        patterns = self._allowed[bool(before), after_put]
        best = self._longest(patterns, marked, position)
        if best and self._is_loose_gerund(marked, position):
            best = None
        if negation := self._negation.match(marked, position):
            start = negation.end()
            while start < len(marked) and (marked[start] == " " or self._filler.match(marked, start)):
                start = match.end() if (match := self._filler.match(marked, start)) else start + 1
            negated = self._longest(patterns, marked, start)
            if negated and (best is None or negated[1] > best[1]):
                best = replace(negated[0], negated=True), negated[1]
        return best

    def _longest(self, patterns: Iterable[_Pattern], marked: str, position: int) -> tuple[_Match, int] | None:
        best: tuple[_Match, int] | None = None
        for pattern in patterns:
            match = pattern.prefix.match(marked, position)
            if match is None:
                continue
            end, negated = match.end(), False
            if pattern.verbs or pattern.literals:
                verb = self._verbs.match(marked, end, pattern.verbs)
                literal = pattern.literals.match(marked, end) if pattern.literals else None
                if verb is None and literal is None:
                    continue
                end, negated = verb if verb else (literal.end(), False)  # type: ignore[union-attr]
                if verb and literal and literal.end() > end:
                    end, negated = literal.end(), False
            if best is None or end > best[1]:
                best = _Match(pattern.action, match.groupdict(), negated), end
        return best

    def _match_fragment(self, roles: Sequence[str], marked: str, position: int) -> tuple[_Match, int] | None:
        return self._longest([p for role in roles for p in self._fragments[role]], marked, position)

    def _skip(self, marked: str, position: int, started: bool) -> int:
        """End of the filler at `position`, or `position` where there is none."""
        skipped = [self._filler, self._separator, self._withdrawn]
        if not started:
            skipped.append(self._correcting)
        return max((m.end() for pattern in skipped if (m := pattern.match(marked, position))), default=position)

    def _is_withdrawal(self, marked: str, position: int, end: int, started: bool) -> bool:
        match = self._withdrawn.match(marked, position)
        if not match or match.end() < end:
            return False
        correcting = self._correcting.match(marked, position)
        return started or not correcting or not marked[end:].strip(" .!?。")

    def _is_loose_gerund(self, marked: str, position: int) -> bool:
        if not self._spaced or not re.match(r"(?!bring|sling|fling|[a-z]*thing)[a-z]+ing\b", marked[position:]):
            return False
        before = marked[:position].split()
        return not before or before[-1] not in self.data["negation"]["gerund_after"]

    def _carries(self, gap: str) -> bool:
        words = gap.split()
        if any(w in ".;!?" for w in words) or "but" in words or "instead" in words:
            return False
        return any(w in words for w in self.data["filler"]["negation_carries"])

    # Nouns -------------------------------------------------------------------------------------------------------

    def _noun_pattern(self) -> re.Pattern[str]:
        nouns, space = self.data["nouns"], " " if self._spaced else ""
        shades = _alternatives(w for words in self._attributes.values() for w in words)
        modifier = f"(?:{shades}|{_alternatives(nouns['neutral'])}){self._end}(?:{space},)?{space}"
        place = _alternatives(self._places)
        determiner = f"(?:{_alternatives(nouns['determiners'])}){self._end}{space}"
        bare = [w for w in (*self._kinds, *self._places) if w not in nouns["needs_modifier"]]
        generic = "|".join(sorted(nouns["generic"], key=len, reverse=True))
        unclear = _alternatives(w for n in nouns["needs_modifier"] for w in (n, _plural(n))) if self._spaced else ""
        if self._spaced:
            before = f"(?:{determiner})*(?:{modifier})*"
            modified = f"(?:(?:{determiner})+(?:{modifier})*|(?:{modifier})+)"
            after = f"(?P<after>(?:{_ENGLISH_AFTER.replace('COLOUR', _alternatives(self._attributes['colour']))})*)"
        else:
            at = f"(?:{place})(?:の上にある|の上の|にある|の中の|に置いてある|の上に置いてある|に見える|の)"
            before = f"(?:{determiner}|{modifier}|{at})*"
            modified = f"(?:{determiner}|{modifier}|{at})*(?:{determiner}|(?:{shades})|{at})"
            after = "(?P<after>)"
        heads = (
            f"(?P<before>{before})(?P<head>{_alternatives(bare)}){self._end}{after}",
            f"(?:(?P<before2>{modified})(?P<head2>{unclear}){self._end}{after.replace('<after>', '<after2>')}"
            f"|(?P<head3>{unclear})(?= (?:{_alternatives(self._relations)}) ))"
            if unclear
            else None,
            f"(?P<before3>{modified})(?P<generic>{generic}){self._end}{after.replace('<after>', '<after3>')}",
            f"(?P<headless>(?:the|that|this) (?:{shades}))(?= (?:,|\\.|!|\\?|;|please|instead|now|and|then|on|onto|in"
            "|into|beside|next)(?: |$)|$)"
            if self._spaced
            else None,
        )
        return re.compile(self._start + "(?:" + "|".join(h for h in heads if h) + ")")

    def _mark(self, words: str) -> tuple[str, list[Noun]]:
        nouns: list[Noun] = []

        def mark(match: re.Match[str]) -> str:
            nouns.append(self._read_noun(match))
            return chr(_FIRST_MARKER + len(nouns) - 1)

        for hand, pattern in self._hands.items():
            words = pattern.sub(hand, words)
        return self._noun.sub(mark, words), nouns

    def _read_noun(self, match: re.Match[str]) -> Noun:
        group = {k: v for k, v in match.groupdict().items() if v}
        before = group.get("before") or group.get("before2") or group.get("before3") or group.get("headless") or ""
        head = group.get("head") or group.get("head2") or group.get("head3") or ""
        after = group.get("after") or group.get("after2") or group.get("after3") or ""
        place, before_place = _compound(before, head, self._places)
        kind, before_kind = _compound(before, head, self._kinds)
        around = f"{before_place if place else before_kind} {after}"
        parts: dict[str, str] = {}
        for name, words in self._attributes.items():
            if found := self._shades[name].search(around):
                parts[name] = words[found[0]]
        if not self._spaced and (found := self._place.search(around)):
            parts["place"] = self._places[found[0]]
        size = parts.get("size")
        if size and place and (other := self.vocabulary.canonical("places", f"{size} {head}")):
            place = other
        if size and kind and f"small {kind}" in self.vocabulary.kinds:
            kind, _ = (f"small {kind}" if size == "small" else kind), parts.pop("size")
        if place:
            return Noun(match[0], place=place)
        refers = kind is None and not parts
        return Noun(match[0], ObjectQuery(kind=kind, **parts), refers=refers)  # type: ignore[arg-type]

    def _slot(self, text: str | None, nouns: Sequence[Noun]) -> tuple[Noun, ...]:
        if not text:
            return ()
        if re.search(_MARKER, text):
            return self._list(text, nouns)
        for name, words in self._attributes.items():
            if text in words:
                return (Noun(text, ObjectQuery(**{name: words[text]})),)  # type: ignore[arg-type]
        return (Noun(text, refers=True),)

    def _list(self, text: str, nouns: Sequence[Noun]) -> tuple[Noun, ...]:
        """The nouns of a list; "the cube, the blue one" is one noun."""
        found: list[Noun] = []
        for join, mark in re.findall(f"([^\ue000-\ue0ff]*)({_MARKER})", text):
            noun = nouns[ord(mark) - _FIRST_MARKER]
            if found and join.strip() in (",", "、") and noun.query.kind is None and not noun.place:
                parts = {name: value for name, value in vars(noun.query).items() if value is not None}
                found[-1] = replace(found[-1], query=replace(found[-1].query, **parts))
            else:
                found.append(noun)
        return tuple(found)

    def begins_plainly(self, words: str) -> bool:
        """Whether the message begins with a word that plainly corrects, like "no"."""
        return self._plain.match(words) is not None

    def _fill(self, match: _Match, nouns: Sequence[Noun]) -> Clause:
        g = match.groups
        relation, side = self._relation(g.get("r"))
        target = self._slot(g.get("t"), nouns)
        source = self._slot(g.get("place"), nouns)
        percent = g.get("percent")
        text = re.sub(_MARKER, lambda m: nouns[ord(m[0]) - _FIRST_MARKER].text, g.get("text") or "")
        return Clause(
            match.action,
            self._slot(g.get("o") or g.get("a"), nouns),
            target[0] if target else None,
            relation,
            side,
            source[0].place if source else None,
            text.strip(" \"'"),
            float(percent) if percent else None,
            match.negated,
        )

    def _relation(self, word: str | None) -> tuple[Relation | None, Side | None]:
        if not word:
            return None, None
        name, _, side = self._relations[word].partition("_")
        return None if name == "to" else name, side or None  # type: ignore[return-value]

    # Compiling ---------------------------------------------------------------------------------------------------

    def _any(self, phrases: Iterable[str], escape: bool = True) -> re.Pattern[str]:
        return re.compile(f"(?:{_alternatives(phrases, escape)}){self._end}")

    def _compile(self, action: str, pattern: str, strict: bool) -> _Pattern:
        verbs: frozenset[str] = frozenset()
        literals = None
        if not self._spaced and (final := re.search(r"\{([^{}]+)\}$", pattern)):
            members = self.data["verb_sets"].get(final[1]) or ([final[1]] if final[1] in self._verbs.names else None)
            if members is not None:
                verbs = frozenset(m for m in members if m[0] != "=")
                words = [m[1:] for m in members if m[0] == "="]
                literals = re.compile(_alternatives(words)) if words else None
                pattern = pattern[: final.start()] + f"(?={self._verbs.stems(verbs)}|{_alternatives(words)})"
        open_ended = verbs or (
            not self._spaced
            and action in ("exclude", "not_object", "not_target", "object", "target", *self.data["bare"]["patterns"])
        )
        end = "" if open_ended else self._clause_end
        return _Pattern(action, re.compile(self._expand(pattern, strict) + end), verbs, literals)

    def _expand(self, pattern: str, strict: bool) -> str:
        return self._start + self._substituted(pattern, strict)

    def _substituted(self, pattern: str, strict: bool) -> str:
        """The pattern with its slots and macros filled in. A `strict` slot takes only what the vocabulary knows."""
        join = "(?: ?(?:, and|,|and|&) ?)" if self._spaced else "(?:と|や|、)"
        both, all_of = ("(?:both(?: of)? )?", "") if self._spaced else ("", "(?:の?(?:両方|二つ|ふたつ)(?:とも)?)?")
        pronouns = _alternatives(self.data["nouns"]["pronouns"])
        anything = f"[^,.;!?{_MARKER[1:-1]}]+?" if self._spaced else f"[^、。をにへ{_MARKER[1:-1]}]+?"
        one = f"(?:{_MARKER}|{pronouns})" if strict else f"(?:{_MARKER}|{anything})"
        several = f"{both}{_MARKER}(?:{join}{_MARKER})+{all_of}"
        shades = _alternatives(w for words in self._attributes.values() for w in words)
        slots = {
            "o": f"(?P<o>{several}|{_MARKER}|{pronouns})" if strict else f"(?P<o>{one})",
            "t": f"(?P<t>{one})",
            "x": f"(?:{one}|{shades})",
            "m": f"(?:{one})",
            "a": f"(?P<a>{shades}){self._end}",
            "place": f"(?P<place>{one})",
            "r": f"(?P<r>{_alternatives(self._relations)}){self._end}",
            "text": "(?P<text>.+)",
            "hand": f"{_HAND}?",
        }
        macros: Mapping[str, str] = self.data["macros"]

        def substitute(match: re.Match[str]) -> str:
            name = match[1]
            if name in slots:
                return slots[name]
            return re.sub(r"\{([A-Za-z_]+)\}", substitute, macros[name])

        return re.sub(r"\{([A-Za-z_]+)\}", substitute, pattern)

    # Explaining --------------------------------------------------------------------------------------------------

    @cached_property
    def _loose(self) -> list[_Pattern]:
        """The patterns with slots that take any words, to find out which word is unknown."""
        actions = ("pick", "put", "put_in", "bring", "look_for", "where_is")
        return [
            self._compile(a, p, strict=False)
            for a in actions
            for p in self.data["actions"].get(a, [])
            if "{o}" in p and not p.startswith(("{o} (", "i (", "{r}"))
        ]

    def explain(self, words: str) -> Unknown:
        """Which word stands where an object or a place should, if that is all that is wrong."""
        marked, _ = self._mark(words)
        start = self._skip_filler(marked)
        sentence = re.split(r" ?[.!?;。]", marked[start:])[0].strip()
        body = re.sub(f"(?:[ ,、]*{self._filler.pattern})+$", "", sentence).strip(" ,、")
        for pattern in self._loose:
            stem = body
            if pattern.verbs or pattern.literals:
                cut = self._verbs.search(body, pattern.verbs)
                if cut is None:
                    continue
                stem = body[:cut]
            match = pattern.prefix.fullmatch(stem)
            if match is None:
                continue
            for role, slot in (("object", "o"), ("place", "t")):
                thing = match.groupdict().get(slot) or ""
                if thing and not re.search(_MARKER, thing) and thing not in self.data["nouns"]["pronouns"]:
                    return Unknown(self._without_determiner(thing), role)
        return Unknown(words)

    def _skip_filler(self, words: str) -> int:
        start = 0
        while start < len(words):
            if words[start] == " ":
                start += 1
            elif match := self._filler.match(words, start) or self._separator.match(words, start):
                start = match.end()
            else:
                break
        return start

    def _without_determiner(self, thing: str) -> str:
        return re.sub(
            f"^(?:(?:{_alternatives(self.data['nouns']['determiners'])}){' ' if self._spaced else ''})+", "", thing
        )


@dataclass(frozen=True)
class _Match:
    action: str
    groups: dict[str, str | None]
    negated: bool = False


# What may follow an English noun: where it is, or its colour.
_ENGLISH_AFTER = (
    r"(?: (?:that|which) (?:is|are)| sitting| standing| lying)? (?:on|to|at) (?:the|your|my) (?:far |very )?"
    r"(?:left|right)(?:-hand)?(?: side| hand side| end)?(?= |$)(?! (?:of|table|shelf|side)\b)"
    r"|(?: (?:that|which) (?:is|are))? in the (?:middle|center|centre)(?= |$)(?! of)"
    r"|(?: (?:that|which) (?:is|are))? (?:closest|nearest)(?: to)? (?:you|me)(?= |$)"
    r"|(?: (?:that|which) (?:is|are))? (?:farthest|furthest)(?: away)?(?: from (?:you|me))?(?= |$)"
    r"| (?:that|which) (?:is|are) (?:COLOUR)(?= |$)"
    r"|(?: (?:that|which))? you (?:can )?see(?= |$)|(?: (?:that|which) is)? (?:right )?in front of you(?= |$)"
    r"| (?:right )?over there(?= |$)"
)


class _Verbs:
    """The verbs of a language by their dictionary forms."""

    def __init__(self, classes: Mapping[str, Sequence[str]]):
        self.names = {verb: verb_class for verb_class, verbs in classes.items() for verb in verbs}
        self._stems: dict[frozenset[str], re.Pattern[str]] = {}

    def stems(self, verbs: Iterable[str]) -> str:
        """Regular expression of everything that a form of one of `verbs` can begin with."""
        return _alternatives(stem for verb in verbs for stem, _, _ in instructions(verb, self.names[verb]))

    def match(self, text: str, position: int, verbs: Iterable[str]) -> tuple[int, bool] | None:
        """End of the longest form of one of `verbs` at `position`, and whether it is a prohibition."""
        best: tuple[int, bool] | None = None
        for verb in verbs:
            for stem, tail, negated in instructions(verb, self.names[verb]):
                if not text.startswith(stem, position):
                    continue
                match = tail.match(text, position + len(stem))
                if match and (best is None or match.end() > best[0]):
                    best = match.end(), negated
        return best

    def search(self, text: str, verbs: Iterable[str]) -> int | None:
        """Where the last form of one of `verbs` begins that ends the text."""
        verbs = frozenset(verbs)
        if verbs not in self._stems:
            self._stems[verbs] = re.compile(f"(?=(?:{self.stems(verbs)}))")
        for position in (m.start() for m in self._stems[verbs].finditer(text)):
            found = self.match(text, position, verbs)
            if found and found[0] == len(text):
                return position
        return None


def _hand_in(marked: str) -> Hand | None:
    """The hand that is named inside a clause."""
    return next((_HANDS[c] for c in marked if c in _HANDS), None)


def _compound(before: str, head: str, names: Mapping[str, str]) -> tuple[str | None, str]:
    """The name of the longest known word that ends with the head, and what is before it: 左のテーブル, not テーブル."""
    whole = before + head
    for start in range(len(before) + 1) if head else ():
        if whole[start:] in names:
            return names[whole[start:]], whole[:start]
    return None, before


def _spread_negation(clauses: list[Clause], words: str) -> list[Clause]:
    """A Japanese prohibition at the end of a sentence covers the verbs before it: 取って棚に置かないで."""
    if len(re.findall("[。!?]", words.rstrip("。!? "))) == 0 and clauses and clauses[-1].negated:
        return [replace(c, negated=True) for c in clauses]
    return clauses


def _alternatives(words: Iterable[str], escape: bool = True) -> str:
    ordered = sorted(set(words), key=lambda w: (-len(w), w))
    return "|".join(re.escape(w) if escape else w for w in ordered) or "(?!)"


def _flat(table: Mapping[str, Any]) -> dict[str, str]:
    return {word: name for name, words in table.items() for word in words}


def _words(names: Mapping[str, Names], language: Language, plural: bool = False) -> dict[str, str]:
    words = {word.lower(): name for name, n in names.items() for word in getattr(n, language)}
    if plural:
        words |= {_plural(word): name for word, name in list(words.items())}
    return words


def _plural(word: str) -> str:
    return word + ("es" if word.endswith(("s", "x", "sh", "ch")) else "s")
