import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from bunraku.errors import UserError
from bunraku.sim.in_hand import Cube
from bunraku.tasks.cube_rotation import RATE, CubeRotation, Gait, play


@pytest.fixture(scope="module")
def environment() -> CubeRotation:
    return CubeRotation(8, seed=3)


def test_a_hand_at_rest_holds_the_cube_and_turns_nothing(environment: CubeRotation) -> None:
    speed, lost = play(environment, seconds=1.0)
    assert not lost.any()
    assert np.abs(speed).max() < 0.1


@settings(max_examples=20, deadline=None)
@given(st.floats(-3.0, 3.0), st.integers(0, 2**32 - 1))
def test_only_turns_about_the_vertical_count(environment: CubeRotation, angle: float, seed: int) -> None:
    environment.reset(np.arange(8))
    start = Rotation.random(8, random_state=seed)
    joints = environment.world.joints
    environment._turn = start.as_quat(scalar_first=True)
    environment._qpos[:, joints + 3 :] = (Rotation.from_rotvec([0, 0, angle]) * start).as_quat(scalar_first=True)
    assert environment._turned() == pytest.approx(np.full(8, angle), abs=1e-6)
    environment._qpos[:, joints + 3 :] = (Rotation.from_rotvec([angle, 0, 0]) * start).as_quat(scalar_first=True)
    environment._turn = start.as_quat(scalar_first=True)
    assert environment._turned() == pytest.approx(np.zeros(8), abs=1e-6)


def test_motors_keep_to_their_force_and_speed(environment: CubeRotation) -> None:
    environment.reset(np.arange(8))
    rng = np.random.default_rng(0)
    environment.gait = Gait(*(rng.normal(0, 1.0, (8, environment.actions)) for _ in range(3)), np.full((8, 1), 2.5))
    ranges = environment.world.model.actuator_forcerange
    before = environment._ctrl.copy()
    for _ in range(20):
        environment.step(rng.normal(0, 3, (8, environment.actions)))
        assert np.abs(environment._ctrl - before).max() <= environment.world.winding / RATE + 1e-9
        before = environment._ctrl.copy()
        assert (environment._force >= ranges[:, 0] - 1e-9).all() and (environment._force <= ranges[:, 1] + 1e-9).all()


def test_the_actor_does_not_see_the_cube(environment: CubeRotation) -> None:
    environment.reset(np.arange(8))
    felt, known = environment.observe(), environment.privileged()
    environment._qpos[:, environment.world.joints] += 0.01
    assert np.array_equal(environment.observe(), felt)
    assert not np.array_equal(environment.privileged(), known)


def test_a_cube_off_the_hand_is_dropped_and_counts_no_more(environment: CubeRotation) -> None:
    still = np.zeros((8, environment.actions))
    environment.reset(np.arange(8))
    environment._qpos[:3, environment.world.joints] = 0.3
    environment._qpos[3:5, environment.world.joints + 2] = -0.1
    outcome = environment.step(still)
    assert outcome.dropped.tolist() == [True] * 5 + [False] * 3
    assert (outcome.turned[:5] == 0).all() and (outcome.reward[:5] < -0.4).all()


def test_the_same_seed_gives_the_same_episodes_whatever_the_threads() -> None:
    gait = Gait(*np.random.default_rng(1).normal(0, 0.3, (3, 18)), np.ones(1))
    alone, shared = (play(CubeRotation(6, 5, threads=threads, gait=gait), seconds=1.0) for threads in (1, 2))
    assert np.array_equal(alone[0], shared[0]) and np.array_equal(alone[1], shared[1])


def test_a_gait_is_its_numbers() -> None:
    numbers = np.random.default_rng(0).normal(size=(4, 3 * 18 + 1))
    gait = Gait.of(numbers)
    assert np.array_equal(gait.numbers(), numbers)
    assert gait.at(np.zeros(4)) == pytest.approx(np.zeros((4, 18)))
    late = np.full(4, 3.0)
    assert gait.at(late) == pytest.approx(gait.at(late + 1 / gait.frequency[:, 0]))


def test_hands_begin_with_their_own_cubes() -> None:
    cubes = [Cube(side=0.042), Cube(side=0.055, mass=0.09)]
    environment = CubeRotation(6, seed=1, cubes=cubes)
    joints = environment.world.joints
    environment.reset(np.arange(6))
    for hand in range(6):
        cube, model = cubes[hand % 2], environment.batch.get_model(hand)
        assert model.geom("cube").size[0] == pytest.approx(cube.side / 2)
        assert model.body("cube").mass[0] == pytest.approx(cube.mass)
    # A start of the smaller cube would have the larger one inside the hand, which would throw it.
    assert np.abs(play(environment, seconds=0.5)[0]).max() < 0.1
    height = environment._qpos[:, joints + 2]
    assert height[1::2].min() > height[::2].max()
    known = environment.privileged()
    assert (known[0, -3:] != known[1, -3:]).any() and (known[0, -3:] == known[2, -3:]).all()


def test_a_cube_that_no_hand_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bunraku.tasks.cube_rotation.TRIES", 0.1)
    with pytest.raises(UserError, match="200 mm and 60 g does not lie still"):
        CubeRotation(2, seed=0, cubes=[Cube(side=0.2)])
