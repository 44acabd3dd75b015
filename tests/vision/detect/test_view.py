import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunraku.errors import UserError
from bunraku.vision.detect import View, pinhole, rotation_from_mujoco
from bunraku.vision.detect.view import project, ray

from .painting import three_eyes


@given(st.floats(0, 640), st.floats(0, 480), st.floats(0.1, 3))
def test_a_point_on_a_pixels_ray_projects_to_that_pixel(x, y, distance):
    for view in three_eyes():
        point = view.position_stance + distance * ray(view, np.array([x, y]))
        assert np.allclose(project(view, point), [x, y], atol=1e-6)


def test_points_behind_the_camera_have_no_pixel():
    view = three_eyes()[0]
    behind = view.position_stance - view.rotation_stance_from_camera[:, 2]
    assert not np.isfinite(project(view, behind)).any()


def test_mujoco_cameras_look_along_their_negative_z():
    rotation = rotation_from_mujoco(np.eye(3).ravel())
    assert np.allclose(rotation[:, 2], [0, 0, -1])
    assert np.allclose(rotation[:, 1], [0, -1, 0])
    assert np.isclose(np.linalg.det(rotation), 1)


def test_pinhole_maps_the_field_of_view_to_the_picture():
    matrix = pinhole(np.pi / 2, 640, 480)
    assert np.allclose(matrix @ [0, 1, 1], [320, 480, 1])


@pytest.mark.parametrize(
    "change",
    [
        {"image": np.zeros((4, 4), np.uint8)},
        {"image": np.zeros((4, 4, 3))},
        {"intrinsics": np.eye(2)},
        {"position_stance": np.zeros(2)},
        {"hidden": np.zeros((3, 3), bool)},
    ],
)
def test_a_view_of_the_wrong_shape_is_refused_by_name(change):
    good = {
        "camera": "eye",
        "time": 0.0,
        "image": np.zeros((4, 4, 3), np.uint8),
        "intrinsics": np.eye(3),
        "position_stance": np.zeros(3),
        "rotation_stance_from_camera": np.eye(3),
    }
    View(**good)
    with pytest.raises(UserError, match="eye"):
        View(**{**good, **change})
