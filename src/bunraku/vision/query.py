"""Questions to the memory, as data; words become a `Query` by a small vocabulary."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from bunraku.errors import UserError
from bunraku.vision.colours import COLOUR_NAMES

Box = tuple[int, int, int, int]

_COLOURS = {name: name for name in COLOUR_NAMES} | {
    "gray": "grey",
    "violet": "purple",
    "turquoise": "cyan",
    "magenta": "pink",
    "crimson": "red",
    "scarlet": "red",
    "golden": "yellow",
    "beige": "brown",
}
_SIZES = {"tiny": "small", "small": "small", "little": "small", "big": "large", "large": "large", "huge": "large"}
_FILLERS = frozenset(
    """a an the my your our his her its some any that this those these is are was were where when did do does you i we
    last see seen saw have has been put leave left of in on at with and thing things something object objects one it
    find show me please""".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Query:
    """What is looked for; every part that is given has to fit.

    `example` (h, w, 3) uint8 RGB is a picture of it; `embedding` (n,) comes from the labeller that made the labels'.
    `region` (x0, y0, x1, y1) is in px of the camera, `since` and `until` are s, `moving` asks for things that moved.
    """

    colour: str | None = None
    size: str | None = None
    label: str | None = None
    camera: str | None = None
    region: Box | None = None
    since: float = -np.inf
    until: float = np.inf
    moving: bool = False
    example: np.ndarray | None = None
    embedding: np.ndarray | None = None

    @staticmethod
    def from_words(words: str) -> Query:
        """The query that `words` such as "small red cup" mean; words of no colour or size are the label."""
        query, names = Query(), []
        for word in re.findall(r"[^\W_]+", words.lower()):
            if word in _COLOURS and query.colour is None:
                query = replace(query, colour=_COLOURS[word])
            elif word in _SIZES and query.size is None:
                query = replace(query, size=_SIZES[word])
            elif word == "moving":
                query = replace(query, moving=True)
            elif word not in _FILLERS:
                names.append(word)
        query = replace(query, label=" ".join(names) or None)
        if query == Query():
            raise UserError(f"“{words}” names nothing to look for: give a colour, a size or a thing, as in “red cup”.")
        return query

    def describe(self) -> str:
        """The query in words."""
        words = [self.size, self.colour, "moving" if self.moving else None, self.label]
        text = " ".join(word for word in words if word)
        return text or ("like the example" if self.example is not None else "there")
