"""The 33 grasps of the GRASP taxonomy (Feix, Romero, Schmiedmayer, Dollar & Kragic 2016) as contacts on test objects.

A contact is `digit.surface`: `pad` (palmar side of the last link), `tip` (its end), `wrap` (palmar side of every link,
the last one included), `radial` and `ulnar` (sides of the last two links); `palm` stands alone. `against` lists the
contacts which oppose `by`: their mean inward normals must point against each other.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from bunraku.hands.benchmark.shapes import Shape

FINGERS = ("index", "middle", "ring", "little")


@dataclass(frozen=True)
class Grasp:
    """One grasp. `down` is the direction of gravity in the hand frame while it is held."""

    number: int
    name: str
    family: Literal["power", "intermediate", "precision"]
    shape: Shape
    by: tuple[str, ...]
    against: tuple[str, ...]
    thumb_adducted: bool = False
    axis: tuple[float, float, float] | None = (0.0, 1.0, 0.0)
    """Direction of the object's z axis in the hand frame at the start of the search; None leaves it to chance."""
    down: tuple[float, float, float] = (0.0, -1.0, 0.0)

    @property
    def contacts(self) -> tuple[str, ...]:
        """All required contacts."""
        return self.by + self.against

    def with_digits(self, digits: Collection[str]) -> Grasp:
        """What is left of the grasp on a hand with these `digits`: all of it if a side would have no contact left."""
        by, against = (
            tuple(c for c in side if c == "palm" or c.split(".")[0] in digits) for side in (self.by, self.against)
        )
        return self if (self.by and not by) or not against else replace(self, by=by, against=against)


def _all(surface: str, *digits: str) -> tuple[str, ...]:
    return tuple(f"{digit}.{surface}" for digit in digits or FINGERS)


def _sphere(radius: float, mass: float) -> Shape:
    return Shape("sphere", (radius,), mass)


def _rod(radius: float, length: float, mass: float) -> Shape:
    return Shape("cylinder", (radius, length / 2), mass)


def _box(x: float, y: float, z: float, mass: float) -> Shape:
    return Shape("box", (x / 2, y / 2, z / 2), mass)


P, M, C = "power", "intermediate", "precision"
ACROSS, ALONG, DOWNWARD = (0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, -1.0)
THUMB = ("thumb.pad",)

GRASPS: tuple[Grasp, ...] = (
    Grasp(1, "Large Diameter", P, _rod(0.0425, 0.20, 0.60), ("palm", *THUMB), _all("wrap")),
    Grasp(2, "Small Diameter", P, _rod(0.0125, 0.15, 0.25), ("palm", *THUMB), _all("wrap")),
    Grasp(3, "Medium Wrap", P, _rod(0.0250, 0.20, 0.50), ("palm", *THUMB), _all("wrap")),
    Grasp(4, "Adducted Thumb", P, _rod(0.0125, 0.20, 0.20), ("palm", *THUMB), _all("wrap"), True),
    Grasp(5, "Light Tool", P, _rod(0.0080, 0.15, 0.08), ("palm", *THUMB), _all("wrap"), True),
    Grasp(6, "Prismatic 4 Finger", C, _rod(0.0100, 0.15, 0.05), THUMB, _all("pad")),
    Grasp(7, "Prismatic 3 Finger", C, _rod(0.0100, 0.15, 0.04), THUMB, _all("pad", *FINGERS[:3])),
    Grasp(8, "Prismatic 2 Finger", C, _rod(0.0080, 0.14, 0.03), THUMB, _all("pad", *FINGERS[:2])),
    Grasp(9, "Palmar Pinch", C, _box(0.012, 0.03, 0.03, 0.02), THUMB, ("index.pad",), axis=None),
    Grasp(10, "Power Disk", P, _rod(0.0450, 0.02, 0.15), ("palm", *THUMB), _all("pad"), axis=DOWNWARD),
    Grasp(11, "Power Sphere", P, _sphere(0.0350, 0.15), ("palm", *THUMB), _all("pad"), axis=None),
    Grasp(12, "Precision Disk", C, _rod(0.0400, 0.02, 0.10), THUMB, _all("pad"), axis=DOWNWARD, down=DOWNWARD),
    Grasp(13, "Precision Sphere", C, _sphere(0.0325, 0.06), THUMB, _all("pad"), axis=None, down=DOWNWARD),
    Grasp(14, "Tripod", C, _sphere(0.0200, 0.04), THUMB, _all("pad", *FINGERS[:2]), axis=None, down=DOWNWARD),
    Grasp(15, "Fixed Hook", P, _rod(0.0125, 0.12, 1.00), (), _all("wrap"), True, down=ALONG),
    Grasp(16, "Lateral", M, _box(0.003, 0.054, 0.085, 0.02), THUMB, ("index.radial",), True, axis=None),
    Grasp(
        17,
        "Index Finger Extension",
        P,
        _rod(0.0090, 0.18, 0.08),
        THUMB,
        ("index.pad", *_all("wrap", "middle", "ring")),
        True,
        ALONG,
    ),
    Grasp(18, "Extension Type", P, _box(0.015, 0.12, 0.12, 0.15), THUMB, _all("pad"), axis=None),
    Grasp(19, "Distal Type", P, _rod(0.0150, 0.14, 0.10), THUMB, _all("pad", "index", "middle"), axis=ACROSS),
    Grasp(20, "Writing Tripod", C, _rod(0.0050, 0.14, 0.01), THUMB, ("index.pad", "middle.radial"), axis=None),
    Grasp(21, "Tripod Variation", M, _rod(0.0050, 0.20, 0.02), THUMB, ("index.pad", "middle.radial"), axis=None),
    Grasp(22, "Parallel Extension", C, _box(0.015, 0.12, 0.08, 0.15), THUMB, _all("pad"), True, axis=None),
    Grasp(23, "Adduction Grip", M, _rod(0.0045, 0.08, 0.005), ("index.ulnar",), ("middle.radial",), axis=None),
    Grasp(24, "Tip Pinch", C, _sphere(0.0040, 0.005), ("thumb.tip",), ("index.tip",), axis=None, down=DOWNWARD),
    Grasp(25, "Lateral Tripod", M, _rod(0.0080, 0.14, 0.03), THUMB, ("index.pad", "middle.radial"), True, axis=None),
    Grasp(26, "Sphere 4 Finger", P, _sphere(0.0325, 0.06), THUMB, _all("pad", *FINGERS[:3]), axis=None),
    Grasp(27, "Quadpod", C, _sphere(0.0250, 0.05), THUMB, _all("pad", *FINGERS[:3]), axis=None, down=DOWNWARD),
    Grasp(28, "Sphere 3 Finger", P, _sphere(0.0300, 0.06), THUMB, _all("pad", *FINGERS[:2]), axis=None),
    Grasp(29, "Stick", M, _rod(0.0080, 0.20, 0.05), THUMB, ("index.radial", "middle.pad"), True, axis=None),
    Grasp(30, "Palmar", P, _box(0.02, 0.10, 0.05, 0.15), ("palm",), _all("pad"), True, DOWNWARD),
    Grasp(31, "Ring", P, _rod(0.0275, 0.10, 0.20), THUMB, ("index.wrap",)),
    Grasp(
        32,
        "Ventral",
        M,
        _rod(0.0120, 0.15, 0.10),
        THUMB,
        (*_all("pad", "middle", "ring"), "index.radial"),
        True,
        axis=None,
    ),
    Grasp(33, "Inferior Pincer", C, _sphere(0.0100, 0.01), THUMB, ("index.pad",), axis=None, down=DOWNWARD),
)
