"""X: what a moving wrist does to the fingers when their cables run through it, measured on the routed cables."""

from __future__ import annotations

import mujoco
import numpy as np

from bunraku.hands.cables import wrist_arms
from bunraku.hands.routed import LEAST_TENSION, bend_angles, build_routed_hand, capstan_efficiency, slack_runs
from bunraku.hands.spec import HandSpec

FLEXION = 1.0
"""Wrist flexion of the test, rad."""
SETTLE = 1.5
"""s."""


def wrist_crosstalk(hand: HandSpec) -> dict[str, float]:
    """Mean motion of the finger joints in degrees when the wrist flexes by FLEXION.

    `uncompensated_deg` with locked motors, `linear_deg` when they wind R_w Δq_w, `compensated_deg` when they wind
    what the cables' paths need. Also the share of force that friction leaves at the fingers (`efficiency`), and how
    many runs are slack after the compensated motion. Zeros, and 1, for a hand whose motors sit in the palm.
    """
    if hand.actuation.place == "palm":
        return {"uncompensated_deg": 0.0, "linear_deg": 0.0, "compensated_deg": 0.0, "efficiency": 1.0, "slack": 0}
    model = build_routed_hand(hand).compile()
    data = mujoco.MjData(model)
    model.opt.gravity[:] = 0
    wrists = len(hand.wrist_joints)
    fingers = [i for i, name in enumerate(hand.joint_names) if not name.startswith("thumb")]
    runs = model.ntendon
    posture = np.radians([np.clip(20.0, *joint.range_deg) * ("abduction" not in joint.name) for joint in hand.joints])
    data.qpos[wrists:] = posture
    mujoco.mj_forward(model, data)
    held = data.actuator_length[:runs] - LEAST_TENSION / model.actuator_gainprm[:runs, 0]
    data.ctrl[:runs] = held
    steps = round(SETTLE / model.opt.timestep)
    mujoco.mj_step(model, data, steps)
    start = data.qpos[wrists:][fingers].copy()
    data.ctrl[runs] = FLEXION
    mujoco.mj_step(model, data, steps)
    moved = np.degrees(np.abs(data.qpos[wrists:][fingers] - start)).mean()
    efficiency = float(capstan_efficiency(bend_angles(model, data)).mean())
    arms = wrist_arms(hand)
    loops = [cable.kind == "loop" for cable in hand.cables]
    angles = data.qpos[:wrists].copy()
    linear = held - np.concatenate([arms, -arms[loops]]) @ angles
    still, bent = _lengths(model, posture, np.zeros(wrists)), _lengths(model, posture, angles)
    rest, slack = {}, 0
    for name, command in (("linear", linear), ("path", held + bent - still)):
        data.ctrl[:runs] = command
        mujoco.mj_step(model, data, steps)
        rest[name] = float(np.degrees(np.abs(data.qpos[wrists:][fingers] - start)).mean())
        slack = len(slack_runs(model, data))
    return {
        "uncompensated_deg": float(moved),
        "linear_deg": rest["linear"],
        "compensated_deg": rest["path"],
        "efficiency": efficiency,
        "slack": slack,
    }


def _lengths(model: mujoco.MjModel, posture: np.ndarray, wrist: np.ndarray) -> np.ndarray:
    data = mujoco.MjData(model)
    data.qpos[:] = np.concatenate([wrist, posture])
    mujoco.mj_forward(model, data)
    return data.actuator_length[: model.ntendon].copy()
