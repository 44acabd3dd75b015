"""Where the network has a say beside colour: on dishes, of their own colour."""

from dataclasses import dataclass

import numpy as np
import pytest

from bunraku.vision.detect import ColourDetector, Detection, DishDetector


@dataclass
class _Finds:
    """A detector that finds what it is told, and counts how often it is asked and for which colours."""

    found: list[Detection]
    asked: list[set[str]]

    def detect(self, views, models):
        self.asked.append({model.colour for model in models})
        return [one for one in self.found if one.colour in self.asked[-1]]


@dataclass
class _Model:
    colour: str


def seen(kind: str, colour: str, x: float, z: float = 0.95, size=(0.05, 0.05, 0.05)) -> Detection:
    at, covariance, sure = np.array([x, 0.0, z]), 1e-6 * np.eye(3), 0.9 if kind == "plate" else 0.5
    return Detection(kind, colour, 1.0, at, 0.0, np.eye(3), np.array(size), covariance, 0.1, sure)


PLATE = seen("plate", "red", 0.5, 0.91, (0.2, 0.2, 0.02))


def names(colour: list[Detection], learned: list[Detection]) -> tuple[list[str], list[set[str]]]:
    first, second = _Finds(colour, []), _Finds(learned, [])
    detector = DishDetector(first, second, ("plate", "bowl"))  # type: ignore[arg-type]
    models = [_Model(name) for name in ("red", "blue")]
    return [one.name for one in detector.detect([], models)], second.asked  # type: ignore[arg-type]


def test_a_thing_on_a_dish_of_its_colour_is_added():
    assert names([PLATE], [seen("cube", "red", 0.53)]) == (["red plate", "red cube"], [{"red"}])


@pytest.mark.parametrize(
    "thing",
    [
        seen("cube", "red", 0.65),  # beside it
        seen("cube", "red", 0.5, 1.3),  # high above it
        seen("cube", "red", 0.5, 0.8),  # below it
        seen("cube", "blue", 0.5),  # of another colour: colour tells those
        seen("bowl", "red", 0.5),
    ],
    ids=lambda thing: f"{thing.name} at {thing.position_stance.tolist()}",
)
def test_nothing_else_is(thing):
    assert names([PLATE], [thing])[0] == ["red plate"]


def test_what_colour_has_found_is_not_found_twice():
    assert names([PLATE, seen("cube", "red", 0.5)], [seen("ball", "red", 0.51)])[0] == ["red plate", "red cube"]


def test_without_a_dish_the_network_is_not_asked():
    assert names([seen("cube", "red", 0.5)], [seen("ball", "red", 0.5)]) == (["red cube"], [])


def test_heights_hold_for_both():
    detector = DishDetector(ColourDetector(), ColourDetector(), ("plate",)).standing_at((0.9,))
    assert detector.colour.support_heights == detector.learned.support_heights == (0.9,)
