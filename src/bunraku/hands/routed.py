"""Cables as they run: spatial tendons from the forearm through the wrist and past every joint, elastic, with friction.

Each run passes a guide before and a guide behind every joint. Runs that a joint bends inwards (flexors) go straight
from guide to guide, so that their arms grow with flexion as bowstrings do; those that it bends outwards (extensors)
wrap a pulley and keep theirs. MuJoCo has no friction along a tendon, so `capstan_efficiency` gives the share e^(−μθ) of
the motor's force that arrives, from the angle θ through which the wrapped path turns.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import radians, sqrt, tan

import mujoco
import numpy as np

from bunraku.hands.actuators import tension_ranges
from bunraku.hands.cables import wrist_arms
from bunraku.hands.model import _add_joint, _mirror, add_hand, set_contact_options
from bunraku.hands.spec import CableSpec, HandSpec

CABLE_STIFFNESS = 60_000.0
"""N: Young's modulus times section, a 0.8 mm braided polyethylene cable (about 120 GPa × 0.5 mm²)."""
FOREARM_LENGTH = 0.15
"""From the wrist to the spools, m."""
FRICTION = 0.10
"""Cable in a lined guide."""
CLEARANCE = 1.15
"""Guides sit so far from the joint that they would meet at this multiple of the tangent of half its range."""
EXTENSOR_GUIDE = 0.4
"""Distance over the arm of the guides of a run that wraps a pulley."""
PULLEY = {"contype": 0, "conaffinity": 0, "mass": 0, "density": 0, "group": 5}
LEAST_TENSION = 1.5
"""N."""


@dataclass(frozen=True)
class Run:
    """One pulling run: `sign` +1 for the cable itself, −1 for the other run of a loop."""

    cable: CableSpec
    sign: int

    @property
    def name(self) -> str:
        """The cable's name, with `_return` behind for the other run."""
        return self.cable.name + ("" if self.sign > 0 else "_return")


def runs(hand: HandSpec) -> list[Run]:
    """All runs, in the order of `bunraku.hands.cables.run_arms`."""
    return [Run(cable, 1) for cable in hand.cables] + [Run(cable, -1) for cable in hand.cables if cable.kind == "loop"]


def build_routed_hand(hand: HandSpec, side: str = "right") -> mujoco.MjSpec:
    """A stand-alone hand on a wrist of two hinges, pulled by routed runs instead of fixed tendons.

    Actuators and tendons are `{side}_{run name}`, then one position actuator for each wrist joint. A run's actuator is
    a position servo of motor and cable in series on its length, which can only pull.
    """
    spec = mujoco.MjSpec()
    spec.modelname = f"{side}_{hand.name}_routed"
    spec.compiler.degree = False
    set_contact_options(spec)
    mirror = _mirror(side)
    forearm = spec.worldbody
    wrist = forearm.add_body(name=f"{side}_wrist")
    wrist.explicitinertial = True
    wrist.mass, wrist.ipos, wrist.inertia = 0.05, [0, 0, 0], [3e-5] * 3
    for joint in hand.wrist_joints:
        _add_joint(wrist, joint, side, mirror)
    add_hand(spec, wrist, hand, side)
    for element in (*spec.actuators, *spec.tendons, *spec.sensors):
        spec.delete(element)
    # a tendon that wraps cannot carry inertia, so the rotors' goes to the joints
    for joint in hand.joints:
        reflected = sum(hand.cable_inertia * cable.arms.get(joint.name, 0.0) ** 2 for cable in hand.cables)
        spec.joint(f"{side}_{joint.name}").armature = reflected
    place = _Router(spec, hand, side, forearm)
    forces = {cable.name: row for cable, row in zip(hand.cables, tension_ranges(hand), strict=True)}
    for run in runs(hand):
        length = place.route(run)
        series = 1 / (1 / hand.cable_stiffness + length / CABLE_STIFFNESS)
        name = f"{side}_{run.name}"
        motor = spec.add_actuator(name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_TENDON)
        # the actuator's force is positive when it pushes, so pulling is the negative side
        motor.set_to_position(kp=series, kv=1.8 * sqrt(series * hand.cable_inertia) * 0.2)
        motor.forcelimited = True
        low, high = forces[run.cable.name]
        motor.forcerange = [-(high if run.sign > 0 else -low), 0]
    for joint in hand.wrist_joints:
        name = f"{side}_{joint.name}"
        spec.add_actuator(name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_JOINT).set_to_position(kp=60, kv=2)
    return spec


class _Router:
    """Adds the sites, pulleys and tendon of each run."""

    def __init__(self, spec: mujoco.MjSpec, hand: HandSpec, side: str, forearm: mujoco.MjsBody) -> None:
        self.spec, self.hand, self.side, self.forearm = spec, hand, side, forearm
        self.mirror = np.array([1.0, _mirror(side), 1.0])
        self.offsets = wrist_arms(hand)
        self.palm, self.wrist = spec.body(f"{side}_hand"), spec.body(f"{side}_wrist")
        self.ball = self.wrist.add_geom(
            name=f"{side}_wrist_ball",
            type=mujoco.mjtGeom.mjGEOM_SPHERE,
            size=[0.98 * max(0.001, hand.actuation.wrist_offset), 0, 0],
            **PULLEY,
        )

    def route(self, run: Run) -> float:
        """Add one run; returns its length in m with all joints at zero, nearly."""
        name = f"{self.side}_{run.name}"
        tendon = self.spec.add_tendon(name=name)
        row = list(self.hand.cables).index(run.cable)
        flexion, deviation = run.sign * self.offsets[row]
        # flexion turns about y: a cable at −z flexes; deviation about z: a cable at +y deviates
        through = np.array([0.0, deviation, -flexion])
        widest = max((max(np.abs(joint.range_deg)) for joint in self.hand.wrist_joints), default=0.0)
        gap = np.array([CLEARANCE * tan(radians(widest) / 2) * float(np.linalg.norm(through)), 0, 0])
        if through.any():
            spool = self._site(self.forearm, f"{name}_spool", through - [FOREARM_LENGTH, 0, 0])
            tendon.wrap_site(spool.name)
            tendon.wrap_site(self._site(self.forearm, f"{name}_wrist_in", through - gap).name)
            outside = self._site(self.wrist, f"{name}_wrist_side", 1.3 * through)
            tendon.wrap_geom(self.ball.name, outside.name)
        tendon.wrap_site(self._site(self.palm, f"{name}_wrist_out", through + gap).name)
        length = FOREARM_LENGTH
        digit = next(d for d in self.hand.digits if any(j.name in run.cable.arms for j in d.joints))
        far = max(i for i, link in enumerate(digit.links) if any(run.cable.arms.get(j.name) for j in link.joints))
        parent = self.palm
        for depth, link in enumerate(digit.links[: far + 1]):
            body = self.spec.body(f"{self.side}_{digit.name}_{link.name}")
            self._pass_joint(tendon, f"{name}_{link.name}", run, link.joints, parent, body)
            length += link.length if depth < far else 0.0
            parent = body
        return length + 0.08

    def _pass_joint(self, tendon, name: str, run: Run, joints, parent: mujoco.MjsBody, body: mujoco.MjsBody) -> None:
        axes = [np.array(joint.axis) for joint in joints]
        arms = [run.sign * run.cable.arms.get(joint.name, 0.0) for joint in joints]
        bend = max(range(len(joints)), key=lambda i: abs(arms[i])) if joints else None
        along = np.array([1.0, 0, 0])
        if bend is not None:
            along = along - (along @ axes[bend]) * axes[bend]
            along /= np.linalg.norm(along)
        rows = [np.cross(along, axis) for axis in axes] + [along]
        offset = np.linalg.lstsq(np.array(rows), np.array([-arm for arm in arms] + [0.0]), rcond=None)[0]
        outwards = bend is not None and arms[bend] < -1e-6
        half = radians(max(np.abs(joints[bend].range_deg))) / 2 if bend is not None else 0.0
        share = EXTENSOR_GUIDE if outwards else CLEARANCE * tan(half)
        reach = max(0.002, share * float(np.linalg.norm(offset)))
        # in the parent's frame, at zero angle
        turn, origin = _matrix(body.quat), np.array(body.pos)
        flip = np.diag(self.mirror)
        before = origin + turn @ flip @ (offset - reach * along)
        tendon.wrap_site(self._site(parent, f"{name}_in", before, mirrored=True).name)
        if outwards and bend is not None:
            radius = 0.98 * float(np.linalg.norm(offset))
            axis = axes[bend] * self.mirror * self.mirror[1]
            pulley = body.add_geom(
                name=f"{name}_pulley",
                type=mujoco.mjtGeom.mjGEOM_CYLINDER,
                fromto=[*(-0.004 * axis), *(0.004 * axis)],
                size=[radius, 0, 0],
                **PULLEY,
            )
            outside = self._site(body, f"{name}_side", flip @ (1.3 * offset), mirrored=True)
            tendon.wrap_geom(pulley.name, outside.name)
        after = flip @ (offset + reach * along)
        tendon.wrap_site(self._site(body, f"{name}_out", after, mirrored=True).name)

    def _site(self, body: mujoco.MjsBody, name: str, point: np.ndarray, mirrored: bool = False) -> mujoco.MjsSite:
        return body.add_site(name=name, pos=point if mirrored else point * self.mirror, size=[0.0008] * 3, group=5)


def routed_arms(model: mujoco.MjModel, data: mujoco.MjData) -> np.ndarray:
    """Moment arms (k runs, nv) m at the present posture, positive where pulling turns a joint to positive angles."""
    mujoco.mj_fwdPosition(model, data)
    arms = np.zeros((model.nu, model.nv))
    mujoco.mju_sparse2dense(arms, data.actuator_moment, data.moment_rownnz, data.moment_rowadr, data.moment_colind)
    return -arms[: model.ntendon]


def bend_angles(model: mujoco.MjModel, data: mujoco.MjData) -> np.ndarray:
    """The angle (ntendon,) rad through which each run's path turns at the present posture."""
    angles = np.zeros(model.ntendon)
    path = data.wrap_xpos.reshape(-1, 3)
    for tendon in range(model.ntendon):
        start, count = data.ten_wrapadr[tendon], data.ten_wrapnum[tendon]
        pieces = np.diff(path[start : start + count], axis=0)
        length = np.linalg.norm(pieces, axis=1)
        pieces = pieces[length > 1e-9] / length[length > 1e-9, None]
        cosine = np.clip((pieces[1:] * pieces[:-1]).sum(1), -1, 1)
        angles[tendon] = np.arccos(cosine).sum()
    return angles


def capstan_efficiency(angle: np.ndarray, friction: float = FRICTION) -> np.ndarray:
    """Share of a cable's force left behind guides that turn it by `angle` rad while it is pulled: e^(−μθ)."""
    return np.exp(-friction * np.asarray(angle))


def slack_runs(model: mujoco.MjModel, data: mujoco.MjData, least: float = 0.1) -> list[str]:
    """Names of the runs whose tension is below `least` N."""
    return [model.actuator(i).name for i in range(model.ntendon) if -data.actuator_force[i] < least]


def _matrix(quat: np.ndarray) -> np.ndarray:
    matrix = np.zeros(9)
    mujoco.mju_quat2Mat(matrix, np.asarray(quat, float))
    return matrix.reshape(3, 3)
