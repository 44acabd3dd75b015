"""Pictures of cluttered rooms with exact masks of what is in them, from segmentation rendering."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import mujoco
import numpy as np
from scipy.spatial import ConvexHull, QhullError

from bunraku.robot import build_robot
from bunraku.sim.clutter import Clutter, Thing, bring_near, cluttered_room, roam, stand_anyhow
from bunraku.sim.render import BODY_GROUPS, CAMERA_QUALITY, quality_of

WIDTH, HEIGHT = 640, 480
SHARES = {"head_left": 0.30, "head_right": 0.10, "chest": 0.22, "palm_left": 0.07, "palm_right": 0.07, "ground": 0.04}
"""How often which camera takes the picture; else it is one that roams."""
PICTURES_A_ROOM = 6
LEAST_SEEN, MOST_TRIES = 0.003, 6
"""Share of a picture that things should cover, and how many pictures are taken until they do."""
MOST_PATTERNS = 5
"""How many surfaces of the background are given other looks."""
GEOM = int(mujoco.mjtObj.mjOBJ_GEOM)


@dataclass(frozen=True, eq=False)
class LabelledPicture:
    """A picture and what is in it.

    Attributes:
        image: (h, w, 3) uint8 RGB.
        instances: (h, w) uint8, i + 1 where the i-th thing is seen, 0 elsewhere.
        things: what there is; some may not be seen.
        shown: (n,) for each thing the share of its outline, within the picture or not, that is seen, in [0, 1].
    """

    image: np.ndarray
    instances: np.ndarray
    things: tuple[Thing, ...]
    shown: np.ndarray


def labelled_pictures(count: int, seed: int) -> Iterator[LabelledPicture]:
    """Random pictures 640 × 480, or 320 × 240 as the palms see; the i-th depends on `seed` and i alone."""
    robot = build_robot()
    for room in range(0, count, PICTURES_A_ROOM):
        rng = np.random.default_rng([seed, room])
        clutter = cluttered_room(robot, rng)
        camera = _SegmentingCamera(clutter, shadow=1024 if rng.random() < 0.3 else 0)
        try:
            for _ in range(min(PICTURES_A_ROOM, count - room)):
                yield _retexture(camera, _take(camera, clutter, rng), rng)
        finally:
            camera.close()


def _take(camera: _SegmentingCamera, clutter: Clutter, rng: np.random.Generator) -> LabelledPicture:
    """A picture of a random camera, of several the first in which something is seen."""
    stand_anyhow(clutter, rng)
    names, shares = [*SHARES, "roaming"], [*SHARES.values(), 1 - sum(SHARES.values())]
    tries = 0
    while True:
        name, tries = str(rng.choice(names, p=shares)), tries + 1
        index = clutter.model.camera("back" if name == "roaming" else name).id
        if name == "roaming":
            roam(clutter, index, rng)
        elif name.startswith("palm") or rng.random() < 0.15:
            bring_near(clutter, index, rng)
        picture = camera.take(index)
        if np.count_nonzero(picture.instances) > LEAST_SEEN * picture.instances.size or tries == MOST_TRIES:
            return _at_half_the_resolution(picture) if name.startswith("palm") else picture


def _at_half_the_resolution(picture: LabelledPicture) -> LabelledPicture:
    size, nearest = (WIDTH // 2, HEIGHT // 2), cv2.INTER_NEAREST
    image, instances = (cv2.resize(one, size, interpolation=nearest) for one in (picture.image, picture.instances))
    return replace(picture, image=image, instances=instances)


class _SegmentingCamera:
    """Draws pictures and masks in one OpenGL context."""

    def __init__(self, clutter: Clutter, shadow: int) -> None:
        model = clutter.model
        self._clutter = clutter
        with quality_of(model, WIDTH, HEIGHT, replace(CAMERA_QUALITY, shadow=shadow)):
            self._renderer = mujoco.Renderer(model, HEIGHT, WIDTH)
        self._option = mujoco.MjvOption()
        self._option.geomgroup[:] = [group in BODY_GROUPS for group in range(6)]
        self._option.flags[mujoco.mjtVisFlag.mjVIS_TEXTURE] = False
        self._option.flags[mujoco.mjtVisFlag.mjVIS_TENDON] = False
        self._shadow = shadow > 0
        self.geoms = np.full((HEIGHT, WIDTH), -1)

    def take(self, camera: int) -> LabelledPicture:
        """What the camera of that index sees; `geoms` then says by which geom each pixel is covered."""
        clutter, renderer = self._clutter, self._renderer
        renderer.update_scene(clutter.data, camera, scene_option=self._option)
        flags = renderer.scene.flags
        flags[mujoco.mjtRndFlag.mjRND_SHADOW] = self._shadow
        flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = flags[mujoco.mjtRndFlag.mjRND_SKYBOX] = False
        image = renderer.render().copy()
        renderer.enable_segmentation_rendering()
        drawn = renderer.render()
        self.geoms = np.where(drawn[..., 1] == GEOM, drawn[..., 0], -1)
        renderer.disable_segmentation_rendering()
        instance_of_geom = np.zeros(clutter.model.ngeom + 1, np.uint8)
        for index, body in enumerate(clutter.bodies):
            instance_of_geom[:-1][clutter.model.geom_bodyid == body] = index + 1
        instances = instance_of_geom[self.geoms]
        areas = np.bincount(instances.ravel(), minlength=len(clutter.bodies) + 1)[1:]
        whole = np.array([self._outline_area(camera, body) for body in clutter.bodies])
        return LabelledPicture(image, instances, tuple(clutter.bodies.values()), np.clip(areas / whole, 0, 1))

    def _outline_area(self, camera: int, body: int) -> float:
        """Area (px) of the body's convex outline if nothing hid it; infinite if it reaches behind the camera."""
        model, data = self._clutter.model, self._clutter.data
        points = []
        for geom in np.flatnonzero(model.geom_bodyid == body):
            if model.geom_group[geom] not in BODY_GROUPS:
                continue
            centre, half = model.geom_aabb[geom, :3], model.geom_aabb[geom, 3:]
            mesh = model.geom_dataid[geom]
            if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_MESH:
                start = model.mesh_vertadr[mesh]
                local = model.mesh_vert[start : start + model.mesh_vertnum[mesh]]
            else:
                local = centre + half * np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)])
            points.append(local @ data.geom_xmat[geom].reshape(3, 3).T + data.geom_xpos[geom])
        seen = (np.concatenate(points) - data.cam_xpos[camera]) @ data.cam_xmat[camera].reshape(3, 3)
        if seen[:, 2].max() > -0.02:
            return np.inf
        focal = HEIGHT / 2 / np.tan(np.radians(model.cam_fovy[camera]) / 2)
        try:
            return max(float(ConvexHull(focal * seen[:, :2] / seen[:, 2:]).volume), 1.0)
        except QhullError:
            return np.inf

    def close(self) -> None:
        """Free the OpenGL context."""
        self._renderer.close()


def _retexture(camera: _SegmentingCamera, picture: LabelledPicture, rng: np.random.Generator) -> LabelledPicture:
    """Give some surfaces of the background, and some of the things, patterns and tints of their own."""
    height, width = picture.instances.shape
    geoms = camera.geoms[:: HEIGHT // height, :: WIDTH // width]
    image = picture.image.copy()
    surfaces, areas = np.unique(geoms[picture.instances == 0], return_counts=True)
    large = surfaces[np.argsort(-areas)][: int(rng.integers(MOST_PATTERNS + 1))]
    for geom in large:
        _dye(image, (geoms == geom) & (picture.instances == 0), rng, 1.0, _tint(rng))
    for index in range(len(picture.things)):
        if rng.random() < 0.25:
            _dye(image, picture.instances == index + 1, rng, 0.4, np.ones(3))
    return replace(picture, image=image)


def _dye(image: np.ndarray, mask: np.ndarray, rng: np.random.Generator, share: float, tint: np.ndarray) -> None:
    """Multiply what the mask covers by a `share` of a pattern and by a tint (3,), in place."""
    if not mask.any():
        return
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    window, inside = image[top : top + height, left : left + width], mask[top : top + height, left : left + width]
    factors = (1 - share + share * _pattern(rng, height, width)) * tint.astype(np.float32)
    window[inside] = np.clip(window * factors, 0, 255).astype(np.uint8)[inside]


def _tint(rng: np.random.Generator) -> np.ndarray:
    """Factors (3,): mostly near grey, sometimes a colour."""
    return rng.uniform(0.25, 1.3, 3) if rng.random() < 0.35 else rng.uniform(0.5, 1.2) * rng.uniform(0.93, 1.07, 3)


def _pattern(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Factors (height, width, 1) around 1: clouds, stripes or checks."""
    y, x = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)
    strength = rng.uniform(0, 0.5)
    match rng.integers(4):
        case 0:
            size = 2 ** int(rng.integers(2, 7))
            noise = rng.standard_normal((height // size + 2, width // size + 2)).astype(np.float32)
            field = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
        case 1 | 2:
            angle, period = rng.uniform(0, np.pi), rng.uniform(4, 60)
            field = np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / period + rng.uniform(0, 6))
        case _:
            angle, period = rng.uniform(0, np.pi), rng.uniform(8, 80)
            c, s = np.cos(angle) / period, np.sin(angle) / period
            field = np.sign(np.sin(2 * np.pi * (x * c + y * s)) * np.sin(2 * np.pi * (y * c - x * s)))
    return np.clip(1 + strength * field, 0.2, 1.8)[..., None]
