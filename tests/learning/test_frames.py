import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from bunraku.learning.frames import SYNERGIES, Synergies, difference, moved, quaternion, synergies
from bunraku.skills.body import Pose
from bunraku.skills.grasps import catalogue_postures

seeds = st.integers(0, 2**32 - 1)


def pose(rng: np.random.Generator) -> Pose:
    return Pose(rng.uniform(-1, 1, 3), Rotation.random(rng=rng).as_matrix())


@given(seeds)
def test_a_difference_leads_from_one_pose_to_the_other(seed):
    rng = np.random.default_rng(seed)
    start, end = pose(rng), pose(rng)
    arrived = moved(start, difference(start, end))
    np.testing.assert_allclose(arrived.position, end.position, atol=1e-9)
    np.testing.assert_allclose(arrived.rotation, end.rotation, atol=1e-6)


@given(seeds)
def test_a_quaternion_has_one_sign(seed):
    rotation = Rotation.random(rng=np.random.default_rng(seed))
    assert quaternion(rotation.as_matrix())[0] >= 0


def test_six_synergies_hold_the_postures_of_all_grasps():
    basis, postures = synergies("h22"), catalogue_postures("h22")
    error = basis.posture(basis.project(postures)) - postures
    assert np.abs(error).max() < np.deg2rad(8)


@settings(max_examples=20)
@given(seeds)
def test_coordinates_of_a_posture_made_of_synergies_are_exact(seed):
    rng = np.random.default_rng(seed)
    basis = Synergies.of(rng.standard_normal((30, 22)))
    coordinates = rng.standard_normal(SYNERGIES)
    np.testing.assert_allclose(basis.project(basis.posture(coordinates)), coordinates, atol=1e-9)
