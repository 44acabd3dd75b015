from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from bunraku.control.estimator import Estimator


def rotation_error(first: np.ndarray, second: np.ndarray) -> float:
    turn = np.empty(3)
    mujoco.mju_subQuat(turn, first, second)
    return float(np.linalg.norm(turn))


def test_pelvis_is_known_to_2_mm_and_half_a_degree_while_reaching(stand, true_body, reaching_goal):
    worst = np.zeros(3)

    def each(controller, goal):
        # The truth is one tick younger than the estimate: compare with where the estimate says the pelvis goes.
        configuration, velocity = true_body()
        state = controller.state
        ahead = state.configuration[:3] + 0.004 * state.velocity[:3]
        errors = (
            np.linalg.norm(ahead - configuration[:3]),
            rotation_error(state.configuration[3:7], configuration[3:7]),
            np.linalg.norm(state.velocity[:3] - velocity[:3]),
        )
        np.maximum(worst, errors, out=worst)

    stand(4.0, reaching_goal, each)
    assert worst[0] < 0.002
    assert worst[1] < np.deg2rad(0.5)
    assert worst[2] < 0.05


def test_an_observation_counts_once(spec, robot):
    estimator = Estimator(spec, robot.control_period)
    first = estimator.update(robot.observe())
    assert estimator.update(robot.observe()) is first


def test_a_constant_gyroscope_bias_is_learned(spec, robot):
    estimator = Estimator(spec, robot.control_period)
    still = robot.observe()
    bias = np.array([0.01, -0.02, 0.015])
    start = estimator.update(still).configuration
    for tick in range(1, 4000):
        time = still.time + 0.004 * tick
        imu = replace(still.imu, time=time, angular_velocity=bias, acceleration=np.array([0, 0, 9.81]))
        feet = replace(still.feet, wrench=np.array([[0, 0, 290.0, 0, 0, 0]] * 2))
        state = estimator.update(replace(still, time=time, imu=imu, feet=feet))
    assert rotation_error(state.configuration[3:7], start[3:7]) < 0.002
    assert np.abs(state.velocity[3:6]).max() < 0.002


def test_without_an_observation_there_is_no_state(spec):
    with pytest.raises(RuntimeError, match="no observation"):
        _ = Estimator(spec, 0.004).state
