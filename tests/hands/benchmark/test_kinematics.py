import mujoco
import numpy as np
import pytest

from bunraku.hands import load_hand
from bunraku.hands.benchmark.kinematics import Kinematics
from bunraku.hands.benchmark.search import minimise
from bunraku.hands.benchmark.shapes import Shape
from bunraku.hands.benchmark.subject import subject_from_spec


@pytest.fixture(scope="module", params=["h22", "h11-coupled"])
def kinematics(request):
    return Kinematics(subject_from_spec(load_hand(request.param)))


def test_batched_kinematics_is_mujocos(kinematics):
    model = kinematics.subject.model
    data = mujoco.MjData(model)
    postures = kinematics.random_postures(5, np.random.default_rng(0))
    placement = kinematics.place(postures)
    for i, posture in enumerate(postures):
        data.qpos[:] = posture
        mujoco.mj_kinematics(model, data)
        np.testing.assert_allclose(placement.position[i], data.xpos, atol=1e-9)
        np.testing.assert_allclose(placement.rotation[i], data.xmat.reshape(-1, 3, 3), atol=1e-9)


def test_jacobian_is_mujocos(kinematics):
    model = kinematics.subject.model
    data = mujoco.MjData(model)
    posture = kinematics.random_postures(1, np.random.default_rng(1))[0]
    data.qpos[:] = posture
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    for chain in kinematics.subject.digits.values():
        body = chain[-1].body
        point = data.xpos[body] + [0.01, 0.002, -0.003]
        expected = np.zeros((3, model.nv))
        mujoco.mj_jac(model, data, expected, None, point, body)
        got = kinematics.jacobian(posture, kinematics.place(posture[None]), body, point)
        np.testing.assert_allclose(got, expected, atol=1e-9)


def test_a_coupled_finger_moves_along_one_line_in_free_space(kinematics):
    if kinematics.subject.coupling is None:
        pytest.skip("every joint has its own motor")
    names = load_hand("h11-coupled").joint_names
    columns = [names.index("index_mcp_flexion"), names.index("index_pip")]
    postures = kinematics.random_postures(40, np.random.default_rng(0))
    inside = np.all((postures > kinematics.lower + 1e-6) & (postures < kinematics.upper - 1e-6), axis=1)
    bent = (postures - kinematics.lower)[inside][:, columns]
    ratio = bent[:, 1] / bent[:, 0]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)


@pytest.mark.parametrize(
    "shape",
    [Shape("sphere", (0.03,), 1), Shape("cylinder", (0.02, 0.05), 1), Shape("box", (0.01, 0.02, 0.03), 1)],
    ids=lambda shape: shape.kind,
)
def test_distance_has_a_unit_gradient_that_leads_to_the_surface(shape):
    points = np.random.default_rng(0).uniform(-0.08, 0.08, (200, 3))
    distance, gradient = shape.signed_distance(points)
    np.testing.assert_allclose(np.linalg.norm(gradient, axis=1), 1, atol=1e-9)
    landed, _ = shape.signed_distance(points - distance[:, None] * gradient)
    np.testing.assert_allclose(landed, 0, atol=1e-9)


def test_the_search_finds_a_known_minimum_within_bounds():
    rng = np.random.default_rng(0)
    target = np.array([0.3, -0.8, 2.0])
    x, cost = minimise(lambda x: x - target, rng.uniform(-1, 1, (5, 3)), np.full(3, -1.0), np.full(3, 1.0))
    np.testing.assert_allclose(x, np.tile([0.3, -0.8, 1.0], (5, 1)), atol=1e-6)
    np.testing.assert_allclose(cost, 1.0, atol=1e-6)


def test_two_link_finger_reaches_its_annulus():
    """Closed form: with both joints free, tip distance from the base spans |l1 − l2| to l1 + l2."""
    kinematics = Kinematics(subject_from_spec(load_hand("h11")))
    chain = kinematics.subject.digits["index"]
    postures = kinematics.random_postures(4000, np.random.default_rng(0))
    placement = kinematics.place(postures)
    base = placement.position[:, chain[0].body]
    tip = placement.point(chain[-1].body, chain[-1].end)
    names = load_hand("h11").joint_names
    pip = postures[:, names.index("index_pip")]
    upper, fused = 0.046, np.array([0.028 + 0.024 * np.cos(np.radians(20)), 0.024 * np.sin(np.radians(20))])
    reach, bend = np.hypot(*fused), np.arctan2(fused[1], fused[0])
    expected = np.sqrt(upper**2 + reach**2 + 2 * upper * reach * np.cos(pip + bend))
    np.testing.assert_allclose(np.linalg.norm(tip - base, axis=1), expected, atol=1e-9)
