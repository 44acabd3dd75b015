"""The network that comes with the package, and the detector that divides patches of one colour by it."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunraku.errors import UserError
from bunraku.vision.detect import ColourDetector
from bunraku.vision.detect.learned import PART, LearnedSegment, _divide
from bunraku.vision.detect.naming import MARGIN, SIDE, square
from bunraku.vision.detect.network import Look, Spotted, SpottingNetwork, overlaps

from .painting import box, drum, paint, three_eyes


class _Told:
    """A network that sees what it is told, on a grid of one cell for eight px."""

    def __init__(self, *masks: np.ndarray) -> None:
        self._masks = masks

    def __call__(self, image: np.ndarray) -> Look:
        rows, columns = image.shape[0] // 8, image.shape[1] // 8
        fields, found, peaks = np.zeros((4, rows, columns), np.float32), [], []
        for mask in self._masks:
            cells = cv2.resize(mask.astype(np.uint8), (columns, rows), interpolation=cv2.INTER_NEAREST) > 0
            x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
            peaks.append(((x + w / 2) / 8, (y + h / 2) / 8, 0))
            fields[:2, cells] = np.array(peaks[-1][:2])[:, None]
            fields[3, cells] = (w + h) / 16
            found.append(Spotted("thing", "red", 0.9, {"thing": 0.9}, (x, y, x + w, y + h), cells))
        return Look(tuple(found), np.array(peaks).reshape(-1, 3), fields, 1 / 8)


def test_overlap_of_boxes():
    boxes = np.array([[0, 0, 4, 4], [2, 0, 6, 4], [4, 4, 8, 8]], float)
    assert np.allclose(overlaps(boxes[0], boxes), [1, 1 / 3, 0])


def test_a_patch_is_divided_where_the_picture_has_an_edge():
    image = np.full((160, 160, 3), 128, np.uint8)
    image[40:120, 30:83], image[40:120, 83:130] = (200, 20, 20), (150, 15, 15)
    patch = np.zeros((160, 160), bool)
    patch[40:120, 30:130] = True
    left, right = patch.copy(), patch.copy()
    left[:, 80:], right[:, :80] = False, False  # seen three px off
    labels = patch.astype(np.uint8)
    _divide(labels, image, patch, _Told(left, right)(image), (0, 1))
    assert (labels[60:100, 35:79] == PART).all() and (labels[60:100, 88:125] == PART + 1).all()
    seam = np.flatnonzero(labels[80] == PART + 1).min()
    assert abs(seam - 83) <= 2
    assert (labels[~patch] == 0).all()


def test_where_the_network_sees_nothing_colour_decides_alone():
    models = [box("red"), drum("blue")]
    views = paint(three_eyes(), [(models[0], (0.5, 0.1, 0.95), 0.3), (models[1], (0.5, -0.1, 0.95), 0)])
    blind = ColourDetector(segment=LearnedSegment(_Told()))  # type: ignore[arg-type]
    alone, learned = ColourDetector().detect(views, models), blind.detect(views, models)
    assert [d.name for d in alone] == [d.name for d in learned]
    for one, other in zip(alone, learned, strict=True):
        assert np.allclose(one.position_stance, other.position_stance)


def test_a_missing_or_broken_network_is_told_in_one_sentence(tmp_path):
    pytest.importorskip("onnxruntime")
    with pytest.raises(UserError, match="bunraku detector train"):
        SpottingNetwork(tmp_path / "none.onnx")
    (tmp_path / "broken.onnx").write_bytes(b"not a network")
    (tmp_path / "broken.kinds.onnx").write_bytes(b"not a network")
    with pytest.raises(UserError, match="is not a detector"):
        SpottingNetwork(tmp_path / "broken.onnx")


@given(st.integers(0, 190), st.integers(0, 150), st.integers(2, 200), st.integers(2, 160))
@settings(max_examples=40, deadline=None)
def test_a_square_shows_the_middle_of_its_box(left, top, width, height):
    y, x = np.mgrid[:160, :200]
    image = np.stack([x, y, 0 * x], axis=2).astype(np.uint8)
    right, bottom = min(left + width, 200), min(top + height, 160)
    seen = square(image, (left, top, right, bottom))
    assert seen.shape == (SIDE, SIDE, 3)
    centre = seen[SIDE // 2 - 1 : SIDE // 2 + 1, SIDE // 2 - 1 : SIDE // 2 + 1, :2].mean(axis=(0, 1))
    per_px = MARGIN * max(right - left, bottom - top) / SIDE
    assert np.abs(centre - [(left + right) / 2, (top + bottom) / 2]).max() < 2 + 1.5 * per_px
