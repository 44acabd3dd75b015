"""The fast solver and mink's own: the same motions."""

import mink
import numpy as np
import pytest

from bunraku.control.reach import ARM, PELVIS_SPEED, PELVIS_TURNING_SPEED, UPPER, ReachPlanner
from bunraku.robot import RobotSpec
from bunraku.runtime import furniture


@pytest.fixture(scope="module")
def planner() -> ReachPlanner:
    return ReachPlanner(RobotSpec(), furniture())


def test_it_solves_the_problem_that_mink_poses(planner: ReachPlanner) -> None:
    """With joints and the pelvis at their speed limits, and an arm that runs into the counter and the trunk."""
    model, solver = planner.model, planner._solver
    configuration = mink.Configuration(model, q=planner.nominal)
    posture = mink.PostureTask(model, np.r_[np.zeros(6), np.full(30, 0.1)], gain=0.5)
    posture.set_target(planner.nominal)
    palm = mink.FrameTask("right_palm", "site", 10.0, 2.0, lm_damping=0.02)
    speeds = {model.joint(i).name: solver._speed[model.joint(i).dofadr[0]] for i in range(1, model.njnt)}
    limits = [
        mink.ConfigurationLimit(model),
        mink.VelocityLimit(model, speeds),
        mink.FreeJointVelocityLimit(model, PELVIS_SPEED, PELVIS_TURNING_SPEED),
        solver._collisions,
    ]
    feet = planner._feet
    touched = {"speed": False, "collision": False, "range": False}
    for goal in ([0.45, -0.1, 0.80], [0.05, 0.0, 1.1], [0.2, -0.9, 1.6]):
        configuration.update(planner.nominal)
        palm.set_target(mink.SE3.from_rotation_and_translation(mink.SO3.identity(), np.array(goal)))
        for _ in range(40):
            tasks = [palm, posture]
            expected = mink.solve_ik(configuration, tasks, 0.05, "daqp", damping=1e-4, limits=limits, constraints=feet)
            found = solver.solve(configuration, tasks, feet, 0.05)
            assert found == pytest.approx(expected, abs=1e-6)
            touched["speed"] |= bool((np.abs(found[UPPER]) > solver._speed[UPPER] - 1e-6).any())
            touched["collision"] |= bool(
                np.isfinite(solver._collisions.compute_qp_inequalities(configuration, 1.0).h).any()
            )
            configuration.integrate_inplace(found, 0.05)
            room = np.minimum(
                configuration.q[7:] - model.jnt_range[1:, 0], model.jnt_range[1:, 1] - configuration.q[7:]
            )
            touched["range"] |= bool((room[ARM["right"].start - 6 : ARM["right"].stop - 6] < 1e-2).any())
    assert all(touched.values()), touched


def test_without_a_solution_nothing_moves(planner: ReachPlanner) -> None:
    """A joint far outside its range cannot be back in time."""
    outside = planner.nominal.copy()
    outside[7 + 4] = planner.spec.upper_limits[4] + 3.0
    configuration = mink.Configuration(planner.model, q=outside)
    task = mink.ComTask(np.ones(3))
    task.set_target_from_configuration(configuration)
    assert not planner._solver.solve(configuration, [task], planner._feet, 0.02).any()
