"""How fast the hands are to compute, in CPU time of one core: physics, tensions, retargeting.

python benchmarks/hands/speed.py
"""

from __future__ import annotations

import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import mujoco
import numpy as np

from bunraku.hands import build_hand, cable_arms, load_hand, tension_limits
from bunraku.hands.cables import TensionDistribution, run_arms
from bunraku.hands.retarget import DIGITS, Retargeter
from bunraku.hands.routed import build_routed_hand

STEPS, SETTLE = 5000, 1800


def steps_per_second(spec: mujoco.MjSpec, hold: bool) -> tuple[float, float]:
    """Steps per CPU second and the mean number of contacts while a hand closes on a ball, or moves freely."""
    if hold:
        ball = spec.worldbody.add_body(pos=[0.085, 0.01, -0.05])
        ball.add_freejoint()
        ball.add_geom(type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[0.032, 0, 0], mass=0.06)
    # palm up, so that the ball stays in the hand
    spec.option.gravity = [0, 0, 9.81]
    model = spec.compile()
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    hand = load_hand("h22")
    fist = [np.radians(0.7 * joint.range_deg[1]) * ("abduction" not in joint.name) for joint in hand.joints]
    if model.nu == len(hand.cables):
        data.ctrl[:] = cable_arms(hand) @ fist
    else:
        runs = run_arms(hand)
        data.ctrl[: len(runs)] = data.actuator_length[: len(runs)] - runs @ fist
    mujoco.mj_step(model, data, SETTLE)
    contacts, start = 0, time.process_time()
    for _ in range(STEPS // 100):
        mujoco.mj_step(model, data, 100)
        contacts += data.ncon
    return STEPS / (time.process_time() - start), contacts / (STEPS / 100)


def main() -> None:
    """Print every figure."""
    hand = load_hand("h22")
    for name, build in (("pulley", build_hand), ("routed", build_routed_hand)):
        for hold in (False, True):
            rate, contacts = steps_per_second(build(hand), hold)
            print(f"{name:7s} {'holding a ball' if hold else 'free':15s} {rate:8.0f} steps/s  {contacts:4.1f} contacts")
    for name in ("h22", "h22-n1"):
        spec = load_hand(name)
        arms = run_arms(spec)
        limits = np.full(len(arms), tension_limits(spec, continuous=False).max())
        distribution = TensionDistribution(arms, limits)
        torques = np.random.default_rng(0).normal(0, 0.1, (500, spec.dof))
        start = time.process_time()
        for torque in torques:
            distribution.solve(torque)
        print(f"tensions of {len(arms)} runs ({name}): {2 * (time.process_time() - start):.3f} ms")
    retargeter = Retargeter(hand)
    model = retargeter.model
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    points = np.zeros((21, 3))
    for name, first in DIGITS.items():
        bodies = [data.body(f"right_{name}_{link.name}").xpos for link in hand.digit(name).links[-3:]]
        points[first : first + 4] = [*bodies, data.site(f"right_{name}_tip").xpos]
    start = time.process_time()
    for phase in np.linspace(0, 6, 200):
        retargeter.step(points + 0.005 * np.sin(phase + np.arange(21))[:, None])
    print(f"retargeting: {200 / (time.process_time() - start):.0f} frames/s")


if __name__ == "__main__":
    main()
