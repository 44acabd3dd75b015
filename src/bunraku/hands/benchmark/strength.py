"""S, V and C: how hard and how fast the hand is, from statics and from the motors' force–speed line."""

from __future__ import annotations

from dataclasses import replace

import mujoco
import numpy as np

from bunraku.hands.benchmark.fit import Fit, fit_grasp, strengthen
from bunraku.hands.benchmark.force import greatest_force, statics
from bunraku.hands.benchmark.grasps import ALONG, FINGERS, THUMB, Grasp
from bunraku.hands.benchmark.kinematics import Kinematics
from bunraku.hands.benchmark.shapes import Shape
from bunraku.hands.benchmark.subject import STALL

GAUGES: dict[str, Grasp] = {
    "tip": Grasp(
        101, "Tip pinch", "precision", Shape("sphere", (0.010,), 0.05), ("thumb.tip",), ("index.tip",), axis=None
    ),
    "key": Grasp(
        102, "Key pinch", "intermediate", Shape("box", (0.008, 0.03, 0.02), 0.1), THUMB, ("index.radial",), axis=None
    ),
    "palmar": Grasp(
        103, "Palmar pinch", "precision", Shape("sphere", (0.012,), 0.05), THUMB, ("index.pad", "middle.pad"), axis=None
    ),
    "hook": Grasp(104, "Hook", "power", Shape("cylinder", (0.015, 0.06), 1.0), (), tuple(f"{f}.wrap" for f in FINGERS)),
    "grip": Grasp(
        105, "Grip", "power", Shape("cylinder", (0.0225, 0.06), 0.5), ("palm",), tuple(f"{f}.wrap" for f in FINGERS)
    ),
}
"""Test bodies of pinch gauges, a bar and a dynamometer's handle."""
FITS, SEARCHES, CLIMBS = 6, 2, 2
SMOOTH = 0.4
"""Friction of the gauge's plate under the thumb: it reads what presses along its axis."""
LEVER = 0.03
"""Least length of the vector of lever arms, m, with which a thumb's or a gripping link's force counts: about a last
phalanx. A strut with no lever about its joints bears any load, and so does a thumb that leans on its joints' stops, but
neither makes it: what a gauge reads must come from the tendons."""
TAP = np.radians(15)


def strength(kinematics: Kinematics, seed: int) -> dict[str, dict[str, float]]:
    """For each gauge the greatest force in N, sustained and at stall; 0 if the hand cannot take hold of it.

    Pinches report the thumb's normal force, the hook the load along the fingers, the grip the force of the last links
    towards the palm, whose reaction the handle takes anywhere: the strongest posture of SEARCHES searches, from which
    pinches climb on, CLIMBS of them. In key pinch the index may lean on its ulnar stop, as people's does.
    """
    table = {}
    for name, whole in GAUGES.items():
        gauge = whole.with_digits(kinematics.subject.digits)

        def force(fit: Fit, limit: str = STALL, name: str = name) -> float:
            return gauge_force(kinematics, name, fit, kinematics.subject.forces[limit])

        leanings = [(), _sideways(kinematics)] if name == "key" else [()]
        found = [
            (fit, leaning)
            for search in range(SEARCHES)
            for leaning in leanings
            for fit in fit_grasp(kinematics, gauge, seed + 1000 * search, FITS, leaning)
            if fit.feasible
        ]
        rng = np.random.default_rng([seed, gauge.number])
        strongest = sorted(found, key=lambda pair: -force(pair[0]))[:CLIMBS]
        fits = [fit for fit, _ in strongest]
        if "thumb" in {contact.split(".")[0] for contact in gauge.contacts}:
            fits += [strengthen(kinematics, fit, force, rng, leaning) for fit, leaning in strongest]
        best = max(fits, key=force, default=None)
        table[name] = {limit: max(0.0, force(best, limit)) if best else 0.0 for limit in kinematics.subject.forces}
    return table


def gauge_force(kinematics: Kinematics, name: str, fit: Fit, limits: np.ndarray) -> float:
    """The force, N, that the gauge called `name` reads at a fitted posture with tensions within `limits` (m, 2) N."""
    if name == "hook":
        load = np.array([*ALONG, 0, 0, 0])
        return greatest_force(statics(kinematics, fit), limits, np.zeros(len(fit.contacts)), load)
    plate = {} if name == "grip" else {"thumb": SMOOTH}
    s = statics(kinematics, fit, digit_friction=plate)
    weights = np.array([1.0 if c.digit == "thumb" else 0.0 for c in fit.contacts])
    if name == "grip":
        s = replace(s, wrench=np.zeros_like(s.wrench))
        last = {link.body for chain in kinematics.subject.digits.values() for link in chain[-1:]}
        weights = np.array([max(0.0, c.normal[2]) if c.body in last else 0.0 for c in fit.contacts])
    else:
        s = replace(s, stops=s.stops[:, ~s.stops[_joints(kinematics, "thumb")].any(0)])
    lever = np.linalg.norm(s.torque.reshape(len(s.torque), len(weights), -1).mean(2), axis=0)
    return greatest_force(s, limits, np.where(lever > LEVER, weights, 0.0))


def _joints(kinematics: Kinematics, digit: str) -> list[int]:
    """Numbers of a digit's joints."""
    bodies = {link.body for link in kinematics.subject.digits[digit]}
    return [j for j, body in enumerate(kinematics.subject.model.jnt_bodyid) if int(body) in bodies]


def _sideways(kinematics: Kinematics) -> tuple[int, ...]:
    """The index's abduction joint, if it has one whose lower stop is ulnar."""
    model, palm = kinematics.subject.model, kinematics.subject.palm
    placement = kinematics.place(np.clip(np.zeros((1, kinematics.dof)), kinematics.lower, kinematics.upper))
    up = -placement.direction(palm.body, palm.normal)[0]
    bodies = [link.body for link in kinematics.subject.digits["index"]]
    axes = {
        j: placement.direction(int(model.jnt_bodyid[j]), model.jnt_axis[j])[0] @ up
        for j in range(model.njnt)
        if model.jnt_bodyid[j] in bodies
    }
    return tuple(j for j, cosine in axes.items() if cosine > 0.8)


def closing_time(kinematics: Kinematics) -> float:
    """Seconds from an open hand to a fist at no load: the slowest cable's travel at full speed plus its run-up."""
    subject = kinematics.subject
    span = kinematics.upper - kinematics.lower
    flexes = np.array([_flexes(kinematics, joint) for joint in range(kinematics.dof)])
    opened = np.clip(np.zeros(kinematics.dof), kinematics.lower, kinematics.upper)
    closed = np.where(flexes, kinematics.lower + 0.9 * span, opened)
    arms = subject.moment_arms((opened + closed) / 2)
    travel = np.abs(arms @ (closed - opened))
    stall = subject.forces["stall"][:, 1]
    return float(np.max(travel / subject.cable_speed + subject.cable_inertia * subject.cable_speed / stall))


def tapping_frequency(kinematics: Kinematics) -> float:
    """Greatest frequency in Hz at which the index's base joint can swing ±TAP: force and speed of each cable within the
    motor's linear force–speed line, against rotor and finger inertia."""
    subject = kinematics.subject
    joint = _index_base(kinematics)
    posture = np.clip(np.full(kinematics.dof, 0.3), kinematics.lower, kinematics.upper)
    arms = np.abs(subject.moment_arms(posture)[:, joint])
    acting = arms > 1e-3
    inertia = _link_inertia(subject.model, posture, joint)
    lowest = np.inf
    for arm, speed, stall in zip(
        arms[acting], subject.cable_speed[acting], subject.forces["stall"][acting, 1], strict=True
    ):
        mass = subject.cable_inertia + inertia / (arm**2 * acting.sum())
        low, high = 0.01, 100.0
        for _ in range(50):
            f = (low + high) / 2
            omega = 2 * np.pi * f
            load = np.hypot(mass * omega**2 * arm * TAP / stall, omega * arm * TAP / speed)
            low, high = (f, high) if load < 1 else (low, f)
        lowest = min(lowest, low)
    return lowest


def _flexes(kinematics: Kinematics, joint: int) -> bool:
    """Whether a joint turns about the same axis as the last joint of its digit."""
    model = kinematics.subject.model
    for chain in kinematics.subject.digits.values():
        bodies = [link.body for link in chain]
        if model.jnt_bodyid[joint] in bodies:
            last = chain[-1]
            along = (last.end - last.start) / np.linalg.norm(last.end - last.start)
            return bool(abs(model.jnt_axis[joint] @ np.cross(along, last.palmar)) > 0.8)
    return False


def _index_base(kinematics: Kinematics) -> int:
    model = kinematics.subject.model
    chain = [link.body for link in kinematics.subject.digits["index"]]
    return next(j for j in range(model.njnt) if model.jnt_bodyid[j] in chain and _flexes(kinematics, j))


def _link_inertia(model: mujoco.MjModel, posture: np.ndarray, joint: int) -> float:
    """Inertia of the links about a joint, without rotors, kg·m²."""
    bare = mujoco.MjModel.__copy__(model)
    bare.tendon_armature[:] = 0
    bare.dof_armature[:] = 0
    data = mujoco.MjData(bare)
    data.qpos[:] = posture
    mujoco.mj_forward(bare, data)
    full = np.zeros((bare.nv, bare.nv))
    mujoco.mj_fullM(bare, data, full)
    return float(full[joint, joint])
