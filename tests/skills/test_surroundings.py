import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunraku.objects import KINDS, surface_points
from bunraku.skills.perception import Seen
from bunraku.skills.surroundings import standing


def about_z(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])


@given(st.sampled_from(sorted(KINDS)), st.floats(-np.pi, np.pi), st.booleans())
def test_all_of_a_thing_is_inside_its_box(kind, yaw, fallen):
    """Also a mug's handle, and a bottle that has fallen over."""
    on_its_side = np.array([[0, 0, 1.0], [0, 1, 0], [-1, 0, 0]])
    rotation = about_z(yaw) @ (on_its_side if fallen else np.eye(3))
    seen = Seen(kind, KINDS[kind].colours[0], np.array([0.4, 0.1, 1.0]), yaw, rotation=rotation)
    box = standing(seen)
    points = surface_points(KINDS[kind], solid_only=False) @ rotation.T + seen.position
    local = np.abs((points - box.centre) @ about_z(yaw))
    assert (local <= box.half + 1e-9).all()
    if box.round:
        assert (np.hypot(*local[:, :2].T) <= box.half[0] + 2e-3).all()


def test_a_carried_box_surrounds_what_is_held():
    from bunraku.control.grasping import wrap
    from bunraku.skills.body import Grip
    from bunraku.skills.surroundings import carried

    seen = Seen("bottle", "blue", np.zeros(3), 0.0)
    grip = Grip(seen, wrap("h22", 0.033, 14), np.array([0.06, 0.0, -0.04]), about_z(0.3))
    points = (carried(grip) - grip.position) @ grip.rotation
    assert np.ptp(points, axis=0) == pytest.approx(KINDS["bottle"].size, abs=1e-3)
