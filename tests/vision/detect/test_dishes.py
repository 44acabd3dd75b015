"""What lies on a dish of its own colour: the patch is divided by what a network says, and the outlines are fitted."""

import cv2
import numpy as np
import pytest

from bunraku.vision.detect import ColourDetector, DishDetector
from bunraku.vision.detect.dishes import THING, divide

from .painting import box, drum, paint, three_eyes


def test_a_patch_is_divided_along_the_edges_of_the_picture():
    image = np.full((160, 160, 3), 128, np.uint8)
    cv2.circle(image, (80, 80), 60, (200, 20, 20), -1)
    cv2.circle(image, (90, 70), 25, (140, 10, 10), -1)
    patch = image[..., 1] < 100
    likely = np.zeros((160, 160), np.float32)
    cv2.circle(likely, (93, 72), 24, 1.0, -1)  # seen some px off, and with blurred borders
    divided = divide(image, patch, cv2.GaussianBlur(likely, (0, 0), 6))
    thing = (np.hypot(*(np.indices((160, 160)) - np.array([70, 90])[:, None, None])) <= 25) & patch
    assert ((divided == THING) & thing).sum() > 0.8 * thing.sum()
    assert ((divided == THING) & ~thing).sum() < 0.03 * thing.sum()
    assert (divided[~patch] == 0).all()


def test_nothing_is_divided_where_nothing_is_likely():
    image = np.full((40, 40, 3), (200, 20, 20), np.uint8)
    assert not divide(image, np.ones((40, 40), bool), np.full((40, 40), 0.6, np.float32)).any()


TRAY = drum("red", radius=0.13, height=0.02, kind="tray")
THINGS = [box("red", (0.06, 0.04, 0.03)), box("blue", (0.06, 0.04, 0.03), kind="brick")]
ON_TABLE, ON_TRAY = (0.5, 0.0, 0.91), (0.49, 0.02, 0.935)


class _Eyes:
    """Sees what it is told."""

    dishes = ("tray",)

    def __init__(self, likely: dict[bytes, np.ndarray]) -> None:
        self._likely, self.asked = likely, 0

    def __call__(self, image: np.ndarray, outline) -> np.ndarray:
        self.asked += 1
        return self._likely.get(image.tobytes(), np.zeros(image.shape[:2], np.float32))

    def likeness(self, image: np.ndarray, region):
        return region


@pytest.fixture(scope="module")
def laden():
    """Views of a red box on a red tray, and for each picture where the box is."""
    views = paint(three_eyes(), [(TRAY, ON_TABLE, 0.0), (THINGS[0], ON_TRAY, 0.5)])
    alone = paint(three_eyes(), [(THINGS[0], ON_TRAY, 0.5)])
    return views, {
        v.image.tobytes(): (a.image[..., 1] < 90).astype(np.float32) for v, a in zip(views, alone, strict=True)
    }


def test_a_thing_on_a_dish_of_its_colour_is_found_where_it_is(laden):
    views, likely = laden
    found = {d.name: d for d in DishDetector(ColourDetector((0.9,)), _Eyes(likely)).detect(views, [TRAY, *THINGS])}
    assert set(found) == {"red tray", "red box"}
    assert np.linalg.norm(found["red box"].position_stance - ON_TRAY) < 0.006
    assert np.linalg.norm(found["red tray"].position_stance - ON_TABLE) < 0.006


def test_where_nothing_is_seen_on_a_dish_colour_decides_alone(laden):
    views, _ = laden
    eyes, models = _Eyes({}), [TRAY, *THINGS]
    alone = ColourDetector((0.9,)).detect(views, models)
    both = DishDetector(ColourDetector((0.9,)), eyes).detect(views, models)
    assert [d.name for d in alone] == [d.name for d in both] and eyes.asked == 3


def test_what_is_not_on_the_dish_is_not_taken_for_it(laden):
    views, _ = laden
    beside = paint(three_eyes(), [(THINGS[0], (0.49, 0.35, 0.915), 0.5)])
    likely = {v.image.tobytes(): (b.image[..., 1] < 90).astype(np.float32) for v, b in zip(views, beside, strict=True)}
    found = DishDetector(ColourDetector((0.9,)), _Eyes(likely)).detect(views, [TRAY, *THINGS])
    assert "red box" not in [d.name for d in found]


def test_without_a_dish_the_network_is_not_asked():
    views = paint(three_eyes(), [(THINGS[1], (0.5, 0.0, 0.915), 0.5)])
    eyes = _Eyes({})
    found = DishDetector(ColourDetector((0.9,)), eyes).detect(views, [TRAY, *THINGS])
    assert [d.name for d in found] == ["blue brick"] and eyes.asked == 0


def test_heights_hold_for_both():
    detector = DishDetector(ColourDetector(), _Eyes({})).standing_at((0.9,))
    assert detector.colour.support_heights == (0.9,)
