import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bunraku.vision.detect.region import DIRECTIONS, find_regions, union


def disc(x: float, y: float, radius: float) -> np.ndarray:
    image = np.zeros((200, 300), np.uint8)
    rows, columns = np.mgrid[:200, :300] + 0.5
    image[(columns - x) ** 2 + (rows - y) ** 2 < radius**2] = 1
    return image


@given(st.floats(60, 240), st.floats(60, 140), st.floats(8, 50))
def test_the_support_function_of_a_disc_is_its_centre_and_radius(x, y, radius):
    (region,) = find_regions(0, disc(x, y, radius), 1)
    assert np.abs(region.support - (DIRECTIONS @ [x, y] + radius)).max() < 0.8
    assert abs(region.diameter - 2 * radius) < 1.5
    assert not region.covered.any()


def test_what_the_border_or_another_colour_cuts_off_is_open_there_and_only_there():
    image = disc(0, 100, 30)
    image[:90] = np.where(image[:90] > 0, 2, 0)
    (region,) = find_regions(0, image, 1)
    left, down, right, up = (int(np.argmax(DIRECTIONS @ d)) for d in ([-1, 0], [0, 1], [1, 0], [0, -1]))
    assert region.openness[left] > 0.9
    assert region.openness[up] > 0.9
    assert region.openness[right] < 0.5
    assert region.openness[down] < 0.5


def test_lines_and_specks_are_no_objects():
    image = np.zeros((100, 100), np.uint8)
    cv2.line(image, (5, 5), (90, 60), 1, 1)
    image[80:83, 20:23] = 1
    assert list(find_regions(0, image, 1)) == []


def test_a_union_reaches_as_far_as_its_pieces():
    image = np.maximum(disc(60, 100, 20), disc(200, 100, 30))
    pieces = tuple(find_regions(0, image, 1))
    whole = union(pieces)
    assert np.allclose(whole.support, np.max([p.support for p in pieces], axis=0))
    assert whole.area == sum(p.area for p in pieces)
