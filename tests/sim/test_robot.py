from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest

from bunraku.robot.interface import CAMERAS, JOINTS, Observation
from bunraku.sim import truth
from bunraku.sim.build import OBJECT_PREFIX
from bunraku.sim.noise import NO_NOISE, rotate_by
from bunraku.sim.robot import CAMERA_PERIOD, CONTROL_PERIOD, RobotStopped, SimulatedRobot
from bunraku.sim.scene import Scene
from bunraku.sim.world import create_world


def arrays_of(value) -> list[np.ndarray]:
    if isinstance(value, np.ndarray):
        return [value]
    if is_dataclass(value):
        return [array for field in fields(value) for array in arrays_of(getattr(value, field.name))]
    if isinstance(value, dict):
        return [array for item in value.values() for array in arrays_of(item)]
    return []


def run(robot: SimulatedRobot, command, seconds: float) -> list[Observation]:
    observations = [robot.observe()]
    for _ in range(round(seconds / CONTROL_PERIOD)):
        robot.command(command)
        observations.append(robot.observe())
    return observations


def test_it_stands_on_its_own_feet_and_feels_its_weight(spec, standing):
    world = create_world(Scene(), spec)
    robot = SimulatedRobot(world, noise=NO_NOISE, cameras=())
    force = np.mean([o.feet.wrench for o in run(robot, standing, 1.5)[-125:]], axis=0)
    weight = 9.81 * world.model.body_subtreemass[world.model.body("pelvis").id]
    assert truth.is_standing(world)
    assert force[:, 2].sum() == pytest.approx(weight, rel=0.05)
    assert robot.observe().imu.acceleration[2] == pytest.approx(9.81, abs=0.5)


def test_every_frame_carries_the_time_at_which_it_was_taken(spec, scene, standing):
    world = create_world(scene, spec)
    robot = SimulatedRobot(world)
    seen = {name: set() for name in CAMERAS}
    for observation in run(robot, standing, 0.6):
        for name, frame in observation.frames.items():
            assert frame.camera == name
            assert observation.time - CAMERA_PERIOD - 1e-6 < frame.time <= observation.time
            seen[name].add(round(frame.time, 6))
    robot.close()
    assert all(len(times) == 3 or name == "head_left" for name, times in seen.items())
    # Staggered: no two cameras ever take their pictures at once.
    all_times = [time for times in seen.values() for time in times]
    assert len(set(all_times)) == len(all_times)


def test_a_frame_shows_the_instant_that_it_names(spec, scene, standing):
    world = create_world(scene, spec)
    robot = SimulatedRobot(world, cameras=("head_left",))
    address = world.model.joint(OBJECT_PREFIX + scene.objects[0].name).qposadr[0]
    before = robot.observe().frames["head_left"]
    world.data.qpos[address : address + 3] = [0.45, 0.0, 1.2]
    world.data.qvel[:] = 0
    after = run(robot, standing, CAMERA_PERIOD)
    assert after[-2].frames["head_left"] == before, "an old frame does not change"
    assert not np.array_equal(after[-1].frames["head_left"].image, before.image)
    robot.close()


def test_a_frame_looked_at_late_shows_what_was_there_when_it_was_taken(spec, scene, standing):
    """Every frame of one robot is drawn at once, of the other when all is over: the same pictures."""
    pictures = []
    for late in (False, True):
        robot = SimulatedRobot(create_world(scene, spec), cameras=("head_left", "ground"))
        frames = {}
        for _ in range(round(0.5 / CONTROL_PERIOD)):
            robot.command(standing)
            for frame in robot.observe().frames.values():
                frames[frame.camera, frame.time] = frame
                if not late:
                    assert frame.image.size
        pictures.append({key: frame.image for key, frame in frames.items()})
        robot.close()
    assert pictures[0].keys() == pictures[1].keys() and len(pictures[0]) == 6
    assert all(np.array_equal(pictures[0][key], pictures[1][key]) for key in pictures[0])


def test_a_frame_that_can_no_longer_be_drawn_says_so(spec, scene, standing):
    robot = SimulatedRobot(create_world(scene, spec), cameras=("chest", "back"))
    unseen = robot.observe().frames["chest"]
    with ThreadPoolExecutor(1) as other, pytest.raises(RuntimeError, match="in the thread that moves the robot"):
        other.submit(lambda: unseen.image).result()
    last = run(robot, standing, CAMERA_PERIOD + 0.1)[-1].frames["chest"]
    robot.close()
    assert last.image.any(), "the latest frames stay"
    assert np.array_equal(deepcopy(last).image, last.image)
    with pytest.raises(RuntimeError, match="nobody looked at it before the robot was closed"):
        _ = unseen.image


def test_readings_cannot_touch_the_simulator(spec, scene, standing):
    world = create_world(scene, spec)
    robot = SimulatedRobot(world)
    run(robot, standing, 0.25)
    observation = robot.observe()
    simulated = [world.data.qpos, world.data.qvel, world.data.sensordata, world.data.ctrl]
    found = arrays_of(observation)
    assert len(found) > 12
    for array in found:
        assert not array.flags.writeable
        assert not any(np.shares_memory(array, other) for other in simulated)
    observation.frames.clear()
    assert len(robot._eyes.look()) == len(CAMERAS)
    robot.close()


def test_hidden_state_does_not_reach_the_robot(spec, scene, standing):
    """Objects moved behind the robot's back change no reading but the pictures."""
    results = []
    for moved in (False, True):
        world = create_world(scene, spec)
        if moved:
            for placed in scene.objects:
                world.data.joint(OBJECT_PREFIX + placed.name).qpos[:3] = [2.5, -2.0, 0.5]
        robot = SimulatedRobot(world, seed=4, cameras=())
        results.append(run(robot, standing, 0.2)[-1])
    first, second = (arrays_of(replace(result, frames={})) for result in results)
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(first, second, strict=True))


def test_same_seed_same_physics_same_readings(spec, scene, standing):
    runs = []
    for _ in range(2):
        world = create_world(scene, spec)
        robot = SimulatedRobot(world, seed=7)
        runs.append((run(robot, standing, 0.3)[-1], world.data.qpos.copy()))
        robot.close()
    assert np.array_equal(runs[0][1], runs[1][1])
    for a, b in zip(arrays_of(runs[0][0]), arrays_of(runs[1][0]), strict=True):
        assert np.array_equal(a, b)


def test_noise_depends_on_the_seed(spec, standing):
    readings = []
    for seed in (1, 2):
        robot = SimulatedRobot(create_world(Scene(), spec), seed=seed, cameras=())
        robot.command(standing)
        readings.append(robot.observe().joints.position)
    assert not np.array_equal(*readings)
    assert np.abs(readings[0] - readings[1]).max() < 0.002


def test_torque_stays_within_the_motors_torque_speed_curve(spec, standing):
    world = create_world(Scene(), spec)
    robot = SimulatedRobot(world, noise=NO_NOISE, cameras=())
    wild = replace(standing, joints=replace(standing.joints, torque=np.full(len(JOINTS), 1e6)))
    for _ in range(30):
        robot.command(wild)
        assert (np.abs(robot._body.torque) <= spec.torque_limits + 1e-9).all()
    for share_of_speed, share_of_torque in ((0.0, 1.0), (0.5, 1.0), (0.75, 0.5), (1.0, 0.0), (1.5, 0.0), (-0.8, 1.0)):
        world.data.qvel[robot._body.dofs] = share_of_speed * spec.speed_limits
        robot._body.drive(wild.joints)
        assert robot._body.torque == pytest.approx(share_of_torque * spec.torque_limits), share_of_speed


def test_no_cable_pulls_harder_than_its_limit(spec, standing):
    world = create_world(Scene(), spec)
    robot = SimulatedRobot(world, noise=NO_NOISE, cameras=())
    fist = replace(
        standing.right_hand,
        position=np.full(standing.right_hand.position.shape, 1.2),
        tension_limit=np.full(standing.right_hand.tension_limit.shape, 5.0),
    )
    tension = [o.right_hand.tension for o in run(robot, replace(standing, right_hand=fist), 0.4)]
    assert np.abs(tension).max() <= 5.0 + 1e-9
    assert np.abs(tension).max() > 4.0
    assert np.abs(robot.observe().right_hand.position).max() > 0.3, "the fingers moved"
    assert np.abs(robot.observe().left_hand.position).max() < 0.2, "the other hand did not"


def test_after_a_stop_it_holds_its_posture_and_refuses_commands(spec, standing):
    world = create_world(Scene(), spec)
    robot = SimulatedRobot(world, cameras=())
    run(robot, standing, 0.5)
    robot.stop()
    posture = robot.observe().joints.position
    with pytest.raises(RobotStopped):
        robot.command(standing)
    robot.hold(1.0)
    assert robot.stopped and truth.is_standing(world)
    assert np.abs(robot.observe().joints.position - posture).max() < 0.05


@pytest.mark.parametrize("spoil", [lambda a: a[:-1], lambda a: a * np.nan])
def test_a_malformed_command_is_refused_before_it_acts(spec, standing, spoil):
    world = create_world(Scene(), spec)
    robot = SimulatedRobot(world, cameras=())
    with pytest.raises(ValueError, match=r"joints.torque of a command must be 30 finite numbers"):
        robot.command(replace(standing, joints=replace(standing.joints, torque=spoil(standing.joints.torque))))
    assert world.time == 0


def test_time_advances_by_the_control_period(spec, standing):
    robot = SimulatedRobot(create_world(Scene(), spec), cameras=())
    observations = run(robot, standing, 0.1)
    assert np.diff([o.time for o in observations]) == pytest.approx(CONTROL_PERIOD)
    last = observations[-1]
    assert last.joints.time == last.time
    assert last.time - last.imu.time == pytest.approx(0.002)


def test_rotate_by_turns_about_world_axes():
    quarter = rotate_by(np.array([1.0, 0, 0, 0]), np.array([0, 0, 1e-3]))
    assert quarter == pytest.approx([1, 0, 0, 5e-4], abs=1e-6)
