from dataclasses import replace

import numpy as np
import pytest

from bunraku.hands import load_hand
from bunraku.hands.benchmark.fit import fit_grasp
from bunraku.hands.benchmark.force import ferrari_canny, greatest_force, statics
from bunraku.hands.benchmark.grasps import GRASPS
from bunraku.hands.benchmark.hold import SLIP, hold_grasp, simulate
from bunraku.hands.benchmark.kapandji import kapandji
from bunraku.hands.benchmark.kinematics import Kinematics
from bunraku.hands.benchmark.subject import CONTINUOUS, STALL, subject_from_spec


def grasp(number):
    return next(g for g in GRASPS if g.number == number)


@pytest.fixture(scope="module")
def kinematics():
    return Kinematics(subject_from_spec(load_hand("h22")))


@pytest.fixture(scope="module")
def tripod(kinematics):
    return fit_grasp(kinematics, grasp(14), 0, 2)


def test_the_taxonomy_is_complete():
    assert sorted(g.number for g in GRASPS) == list(range(1, 34))


def test_contacts_of_a_fit_lie_on_the_object(tripod):
    fit = tripod[0]
    assert fit.feasible and {c.digit for c in fit.contacts} >= {"thumb", "index", "middle"}
    for contact in fit.contacts:
        local = fit.rotation.T @ (contact.point - fit.position)
        assert abs(fit.grasp.shape.signed_distance(local[None])[0][0]) < 0.003


def test_a_grasp_is_not_formed_without_its_fingers(kinematics):
    hand = load_hand("h22")
    digits = tuple(d for d in hand.digits if d.name != "middle")
    joints = {j.name for d in digits for j in d.joints}
    maimed = replace(hand, digits=digits, cables=tuple(c for c in hand.cables if set(c.arms) <= joints))
    fits = fit_grasp(Kinematics(subject_from_spec(maimed)), grasp(14), 0, 1)
    assert fits[0].error == "has no middle"


def test_forces_scale_with_the_tension_limits(kinematics, tripod):
    s, limits = statics(kinematics, tripod[0]), kinematics.subject.forces[CONTINUOUS]
    weights = np.array([float(c.digit == "thumb") for c in tripod[0].contacts])
    force = greatest_force(s, limits, weights)
    assert force > 1
    assert greatest_force(s, 2 * limits, weights) == pytest.approx(2 * force, rel=1e-6)
    assert kinematics.subject.forces[STALL].max() > limits.max()


def test_a_two_finger_pinch_resists_no_twist_but_a_wrap_resists_everything(kinematics):
    limits = kinematics.subject.forces[CONTINUOUS]
    pinch, wrap = (fit_grasp(kinematics, grasp(number), 0, 1)[0] for number in (9, 3))
    assert ferrari_canny(statics(kinematics, pinch), limits) == pytest.approx(0, abs=1e-6)
    assert ferrari_canny(statics(kinematics, wrap), limits) > 0.1


def test_a_tripod_holds_a_ball_and_a_powerless_hand_does_not(kinematics, tripod):
    assert hold_grasp(kinematics, tripod, 4, 0).held >= 3
    hand = load_hand("h22")
    weak = replace(hand, actuation=replace(hand.actuation, power_density=100.0))
    assert simulate(Kinematics(subject_from_spec(weak)), tripod[0], 1.0, 2, 0).min() > SLIP


def test_the_same_seed_gives_the_same_slip(kinematics, tripod):
    once, again = (simulate(kinematics, tripod[0], 1.0, 3, seed=5) for _ in range(2))
    np.testing.assert_array_equal(once, again)


@pytest.mark.slow
def test_the_human_reference_passes_what_people_pass():
    human = Kinematics(subject_from_spec(load_hand("human")))
    assert sum(kapandji(human, 0).reached) == 10
    assert sum(fit_grasp(human, g, 0, 1)[0].feasible for g in GRASPS) >= 30
