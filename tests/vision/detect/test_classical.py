from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunraku.vision.detect import ColourDetector, capsule_mask, nearest_miss

from .painting import TABLE, box, drum, look_at, paint, three_eyes

RED_BOX, RED_DRUM, BLUE_DRUM = box("red"), drum("red"), drum("blue")
CUBE = box("green", (0.05, 0.05, 0.05), "cube")
MODELS = [RED_BOX, RED_DRUM, BLUE_DRUM, CUBE, drum("green", 0.05, 0.04, "dish"), drum("blue", 0.06, 0.14, "jar")]
DETECTOR = ColourDetector()

places = st.tuples(st.floats(0.35, 0.65), st.floats(-0.2, 0.2), st.floats(0.85, 1.0))
yaws = st.floats(-np.pi, np.pi)


def turn_apart(a: float, b: float, period: float) -> float:
    return abs((a - b + period / 2) % period - period / 2)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([RED_BOX, RED_DRUM, BLUE_DRUM]), places, yaws, st.floats(0.5, 1.0))
def test_one_object_is_found_where_it_is(model, place, yaw, light):
    (found,) = DETECTOR.detect(paint(three_eyes(), [(model, place, yaw)], light), MODELS)
    assert (found.kind, found.colour) == (model.kind, model.colour)
    assert np.linalg.norm(found.position_stance - place) < 0.005
    assert np.abs(found.position_stance - place).max() < 5 * found.std.max()
    if model.yaw_period:
        assert turn_apart(found.yaw, yaw, model.yaw_period) < np.radians(3)
    assert {"left", "right"} <= set(found.cameras)  # at the border of its picture the chest's view may be dropped
    assert found.time == 1.5


@settings(max_examples=8, deadline=None)
@given(places, yaws, st.floats(-3, 3), st.floats(-2, 2))
def test_what_is_seen_moves_with_the_frame_in_which_it_is_told(place, yaw, turn, shift):
    views = paint(three_eyes(), [(RED_BOX, place, yaw)])
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    moved = [
        replace(
            v,
            position_stance=rotation @ v.position_stance + [shift, 0, 0],
            rotation_stance_from_camera=rotation @ v.rotation_stance_from_camera,
        )
        for v in views
    ]
    (here,), (there,) = DETECTOR.detect(views, MODELS), DETECTOR.detect(moved, MODELS)
    assert np.allclose(rotation @ here.position_stance + [shift, 0, 0], there.position_stance, atol=5e-4)
    assert turn_apart(here.yaw + turn, there.yaw, np.pi) < 0.01


def test_a_thing_on_a_tray_of_another_colour_is_found_beside_the_tray():
    tray = drum("blue", 0.10, 0.02, "tray")
    views = paint(three_eyes(), [(tray, (0.5, 0.0, 0.91), 0.0), (CUBE, (0.5, 0.0, 0.945), 0.4)])
    found = DETECTOR.detect(views, [*MODELS, tray])
    assert {thing.kind for thing in found} == {"tray", "cube"}


def test_nothing_is_found_on_an_empty_table():
    assert DETECTOR.detect(three_eyes(), MODELS) == []


def test_nothing_is_found_without_views_or_models():
    assert DETECTOR.detect([], MODELS) == []
    assert DETECTOR.detect(paint(three_eyes(), [(RED_BOX, (0.5, 0, 0.94), 0.3)]), []) == []


def test_a_thing_of_unknown_shape_is_not_called_by_a_known_name():
    plank = box("red", (0.3, 0.02, 0.02), "plank")
    assert DETECTOR.detect(paint(three_eyes(), [(plank, (0.5, 0, 0.9), 0.4)]), MODELS) == []


def test_one_colour_two_kinds():
    objects = [(RED_BOX, (0.45, 0.12, 0.94), 0.5), (RED_DRUM, (0.5, -0.1, 0.95), 0.0)]
    found = {d.kind: d for d in DETECTOR.detect(paint(three_eyes(), objects), MODELS)}
    assert found.keys() == {"box", "drum"}
    for model, place, _ in objects:
        assert np.linalg.norm(found[model.kind].position_stance - place) < 0.005


def test_one_kind_three_times():
    objects = [(BLUE_DRUM, (x, y, 0.95), 0.0) for x, y in ((0.4, 0.15), (0.4, -0.15), (0.6, 0.0))]
    found = DETECTOR.detect(paint(three_eyes(), objects), MODELS)
    assert len(found) == 3
    for _, place, _ in objects:
        assert min(np.linalg.norm(d.position_stance - place) for d in found) < 0.005


def test_another_thing_in_front_does_not_shift_it():
    objects = [(RED_BOX, (0.55, 0.0, 0.94), 0.5), (CUBE, (0.48, 0.03, 0.925), 0.2)]
    found = {d.kind: d for d in DETECTOR.detect(paint(three_eyes(), objects), MODELS)}
    assert np.linalg.norm(found["box"].position_stance - (0.55, 0.0, 0.94)) < 0.01
    assert np.linalg.norm(found["cube"].position_stance - (0.48, 0.03, 0.925)) < 0.005


def test_an_arm_whose_place_is_known_does_not_shift_it():
    place = (0.5, 0.0, 0.94)
    ends, radii = np.array([[[0.25, 0.1, 1.1], [0.46, 0.035, 1.02]]]), np.array([0.02])
    hidden = [capsule_mask(v, ends, radii) for v in three_eyes()]
    views = paint(three_eyes(), [(RED_BOX, place, 0.5)])
    covered = [v.image.copy() for v in views]
    for image, mask in zip(covered, hidden, strict=True):
        image[mask] = TABLE
    views = [replace(v, image=i, hidden=m) for v, i, m in zip(views, covered, hidden, strict=True)]
    (found,) = DETECTOR.detect(views, MODELS)
    assert any(m.any() for m in hidden)
    assert np.linalg.norm(found.position_stance - place) < 0.01


def test_a_known_support_helps_only_what_stands_on_it():
    detector = ColourDetector(support_heights=(0.90,))
    for height in (0.90, 0.912):
        place = (0.5, 0.0, height + 0.04)
        (found,) = detector.detect(paint(three_eyes(), [(RED_BOX, place, 0.5)]), MODELS)
        assert abs(found.position_stance[2] - place[2]) < 0.003


def test_one_eye_is_less_sure_than_three():
    views = paint(three_eyes(), [(RED_BOX, (0.5, 0.0, 0.94), 0.5)])
    (three,) = DETECTOR.detect(views, MODELS)
    (one,) = DETECTOR.detect(views[:1], MODELS)
    assert one.std.max() > 2 * three.std.max()
    assert np.linalg.norm(one.position_stance - (0.5, 0.0, 0.94)) < 4 * np.linalg.norm(one.std)


def test_an_object_cut_by_the_border_is_not_misplaced():
    views = [look_at(n, p, (0.5, 0.33, 0.95)) for n, p in (("a", (0.1, 0.2, 1.5)), ("b", (0.1, 0.0, 1.4)))]
    for y in np.linspace(-0.2, 0.33, 8):
        place = (0.5, float(y), 0.94)
        for found in DETECTOR.detect(paint(views, [(RED_BOX, place, 0.5)]), MODELS):
            assert np.linalg.norm(found.position_stance - place) < max(0.02, 5 * found.std.max())


def test_hidden_limbs_are_drawn_where_they_are():
    view = look_at("eye", (0, 0, 0), (1, 0, 0))
    mask = capsule_mask(view, np.array([[[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]]), np.array([0.1]), margin=0)
    rows, columns = np.nonzero(mask)
    focal = view.intrinsics[0, 0]
    assert abs(columns.mean() - 320) < 1.5
    assert abs(rows.mean() - 240) < 1.5
    assert abs(np.ptp(columns) - 0.2 * focal) < 4
    assert not capsule_mask(view, np.array([[[-1.0, 0, 0], [-1.0, 0, 0]]]), np.array([0.1])).any()


def test_the_nearest_miss_is_of_the_same_kind_before_the_same_colour():
    objects = [(RED_BOX, (0.45, 0.12, 0.94), 0.5), (BLUE_DRUM, (0.5, -0.1, 0.95), 0.0)]
    found = DETECTOR.detect(paint(three_eyes(), objects), MODELS)
    assert nearest_miss("drum", "red", found).name == "blue drum"
    assert nearest_miss("plate", "red", found).name == "red box"
    assert nearest_miss("plate", "green", found) is None
    with pytest.raises(ValueError, match="among the detections"):
        nearest_miss("box", "red", found)


def test_views_of_any_size_will_do():
    views = [
        look_at(f"eye{i}", p, (0.5, 0, 0.9), size=(320, 240)) for i, p in enumerate(((0, 0.1, 1.5), (0, -0.1, 1.3)))
    ]
    (found,) = DETECTOR.detect(paint(views, [(RED_BOX, (0.5, 0.0, 0.94), 0.5)]), MODELS)
    assert np.linalg.norm(found.position_stance - (0.5, 0.0, 0.94)) < 0.01
