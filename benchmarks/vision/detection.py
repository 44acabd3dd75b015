"""How well does the detector find things? Seeded rooms, seen by the head and chest cameras of the standing robot.

python benchmarks/vision/detection.py --scenes 100 --seed 0
python benchmarks/vision/detection.py --scenes 20 --seed 600 --detector all --setting.arrangement own-dish
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

if platform.system() == "Linux":
    os.environ.setdefault("MUJOCO_GL", "egl")

import cv2
import mujoco
import numpy as np
import tyro
from rich.progress import track
from scipy.spatial.transform import Rotation

from bunraku.objects import COLOURS, KINDS, SURFACES
from bunraku.robot import JOINTS, SIDES, RobotSpec, build_robot, standing_configuration
from bunraku.sim.build import OBJECT_PREFIX, build_model
from bunraku.sim.render import BODY_GROUPS, CameraRenderer, intrinsics
from bunraku.sim.scene import Placed, Scene, on_surface, random_scene
from bunraku.skills.object_models import YAW_PERIODS, catalogue_models
from bunraku.skills.own_body import OwnBody
from bunraku.statistics import wilson_interval
from bunraku.vision.detect import (
    Box,
    ColourDetector,
    Detection,
    Detector,
    View,
    capsule_mask,
    dish_detector,
    learned_detector,
    rotation_from_mujoco,
)
from bunraku.vision.detect.network import HOUSEHOLD, overlaps

CAMERAS = ("head_left", "head_right", "chest")
CLEAR, PARTLY = 0.97, 0.4
"""Shares of an object's own pixels that are in view, in its second best view: clear, or partly hidden."""
MATCH = 0.05
"""A detection this near (m) to an object is of that object."""


@dataclass(frozen=True)
class Setting:
    """How hard it is.

    Attributes:
        surface: where the things stand.
        arms: the robot's arms hang over it and hide things.
        fallen: the graspable things have been tipped over.
        disturbed: other light, noise, JPEG, and cameras displaced by 2 mrad and 1 mm (standard deviations).
        arrangement: spread apart; three things on dishes of their own colour, or of another; three pairs of one colour,
            one behind the other; or four low things at the near edge of the side table, which the counter half hides.
        noise: standard deviation of each pixel and channel, in levels of 255.
        light: how odd the light is: gain and, a third as much, tint vary by this standard deviation, as logarithms.
    """

    surface: Literal["counter", "shelf", "side table"] = "counter"
    arms: bool = False
    fallen: bool = False
    disturbed: bool = False
    arrangement: Literal["spread", "own-dish", "other-dish", "behind", "near-edge"] = "spread"
    noise: float = 0.0
    light: float = 0.0


@dataclass(frozen=True)
class Case:
    """One room: what the robot's cameras saw, what was there, how much of each thing was in view (by camera), and the
    boxes of what was seen of it, by camera."""

    scene: Scene
    views: list[View]
    visible: dict[str, list[float]]
    boxes: dict[str, Mapping[str, Box]]


SETTING = Setting()


@dataclass
class Tally:
    """Results for one kind."""

    found: dict[str, int] = field(default_factory=lambda: {"clear": 0, "partly": 0})
    asked: dict[str, int] = field(default_factory=lambda: {"clear": 0, "partly": 0})
    false: int = 0
    confused: int = 0
    error: list[float] = field(default_factory=list)
    yaw: list[float] = field(default_factory=list)
    normalised: list[float] = field(default_factory=list)
    iou: list[float] = field(default_factory=list)


def cases(count: int, seed: int, objects: int, setting: Setting) -> Iterator[Case]:
    """Rooms with `objects` things, as the standing robot sees them when it looks at their surface."""
    robot, own_body = build_robot(), OwnBody()
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        scene = _scene(rng, objects, setting)
        poses = _fall(scene, rng) if setting.fallen else {}
        case = _look(robot, own_body, scene, poses, _posture(rng, setting))
        yield _expose(_disturb(case, rng) if setting.disturbed else case, rng, setting)


def _scene(rng: np.random.Generator, objects: int, setting: Setting) -> Scene:
    board = SURFACES[setting.surface]
    match setting.arrangement:
        case "own-dish" | "other-dish":
            return _on_dishes(rng, setting.arrangement == "own-dish")
        case "behind":
            return _behind_each_other(rng)
        case "near-edge":
            return _at_near_edge(rng)
    if setting.surface == "counter":
        return random_scene(rng, count=objects)
    area = replace(board, x=(board.x[0] + 0.08, board.x[1] - 0.08), y=(board.y[0] + 0.08, board.y[1] - 0.08))
    kinds = rng.choice([k.name for k in KINDS.values() if k.graspable], objects, replace=False)
    return random_scene(rng, [str(kind) for kind in kinds], area=area, board=board, clearance=0.03)


SMALL = ("cube", "ball", "apple", "mug", "can", "small box", "sponge", "marker")


def _on_dishes(rng: np.random.Generator, own: bool) -> Scene:
    """Three things on three dishes of their `own` colour, or of another."""
    dishes = [str(kind) for kind in rng.choice(["plate", "bowl"], 3)]
    while True:
        laid = random_scene(rng, dishes, distinct_colours=True).objects
        fitting = [[k for k in SMALL if dish.colour in KINDS[k].colours or not own] for dish in laid]
        if all(fitting):
            break
    things = []
    for dish, kinds in zip(laid, fitting, strict=True):
        kind, support = str(rng.choice(kinds)), KINDS[dish.kind].support
        assert support is not None
        x, y = np.array(dish.position[:2]) + rng.normal(0, support.radius / 3, 2)
        z = dish.position[2] + support.height + KINDS[kind].rest_height
        yaw = float(rng.uniform(-np.pi, np.pi))
        colour = dish.colour if own else str(rng.choice([c for c in KINDS[kind].colours if c != dish.colour]))
        things.append(Placed(f"{colour} {kind} on {dish.colour}", kind, colour, (float(x), float(y), float(z)), yaw))
    return Scene((*laid, *things))


def _behind_each_other(rng: np.random.Generator) -> Scene:
    large = ("mug", "can", "bottle", "box", "small box", "cube", "ball", "apple")
    placed = []
    for column, colour in enumerate(rng.choice(list(COLOURS), 3, replace=False)):
        own = [kind for kind in large if colour in KINDS[kind].colours]
        near, far = (str(kind) for kind in rng.choice(own, 2, replace=False))
        x, y = rng.uniform(0.30, 0.40), 0.17 * (column - 1) + rng.uniform(-0.02, 0.02)
        apart = (max(KINDS[near].size[:2]) + max(KINDS[far].size[:2])) / 2 + rng.uniform(0.01, 0.05)
        spots = ((near, (x, y)), (far, (x + apart, y * (1 + apart / x) + rng.normal(0, 0.015))))
        for kind, xy in spots:
            yaw = float(rng.uniform(-np.pi, np.pi))
            placed.append(on_surface(f"{colour} {kind}", kind, str(colour), SURFACES["counter"], xy, yaw))
    return Scene(tuple(placed))


def _at_near_edge(rng: np.random.Generator) -> Scene:
    board = SURFACES["side table"]
    area = replace(board, x=(board.x[0] + 0.05, board.x[1] - 0.05), y=(board.y[0] + 0.02, board.y[0] + 0.10))
    low = ["sponge", "marker", "banana", "cube", "ball", "small box"]
    return random_scene(rng, [str(kind) for kind in rng.choice(low, 4, replace=False)], 4, area, board, 0.01)


def _posture(rng: np.random.Generator, setting: Setting) -> np.ndarray:
    """Configuration (37,) of a robot that looks at the middle of the surface."""
    surface = SURFACES["side table" if setting.arrangement == "near-edge" else setting.surface]
    changes = {
        "neck_pitch": 0.6,
        "neck_yaw": 0.0 if surface.name == "counter" else float(np.arctan2(np.mean(surface.y), np.mean(surface.x))),
    }
    for side in SIDES if setting.arms else ():
        for joint, middle, spread in (("shoulder_pitch", -0.5, 0.3), ("shoulder_yaw", 0, 0.4), ("elbow", 1.7, 0.4)):
            changes[f"{side}_{joint}"] = middle + rng.uniform(-spread, spread)
    configuration = standing_configuration(RobotSpec())
    for joint, angle in changes.items():
        configuration[7 + JOINTS.index(joint)] = angle
    return configuration


def _fall(scene: Scene, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Poses (7,) of the things after each was tipped over and came to rest."""
    model = build_model(None, scene)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    for placed in scene.objects:
        if not KINDS[placed.kind].graspable:
            continue
        joint = data.joint(OBJECT_PREFIX + placed.name)
        axis = rng.uniform(0, 2 * np.pi)
        half = rng.uniform(0.35, 0.75)
        tip = np.array([np.cos(half), np.sin(half) * np.cos(axis), np.sin(half) * np.sin(axis), 0])
        mujoco.mju_mulQuat(joint.qpos[3:], tip, joint.qpos[3:].copy())
        joint.qpos[2] = scene.find(placed.name).position[2] + 0.03
    for _ in range(1000):
        mujoco.mj_step(model, data)
    return {o.name: data.joint(OBJECT_PREFIX + o.name).qpos.copy() for o in scene.objects}


def _look(robot, own_body: OwnBody, scene: Scene, poses: dict[str, np.ndarray], configuration: np.ndarray) -> Case:
    model = build_model(robot, scene)
    data = mujoco.MjData(model)
    data.qpos[:7] = configuration[:7]
    for joint, angle in zip(JOINTS, configuration[7:], strict=True):
        data.joint(joint).qpos = angle
    for name, pose in poses.items():
        data.joint(OBJECT_PREFIX + name).qpos = pose
    mujoco.mj_forward(model, data)
    renderer = CameraRenderer(model)
    try:
        views = [_view(model, data, name, renderer.render(data, name)) for name in CAMERAS]
    finally:
        renderer.close()
    body = own_body.capsules(configuration, {})
    views = [replace(view, hidden=capsule_mask(view, *body)) for view in views]
    at = {o.name: tuple(data.body(OBJECT_PREFIX + o.name).xpos) for o in scene.objects}
    # Things that have fallen have no upright yaw.
    scene = Scene(tuple(replace(o, position=at[o.name], yaw=float("nan") if poses else o.yaw) for o in scene.objects))
    return Case(scene, views, *_visibility(model, data, scene))


def _disturb(case: Case, rng: np.random.Generator) -> Case:
    """Other light, sensor noise, compression, and cameras that are not quite where the encoders say."""
    light = rng.uniform(0.6, 1.15) * rng.uniform(0.94, 1.06, 3)
    views = []
    for view in case.views:
        noisy = view.image * light + rng.normal(0, 4, view.image.shape)
        encoded = cv2.imencode(".jpg", np.clip(noisy, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
        turn = Rotation.from_rotvec(rng.normal(0, 0.002, 3)).as_matrix()
        views.append(
            replace(
                view,
                image=cv2.imdecode(encoded, cv2.IMREAD_COLOR),
                position_stance=view.position_stance + rng.normal(0, 0.001, 3),
                rotation_stance_from_camera=turn @ view.rotation_stance_from_camera,
            )
        )
    return replace(case, views=views)


def _expose(case: Case, rng: np.random.Generator, setting: Setting) -> Case:
    """The same pictures in odd light and with noise."""
    if not (setting.noise or setting.light):
        return case
    light = np.exp(rng.normal(0, setting.light)) * np.exp(rng.normal(0, setting.light / 3, 3))
    views = []
    for view in case.views:
        seen = view.image * light + rng.normal(0, 1, view.image.shape) * setting.noise
        views.append(replace(view, image=np.clip(seen, 0, 255).astype(np.uint8)))
    return replace(case, views=views)


def _view(model, data, name: str, image: np.ndarray) -> View:
    height, width = image.shape[:2]
    return View(
        name,
        data.time,
        image,
        intrinsics(model.cam(name).fovy[0], width, height),
        data.cam(name).xpos.copy(),
        rotation_from_mujoco(data.cam(name).xmat),
    )


def _visibility(model, data, scene: Scene) -> tuple[dict[str, list[float]], dict[str, Mapping[str, Box]]]:
    """For each object and camera: its visible pixels over those that it has alone in a picture without borders, and
    the box of the visible ones, px of a picture 640 × 480."""
    bodies = {o.name: model.body(OBJECT_PREFIX + o.name).id for o in scene.objects}
    model.vis.quality.offsamples = 0
    option = mujoco.MjvOption()
    option.geomgroup[:] = [group in BODY_GROUPS for group in range(6)]
    visible = {name: [] for name in bodies}
    boxes: dict[str, dict[str, Box]] = {name: {} for name in bodies}
    opaque = model.geom_rgba[:, 3].copy()
    with mujoco.Renderer(model, 240, 320) as renderer:
        renderer.enable_segmentation_rendering()

        def body_image(camera: str) -> np.ndarray:
            renderer.update_scene(data, camera, scene_option=option)
            ids = renderer.render()[..., 0]
            return np.where(ids >= 0, model.geom_bodyid[ids], -1)

        for camera in CAMERAS:
            together = body_image(camera)
            fovy = model.cam(camera).fovy[0]
            for name, body in bodies.items():
                model.geom_rgba[:, 3] = np.where(model.geom_bodyid == body, opaque, 0)
                # Twice the field of view: what the border cuts off counts as hidden.
                wide = np.degrees(2 * np.arctan(2 * np.tan(np.radians(fovy) / 2)))
                model.cam(camera).fovy[0] = wide
                alone = 4 * np.count_nonzero(body_image(camera) == body)
                model.cam(camera).fovy[0] = fovy
                model.geom_rgba[:, 3] = opaque
                visible[name].append(np.count_nonzero(together == body) / alone if alone > 8 else 0.0)
                x, y, w, h = cv2.boundingRect((together == body).view(np.uint8))
                boxes[name][camera] = (2 * x, 2 * y, 2 * (x + w), 2 * (y + h))
    return visible, boxes


def score(case: Case, detections: list[Detection], tallies: dict[str, Tally]) -> list[str]:
    """Add one room's results to `tallies`; returns what went wrong, in words."""
    left, wrong = list(detections), []
    for placed in case.scene.objects:
        fraction = sorted(case.visible[placed.name])[-2]
        level = "clear" if fraction >= CLEAR else "partly" if fraction >= PARTLY else None
        tally = tallies[placed.kind]
        near = [d for d in left if np.linalg.norm(d.position_stance - placed.position) < MATCH]
        right = [d for d in near if (d.kind, d.colour) == (placed.kind, placed.colour)]
        if level:
            tally.asked[level] += 1
        if right:
            hit = min(right, key=lambda d: float(np.linalg.norm(d.position_stance - placed.position)))
            left = [d for d in left if d is not hit]
            if level:
                tally.found[level] += 1
            if level == "clear":
                _measure(tally, placed, hit)
            if level:
                tally.iou += [_iou(box, case.boxes[placed.name][camera]) for camera, box in hit.boxes.items()]
        elif level:
            wrong.append(f"{level} {placed.name} missed ({', '.join(d.name for d in near) or 'nothing near'})")
    for extra in left:
        near = [o for o in case.scene.objects if np.linalg.norm(extra.position_stance - o.position) < MATCH]
        if near and (near[0].kind, near[0].colour) != (extra.kind, extra.colour):
            tallies[near[0].kind].confused += 1
        else:
            tallies[extra.kind].false += 1
        wrong.append(f"{extra.name} seen at {extra.position_stance.round(3)} for {near[0].name if near else 'nothing'}")
    return wrong


def _iou(box: Box, other: Box) -> float:
    return float(overlaps(np.array(box, float), np.array([other], float))[0])


def _measure(tally: Tally, placed: Placed, hit: Detection) -> None:
    offset = hit.position_stance - placed.position
    tally.error.append(float(np.linalg.norm(offset)))
    tally.normalised.append(float(np.sqrt(offset @ np.linalg.solve(hit.covariance, offset) / 3)))
    period = YAW_PERIODS.get(placed.kind, 2 * np.pi)
    if period and np.isfinite(placed.yaw):
        tally.yaw.append(abs((hit.yaw - placed.yaw + period / 2) % period - period / 2))


def main(
    scenes: int = 100,
    seed: int = 0,
    objects: int = 8,
    setting: Setting = SETTING,
    json_file: Path | None = None,
    verbose: bool = False,
    detector: Literal["colour", "learned", "dishes", "both", "all"] = "colour",
    network: Path = HOUSEHOLD,
):
    """Print recall, false finds and errors by kind.

    Args:
        scenes: number of rooms.
        seed: of the first room.
        objects: things in each room.
        setting: how hard it is.
        json_file: where to write the figures.
        verbose: print what went wrong in each room.
        detector: which one looks; both look at the same pictures, and so do all three.
        network: of the learned detector; `bunraku detector train` makes others.
    """
    heights = tuple(s.top for s in SURFACES.values())
    detectors: dict[str, Detector] = {}
    if detector in ("colour", "both", "all"):
        detectors["colour"] = ColourDetector(support_heights=heights)
    if detector in ("learned", "both", "all"):
        detectors["learned"] = learned_detector(heights, network)
    if detector in ("dishes", "all"):
        detectors["dishes"] = dish_detector(heights, network)
    models = catalogue_models()
    tallies: dict[str, dict[str, Tally]] = {name: defaultdict(Tally) for name in detectors}
    spent: dict[str, list[float]] = {name: [] for name in detectors}
    try:
        for index, case in enumerate(track(cases(scenes, seed, objects, setting), "looking", total=scenes)):
            for name, one in detectors.items():
                started = time.process_time()
                detections = one.detect(case.views, models)
                spent[name].append(time.process_time() - started)
                for line in score(case, detections, tallies[name]):
                    if verbose:
                        print(f"{index:4d} {name}: {line}")
    except KeyboardInterrupt:
        print(f"stopped after {min(map(len, spent.values()))} rooms")
    reports = {}
    for name, own in tallies.items():
        report = reports[name] = {kind: _row(tally) for kind, tally in sorted(own.items())}
        report["all"] = _row(_sum(list(own.values())))
        print(f"\n{name} detector")
        _print(report)
        median, slow = np.percentile(spent[name], (50, 95)) * 1e3
        print(f"CPU time per look: median {median:.0f} ms, p95 {slow:.0f} ms")
    if json_file:
        json_file.write_text(json.dumps(reports if len(reports) > 1 else reports[next(iter(reports))], indent=1))


def _sum(tallies: list[Tally]) -> Tally:
    total = Tally()
    for t in tallies:
        for level in ("clear", "partly"):
            total.found[level] += t.found[level]
            total.asked[level] += t.asked[level]
        total.false += t.false
        total.confused += t.confused
        total.error += t.error
        total.yaw += t.yaw
        total.normalised += t.normalised
        total.iou += t.iou
    return total


def _row(t: Tally) -> dict[str, float]:
    def percentile(values: list[float], q: float, scale: float) -> float:
        return round(scale * float(np.percentile(values, q)), 2) if values else float("nan")

    return {
        "clear": t.asked["clear"],
        "recall": round(t.found["clear"] / max(t.asked["clear"], 1), 4),
        "wilson_low": round(wilson_interval(t.found["clear"], t.asked["clear"])[0], 4),
        "partly": t.asked["partly"],
        "recall_partly": round(t.found["partly"] / max(t.asked["partly"], 1), 4),
        "false": t.false,
        "confused": t.confused,
        "box_iou": round(float(np.median(t.iou)), 3) if t.iou else float("nan"),
        "median_mm": percentile(t.error, 50, 1e3),
        "p95_mm": percentile(t.error, 95, 1e3),
        "yaw_median_deg": percentile(t.yaw, 50, np.degrees(1)),
        "yaw_p95_deg": percentile(t.yaw, 95, np.degrees(1)),
        "normalised_rms": round(float(np.sqrt(np.mean(np.square(t.normalised)))), 2) if t.normalised else float("nan"),
    }


def _print(report: dict[str, dict[str, float]]) -> None:
    columns = list(next(iter(report.values())))
    print(f"{'kind':10s}" + "".join(f"{c:>15s}" for c in columns))
    for kind, row in report.items():
        print(f"{kind:10s}" + "".join(f"{row[c]:15}" for c in columns))


if __name__ == "__main__":
    tyro.cli(main)
