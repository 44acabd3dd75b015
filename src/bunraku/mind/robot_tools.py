"""The tools of this robot. Declarations only: the runtime binds them to skills through a `RobotBody`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from bunraku.mind.tools import (
    Direction,
    Hand,
    Length,
    ObjectQuery,
    PlaceQuery,
    Range,
    Registry,
    Relation,
    Tool,
    tool,
)
from bunraku.mind.vocabulary import Vocabulary


def pick(object: ObjectQuery, hand: Hand | None = None) -> None:
    """Grasp one object, lift it and hold it. Name a hand only if the person did."""


def put(object: ObjectQuery, relation: Relation, target: PlaceQuery, hand: Hand | None = None) -> None:
    """Pick up the object if it is not in the hand yet, and put it on, in or beside the target.

    Name a hand only if the person did.
    """


def bring(object: ObjectQuery, hand: Hand | None = None) -> None:
    """Pick up the object and hold it out towards the person. Name a hand only if the person did."""


def look_for(object: ObjectQuery) -> None:
    """Turn the head and waist until the object is in view, and report where it is. Touches nothing."""


def what_do_you_see() -> None:
    """Name the objects in view now, with colour and position. Does not move."""


def where_is(object: ObjectQuery) -> None:
    """Say where the object is or was last seen, without moving."""


def recall(query: Annotated[str, Length(200)]) -> None:
    """Search the visual memory for what was seen earlier, with time and camera. Does not move."""


def status() -> None:
    """Say what the robot is doing, what it holds and how the last action ended."""


def set_speed(speed: Annotated[float, Range(0.25, 1.0, "of full speed")]) -> None:
    """Set how fast the robot moves from now on, as a fraction of its full allowed speed."""


def say(text: Annotated[str, Length(300)]) -> None:
    """Speak the text aloud."""


def stop() -> None:
    """Stop moving at once, softly, without dropping what is held."""


def home() -> None:
    """Go back to the resting posture with both arms down."""


def follow() -> None:
    """Follow the nearest person, a step or two behind, until that person has come to a stand."""


def climb(direction: Direction | None = None) -> None:
    """Walk to the stairs between the living room and the garden, and take them.

    Name a direction only if the person did.
    """


def get_up() -> None:
    """Get up from the ground after a fall. Does nothing if the robot stands."""


TOOLS: tuple[Tool, ...] = (
    *(tool(declaration, moves=True, touches=True) for declaration in (pick, put)),
    *(tool(declaration, moves=True) for declaration in (look_for, home)),
    tool(bring, moves=True, touches=True, needs_consent=True),  # near a person
    *(tool(declaration, moves=True, needs_consent=True) for declaration in (follow, climb, get_up)),
    *(tool(declaration, moves=False) for declaration in (what_do_you_see, where_is, recall, status, say, stop)),
    tool(set_speed, moves=False, needs_consent=True),
)


def robot_registry(allowed: Iterable[str] | None = None, vocabulary: Vocabulary | None = None) -> Registry:
    """The registry of this robot's tools: all of them, or only those in `allowed`."""
    names = [tool.name for tool in TOOLS] if allowed is None else allowed
    return Registry(TOOLS, names, vocabulary)
