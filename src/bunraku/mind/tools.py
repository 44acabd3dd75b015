"""Tools: what a mind may ask of the body, declared once, checked always.

A tool is declared by an ordinary Python signature: names, types, ranges and the docstring give both the JSON schema
that a language model reads and the check that every call passes. A `Registry` denies by default: it runs nothing
that it was not told to allow, clamps numbers into their range and says so, and refuses what has no safe meaning.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import types
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from bunraku.mind.vocabulary import Vocabulary, default_vocabulary


class Denied(ValueError):
    """A call that the registry refuses, with the reason in one sentence."""


@dataclass(frozen=True)
class Range:
    """Limits of a number, inclusive, with its unit."""

    low: float
    high: float
    unit: str = ""


@dataclass(frozen=True)
class Length:
    """The most characters that a text may have."""

    limit: int


@dataclass(frozen=True)
class OneOf:
    """A canonical name of a vocabulary `category`: "kinds", "colours" or "places"."""

    category: Literal["kinds", "colours", "places"]


Kind = Annotated[str, OneOf("kinds")]
Colour = Annotated[str, OneOf("colours")]
Place = Annotated[str, OneOf("places")]
Side = Literal["left", "right", "middle", "nearest", "farthest"]
Size = Literal["big", "small"]
Relation = Literal["on", "in", "beside"]
Hand = Literal["left", "right"]
Direction = Literal["up", "down"]


@dataclass(frozen=True)
class ObjectQuery:
    """Which object is meant; everything that is None is left open.

    `side` is as the robot sees it, `size` compares the objects that fit, `place` is where the object now is.
    """

    kind: Kind | None = None
    colour: Colour | None = None
    side: Side | None = None
    size: Size | None = None
    place: Place | None = None


@dataclass(frozen=True)
class PlaceQuery:
    """Where to put something: a piece of furniture (`place`) or another `object`, and optionally which `side` of it."""

    place: Place | None = None
    object: ObjectQuery | None = None
    side: Side | None = None

    def __post_init__(self) -> None:
        if (self.place is None) == (self.object is None):
            raise Denied("A target must name either a place or an object, and not both.")


@dataclass(frozen=True)
class ToolCall:
    """One call: the tool's `name` and its typed `arguments`."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The call as plain JSON values; open (None) parts are left out."""
        return {"name": self.name, "arguments": {name: _plain(value) for name, value in self.arguments.items()}}


@dataclass(frozen=True)
class Checked:
    """A call that may run, and in words what was changed to make it safe."""

    call: ToolCall
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tool:
    """A declared tool. `moves`: it can move the robot; `touches`: it can move things, too.

    `needs_consent`: only the user's own words start it.

    `parameters` are (name, type, required) in order, from the signature.
    """

    name: str
    description: str
    parameters: tuple[tuple[str, Any, bool], ...]
    moves: bool
    needs_consent: bool = False
    touches: bool = False

    def schema(self, vocabulary: Vocabulary) -> dict[str, Any]:
        """JSON schema (2020-12) of the arguments."""
        return {
            "type": "object",
            "properties": {name: _schema(hint, vocabulary) for name, hint, _ in self.parameters},
            "required": [name for name, _, required in self.parameters if required],
            "additionalProperties": False,
        }


def tool(declaration: Callable[..., None], *, moves: bool, needs_consent: bool = False, touches: bool = False) -> Tool:
    """The `Tool` that the signature and the docstring of `declaration` describe."""
    hints = get_type_hints(declaration, include_extras=True)
    parameters = tuple(
        (name, hints[name], parameter.default is inspect.Parameter.empty)
        for name, parameter in inspect.signature(declaration).parameters.items()
    )
    return Tool(declaration.__name__, inspect.getdoc(declaration) or "", parameters, moves, needs_consent, touches)


class Registry:
    """The tools that exist and, of them, the names that are `allowed`: none unless they are given."""

    def __init__(self, tools: Iterable[Tool], allowed: Iterable[str] = (), vocabulary: Vocabulary | None = None):
        self.tools = {tool.name: tool for tool in tools}
        self.allowed = frozenset(allowed)
        self.vocabulary = vocabulary or default_vocabulary()
        if unknown := self.allowed - self.tools.keys():
            raise Denied(f"These tools do not exist: {', '.join(sorted(unknown))}; there are {_listing(self.tools)}.")

    def narrowed(self, allowed: Iterable[str]) -> Registry:
        """The same tools with fewer of them allowed: a name that is not allowed here is not allowed there either."""
        return Registry(self.tools.values(), self.allowed & frozenset(allowed), self.vocabulary)

    def schemas(self) -> list[dict[str, Any]]:
        """Name, description and JSON schema of every allowed tool."""
        return [
            {"name": tool.name, "description": tool.description, "parameters": tool.schema(self.vocabulary)}
            for name, tool in self.tools.items()
            if name in self.allowed
        ]

    def check(self, name: str, arguments: Mapping[str, Any]) -> Checked:
        """The call with typed arguments, clamped into their ranges. Raises `Denied` when it must not run.

        `arguments` are JSON values or typed ones. Words of the vocabulary ("cup") become canonical names ("mug").
        """
        if name not in self.tools or name not in self.allowed:
            raise Denied(f"There is no tool '{_short(name)}' to use; there are {_listing(self.allowed)}.")
        if not isinstance(arguments, Mapping):
            raise Denied(f"The arguments of {name} must be an object with named values.")
        parameters = self.tools[name].parameters
        names = [parameter for parameter, _, _ in parameters]
        if unknown := [key for key in arguments if key not in names]:
            raise Denied(f"{name} has no argument '{_short(unknown[0])}'; it takes {_listing(names) or 'none'}.")
        changes: list[str] = []
        typed = {}
        for parameter, hint, required in parameters:
            value = arguments.get(parameter)
            if value is None and required and not _is_optional(hint):
                raise Denied(f"{name} needs the argument '{parameter}'.")
            if value is not None:
                typed[parameter] = self._convert(value, hint, f"{name}.{parameter}", changes)
        return Checked(ToolCall(name, typed), tuple(changes))

    def _convert(self, value: Any, hint: Any, path: str, changes: list[str]) -> Any:
        hint = _without_none(hint)
        hint, limits = _annotated(hint)
        if get_origin(hint) is Literal:
            return self._choose(value, get_args(hint), path)
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            return self._convert_record(value, hint, path, changes)
        if hint is float:
            return _number(value, limits, path, changes)
        if hint is str:
            return self._text(value, limits, path, changes)
        raise TypeError(f"no conversion for {hint} of {path}")

    def _convert_record(self, value: Any, record: type, path: str, changes: list[str]) -> Any:
        if isinstance(value, record):
            value = {f.name: getattr(value, f.name) for f in dataclasses.fields(record)}
        if not isinstance(value, Mapping):
            raise Denied(f"{path} must be an object with named values, like {_example(record)}.")
        hints = get_type_hints(record, include_extras=True)
        if unknown := [key for key in value if key not in hints]:
            raise Denied(f"{path} has no part '{_short(unknown[0])}'; it has {_listing(hints)}.")
        return record(
            **{
                key: self._convert(part, hints[key], f"{path}.{key}", changes)
                for key, part in value.items()
                if part is not None
            }
        )

    def _choose(self, value: Any, choices: tuple[Any, ...], path: str) -> Any:
        if isinstance(value, str) and value in choices:
            return value
        raise Denied(f"{path} must be {' or '.join(choices)}, not '{_short(value)}'.")

    def _text(self, value: Any, limits: tuple[Any, ...], path: str, changes: list[str]) -> str:
        if not isinstance(value, str):
            raise Denied(f"{path} must be text, not {type(value).__name__}.")
        for limit in limits:
            if isinstance(limit, OneOf):
                known = self.vocabulary.canonical(limit.category, value)
                if known is None:
                    words = _listing(getattr(self.vocabulary, limit.category))
                    raise Denied(f"I do not know '{_short(value)}' for {path}; I know {words}.")
                return known
        clean = printable(value)
        for limit in limits:
            if isinstance(limit, Length) and len(clean) > limit.limit:
                changes.append(f"{path} was cut to {limit.limit} characters")
                clean = clean[: limit.limit]
        return clean


def printable(text: str) -> str:
    """The text in NFKC without control and invisible characters: what a person who reads it would see."""
    normal = unicodedata.normalize("NFKC", text)
    return "".join(
        c if c not in "\n\t\r" else " " for c in normal if c in "\n\t\r" or unicodedata.category(c)[0] != "C"
    )


def _number(value: Any, limits: tuple[Any, ...], path: str, changes: list[str]) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Denied(f"{path} must be a number, not '{_short(value)}'.")
    if math.isnan(value):
        raise Denied(f"{path} must be a number, not NaN.")
    for limit in limits:
        if isinstance(limit, Range) and not limit.low <= value <= limit.high:
            clamped = limit.low if value < limit.low else limit.high
            shown = f"{value:g}" if abs(value) < 1e300 else "too large a number"
            changes.append(f"{path} was limited from {shown} to {clamped:g} {limit.unit}".rstrip())
            value = clamped
    return float(value)


def _schema(hint: Any, vocabulary: Vocabulary) -> dict[str, Any]:
    hint = _without_none(hint)
    hint, limits = _annotated(hint)
    if get_origin(hint) is Literal:
        return {"type": "string", "enum": list(get_args(hint))}
    if dataclasses.is_dataclass(hint):
        parts = get_type_hints(hint, include_extras=True)
        return {
            "type": "object",
            "description": " ".join((hint.__doc__ or "").split()).replace("`", ""),
            "properties": {name: _schema(part, vocabulary) for name, part in parts.items()},
            "additionalProperties": False,
        }
    schema: dict[str, Any] = {"type": "number" if hint is float else "string"}
    for limit in limits:
        match limit:
            case Range():
                schema |= {"minimum": limit.low, "maximum": limit.high}
            case Length():
                schema["maxLength"] = limit.limit
            case OneOf():
                schema["enum"] = list(getattr(vocabulary, limit.category))
    return schema


def _is_optional(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint)


def _without_none(hint: Any) -> Any:
    if not _is_optional(hint):
        return hint
    (inner,) = (part for part in get_args(hint) if part is not type(None))
    return inner


def _annotated(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    if get_origin(hint) is not Annotated:
        return hint, ()
    inner, *limits = get_args(hint)
    return inner, tuple(limits)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        parts = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value))
        return {name: _plain(part) for name, part in parts if part is not None}
    return value


def _example(record: type) -> str:
    return '{"place": "shelf"}' if record is PlaceQuery else '{"kind": "mug", "colour": "red"}'


def _listing(names: Iterable[str]) -> str:
    return ", ".join(names if isinstance(names, (list, dict, Mapping)) else sorted(names))


def _short(value: Any) -> str:
    return printable(str(value))[:40]
