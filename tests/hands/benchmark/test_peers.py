import mujoco
import numpy as np
import pytest

from bunraku.errors import UserError
from bunraku.hands.benchmark.fit import fit_grasp
from bunraku.hands.benchmark.grasps import GRASPS
from bunraku.hands.benchmark.kinematics import Kinematics
from bunraku.hands.benchmark.peers import PEERS, load_peer, read_map
from bunraku.hands.benchmark.run import Job, Settings, jobs, load_subject, run_job

LINK = """
<link name="{name}"><inertial><origin xyz="0.02 0 0"/><mass value="0.02"/>
<inertia ixx="1e-5" iyy="1e-5" izz="1e-5" ixy="0" ixz="0" iyz="0"/></inertial>
<collision><origin xyz="0.02 0 0"/><geometry><box size="0.04 0.014 0.014"/></geometry></collision></link>
"""
JOINT = """
<joint name="{name}_joint" type="revolute"><parent link="{parent}"/><child link="{name}"/>
<origin xyz="{at}" rpy="{turn}"/><axis xyz="{axis}"/>
<limit lower="0" upper="1.5" effort="{effort}" velocity="5"/></joint>
"""
MAP = """
name: claw
description: A thumb and a finger of two links each.
file: claw.urdf
palm: {body: base, wrist: [0, 0, 0], along: [1, 0, 0], normal: [0, 0, -1], centre: [0.05, 0, -0.01], half: [0.03, 0.02]}
linked: {index_2_joint: [index_1_joint, 0.5, 0.1]}
digits:
  thumb: {bodies: [thumb_1, thumb_2], tip: [0.035, 0, 0], radius: 0.007}
  index: {bodies: [index_1, index_2], tip: [0.035, 0, 0], radius: 0.007}
"""


def claw_urdf(effort=1.0):
    parts = [LINK.format(name=name) for name in ("base", "thumb_1", "thumb_2", "index_1", "index_2")]
    for name, parent, at, turn, axis in (
        ("thumb_1", "base", "0.03 0.02 -0.02", "0 0.5 0", "0 1 0"),
        ("thumb_2", "thumb_1", "0.04 0 0", "0 0 0", "0 -1 0"),
        ("index_1", "base", "0.09 0.02 0", "0 0 0", "0 1 0"),
        ("index_2", "index_1", "0.04 0 0", "0 0 0", "0 1 0"),
    ):
        parts.append(JOINT.format(name=name, parent=parent, at=at, turn=turn, axis=axis, effort=effort))
    return "<robot name='claw'>" + "".join(parts) + "</robot>"


@pytest.fixture
def claw(tmp_path):
    (tmp_path / "claw.urdf").write_text(claw_urdf())
    file = tmp_path / "claw.yaml"
    file.write_text(MAP)
    return file


def test_a_urdf_and_a_map_make_a_hand(claw):
    subject = load_subject(str(claw))
    assert (subject.dof, subject.model.nv, subject.model.nu) == (3, 4, 3)
    np.testing.assert_allclose(subject.forces["stall"], [[-1, 1]] * 3)
    # the hand frame: x along the fingers, z dorsal
    data = mujoco.MjData(subject.model)
    mujoco.mj_kinematics(subject.model, data)
    np.testing.assert_allclose(data.body("index_1").xpos, [0.09, 0.02, 0], atol=1e-9)
    assert "V" not in {job.test for job in jobs([str(claw)], ("C", "V", "K"), Settings())}
    result = run_job(Job(str(claw), "G", "33"), Settings(seeds=2, searches=1, fits=1, grasps=(33,)))
    assert result["trials"] == 2 and result["fit"]["posture"]


def test_a_linked_joint_follows_its_driver_in_every_map(claw):
    kinematics = Kinematics(load_subject(str(claw)))
    model = kinematics.subject.model
    driver, follower = model.joint("index_1_joint").id, model.joint("index_2_joint").id
    posture = np.full(4, 0.4)
    tied = kinematics.tie(posture)
    assert tied[follower] == pytest.approx(0.1 + 0.5 * 0.4)
    # driver's range keeps the follower within its own: (1.5 − 0.1) / 0.5 is beyond the driver's 1.5
    assert model.jnt_range[driver, 1] == pytest.approx(1.5)
    tip = kinematics.subject.digits["index"][-1]

    def place(values):
        return kinematics.place(values[None]).point(tip.body, tip.end)[0]

    jacobian = kinematics.jacobian(posture, kinematics.place(posture[None]), tip.body, place(posture))
    step = 1e-6 * np.eye(4)
    slopes = np.array([(place(posture + s) - place(posture - s)) / 2e-6 for s in step]).T
    np.testing.assert_allclose(jacobian, slopes, atol=1e-8)
    for fit in fit_grasp(kinematics, next(g for g in GRASPS if g.number == 33), 0, 3):
        np.testing.assert_allclose(fit.posture, kinematics.tie(fit.posture))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("file: claw.urdf", "file: none.urdf", "no model file"),
        ("body: base", "body: palm_", "no body 'palm_'"),
        ("[index_1_joint, 0.5", "[index_9_joint, 0.5", "no joint 'index_9_joint'"),
        ("file: claw.urdf", "file: claw.urdf\npackage: no_such_package_here", "pip install"),
        ("centre:", "center:", "lacks the field 'centre'"),
        ("digits:", "digits: [", "not valid YAML"),
        ("index: {bodies: [index_1, index_2]", "index: {bodies: [index_1, index_3]", "no body 'index_3'"),
        ("half: [0.03, 0.02]", "half: wide", "a wrong value"),
        ("tip: [0.035, 0, 0]", "tip: [0.035, 0]", "expected 3 numbers"),
        ("linked:", "locked: [wrist]\nlinked:", "no joint or actuator 'wrist' to lock"),
    ],
)
def test_a_wrong_map_is_one_sentence(claw, old, new, words):
    assert old in MAP
    claw.write_text(MAP.replace(old, new, 1))
    with pytest.raises(UserError) as error:
        load_peer(str(claw))
    assert words in str(error.value) and "\n" not in str(error.value)


def test_a_urdf_without_efforts_asks_for_them(claw):
    (claw.parent / "claw.urdf").write_text(claw_urdf(effort=0))
    with pytest.raises(UserError, match="'thumb_1_joint' of the hand 'claw' states no effort"):
        load_peer(str(claw))
    claw.write_text(MAP + "effort: {all: 0.3}\n")
    np.testing.assert_allclose(load_peer(str(claw)).forces["stall"], [[-0.3, 0.3]] * 3)


def test_a_servo_is_no_stiffer_for_a_stronger_motor(claw):
    subjects = []
    for effort in (0.3, 20):
        claw.write_text(MAP + f"effort: {{all: {effort}}}\n")
        (claw.parent / "claw.urdf").write_text(claw_urdf(effort=0))
        subjects.append(load_peer(str(claw)))
    weak, strong = (subject.model for subject in subjects)
    np.testing.assert_array_equal(weak.actuator_gainprm[:, 0], strong.actuator_gainprm[:, 0])
    assert weak.actuator_forcerange.max() == 0.3 and strong.actuator_forcerange.max() == 20


def test_a_broken_model_is_one_sentence(claw):
    (claw.parent / "claw.urdf").write_text("<robot")
    with pytest.raises(UserError, match="MuJoCo cannot read"):
        load_peer(str(claw))


@pytest.mark.parametrize("name", sorted(PEERS))
def test_every_peer_that_is_installed_lies_in_the_hand_frame(name):
    try:
        read_map(PEERS[name].read_text())
    except UserError as error:
        assert "pip install" in str(error)
        pytest.skip(str(error))
    kinematics = Kinematics(load_peer(name))
    subject = kinematics.subject
    placement = kinematics.place(np.clip(np.zeros((1, kinematics.dof)), kinematics.lower, kinematics.upper))
    palm = placement.direction(subject.palm.body, subject.palm.normal)[0]
    np.testing.assert_allclose(palm, [0, 0, -1], atol=0.05)
    thumb, index, little = (subject.digits[digit] for digit in ("thumb", "index", "little"))
    assert placement.point(index[-1].body, index[-1].end)[0, 0] > 0.12
    # a right hand: thumb and index at positive y, the little finger at negative y, and fingers flex palmwards
    at = {d: placement.point(c[0].body, c[0].start)[0] for d, c in subject.digits.items()}
    assert at["index"][1] > at["little"][1] and at["thumb"][1] > at["little"][1]
    assert placement.direction(little[-1].body, little[-1].palmar)[0, 2] < -0.3
    assert 0.02 < np.linalg.norm(thumb[-1].end) < 0.06
    assert np.all(np.ptp(subject.forces["stall"], axis=1) > 0)
    assert subject.make().compile().nu == subject.model.nu
