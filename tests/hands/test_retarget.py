import mujoco
import numpy as np
import pytest

from bunraku.errors import UserError
from bunraku.hands import build_hand, load_hand
from bunraku.hands.retarget import DIGITS, landmarks_in_hand_frame, retarget


def landmarks_of(hand, posture):
    model = build_hand(hand).compile()
    data = mujoco.MjData(model)
    data.qpos[:] = posture
    mujoco.mj_kinematics(model, data)
    points = np.zeros((21, 3))
    for name, first in DIGITS.items():
        bodies = [data.body(f"right_{name}_{link.name}").xpos for link in hand.digit(name).links[-3:]]
        points[first : first + 4] = [*bodies, data.site(f"right_{name}_tip").xpos]
    return points


@pytest.fixture(scope="module")
def moving_hand():
    hand = load_hand("h22")
    model = build_hand(hand).compile()
    low, high = model.jnt_range.T
    phase = np.random.default_rng(0).uniform(0, 6, hand.dof)
    postures = low + (high - low) * (0.45 + 0.25 * np.sin(np.linspace(0, 3, 20)[:, None] + phase))
    return hand, np.array([landmarks_of(hand, posture) for posture in postures])


def test_a_hand_follows_its_own_landmarks(moving_hand):
    hand, landmarks = moving_hand
    angles = retarget(landmarks, hand)
    tips = [first + 3 for first in DIGITS.values()]
    # landmarks are known only up to a rigid motion: compare in the frame that they span
    gaps = [
        landmarks_in_hand_frame(landmarks_of(hand, posture), "right")[tips]
        - landmarks_in_hand_frame(wanted, "right")[tips]
        for wanted, posture in zip(landmarks, angles, strict=True)
    ]
    assert np.mean(np.linalg.norm(gaps, axis=2)) < 0.005
    assert np.max(np.linalg.norm(gaps, axis=2)) < 0.015


def test_the_mirror_image_of_a_left_hand_gives_the_same_angles(moving_hand):
    hand, landmarks = moving_hand
    mirrored = landmarks[:3] * [1, -1, 1]
    np.testing.assert_allclose(retarget(mirrored, hand, "left"), retarget(landmarks[:3], hand, "right"), atol=1e-9)


def test_a_rigid_motion_of_the_whole_hand_changes_nothing(moving_hand):
    hand, landmarks = moving_hand
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    moved = landmarks[:3] @ turn.T + [1.0, -2.0, 0.5]
    np.testing.assert_allclose(retarget(moved, hand), retarget(landmarks[:3], hand), atol=1e-6)


@pytest.mark.parametrize("shape", [(21, 3), (4, 20, 3), (4, 21, 2)])
def test_wrong_shapes_are_refused(shape):
    with pytest.raises(UserError, match=r"\(frames, 21, 3\)"):
        retarget(np.zeros(shape), load_hand("h11"))
