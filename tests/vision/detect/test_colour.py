import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bunraku.objects import COLOURS
from bunraku.vision.detect.colour import OTHER, label_image


def patch(rgb) -> np.ndarray:
    return np.full((9, 9, 3), np.clip(np.round(255 * np.asarray(rgb)), 0, 255), np.uint8)


@given(st.sampled_from(list(COLOURS)), st.floats(0.35, 1.0), st.floats(0, 0.15))
def test_shade_and_highlights_do_not_change_the_colour(name, shade, highlight):
    shade = min(shade, (1 - highlight) / max(COLOURS[name]))
    labels = label_image(patch(shade * np.asarray(COLOURS[name]) + highlight), COLOURS)
    assert (labels == list(COLOURS).index(name) + 1).all()


@given(st.floats(0, 1), st.floats(-0.03, 0.03), st.floats(-0.03, 0.03))
def test_grey_has_no_colour(value, red, blue):
    assert not label_image(patch([value + red, value, value + blue]), COLOURS).any()


def test_oak_has_no_colour():
    assert not label_image(patch([0.74, 0.65, 0.54]), COLOURS).any()


def test_a_colour_that_was_not_asked_for_is_told_apart():
    assert (label_image(patch(COLOURS["green"]), {"red": COLOURS["red"]}) == OTHER).all()


def test_a_face_in_the_shade_belongs_to_its_object():
    image = patch(COLOURS["blue"])
    image[:, 5:] = image[:, 5:] // 3
    assert (label_image(image, COLOURS) == list(COLOURS).index("blue") + 1).all()
