import colorsys

import mujoco
import numpy as np
import pytest

from bunraku.objects import COLOURS, KINDS, SURFACES
from bunraku.robot.interface import CAMERAS
from bunraku.sim.build import OBJECT_PREFIX, build_spec
from bunraku.sim.render import CameraRenderer, Quality, Viewpoint, ViewRenderer, intrinsics
from bunraku.sim.scene import Scene, on_surface
from bunraku.sim.world import create_world

MATTE = 0.42
"""HSV saturation between furniture (below) and coloured things (above)."""


def hue_saturation_value(image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    import cv2

    hsv = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2HSV)
    return hsv[..., 0], hsv[..., 1], hsv[..., 2]


def project(world, camera: str, points_world: np.ndarray) -> np.ndarray:
    """Pixels (n, 2) of points (n, 3) m."""
    data, index = world.data, world.model.camera(camera).id
    width, height = world.model.cam_resolution[index]
    right, up, back = data.cam_xmat[index].reshape(3, 3).T
    rotation_camera_from_world = np.stack([right, -up, -back])
    points = (points_world - data.cam_xpos[index]) @ rotation_camera_from_world.T
    pixels = points @ intrinsics(world.model.cam_fovy[index], width, height).T
    return pixels[:, :2] / pixels[:, 2:]


@pytest.mark.parametrize("toward", [(1, 0, -0.6), (0.5, 1, -0.4), (0.5, -1, -0.4), (-1, 0.3, -0.3)])
def test_furniture_is_unsaturated(toward):
    spec = build_spec(None, Scene())
    camera = spec.worldbody.add_camera(name="eye", pos=[0.05, 0, 1.55], fovy=70, resolution=[320, 240])
    camera.alt.zaxis, camera.quat = -np.array(toward), [1, 0, 0, 0]
    model = spec.compile()
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    renderer = CameraRenderer(model)
    _, saturation, value = hue_saturation_value(renderer.render(data, "eye"))
    renderer.close()
    assert value.std() > 0.02
    assert (saturation[value > 0.1] < MATTE).all()


@pytest.mark.parametrize("colour", COLOURS)
def test_ball_is_seen_where_it_is_and_in_its_colour(spec, colour):
    ball = on_surface(f"{colour} ball", "ball", colour, SURFACES["counter"], (0.5, 0.05), 0)
    world = create_world(Scene((ball,)), spec)
    renderer = CameraRenderer(world.model)
    image = renderer.render(world.data, "head_left")
    renderer.close()
    hue, saturation, _ = hue_saturation_value(image)
    centre = project(world, "head_left", np.array([ball.position]))[0]
    column, row = np.round(centre).astype(int)
    coloured = np.zeros(saturation.shape, bool)
    around = np.s_[row - 60 : row + 60, column - 60 : column + 60]  # beyond are the cables of the robot's own hands
    coloured[around] = saturation[around] > MATTE
    rows, columns = np.nonzero(coloured)
    assert [columns.mean() + 0.5, rows.mean() + 0.5] == pytest.approx(centre, abs=2.0)
    focal = intrinsics(world.model.camera("head_left").fovy[0], 640, 480)[0, 0]
    distance = np.linalg.norm(np.array(ball.position) - world.data.camera("head_left").xpos)
    radius = focal * KINDS["ball"].size[0] / 2 / distance
    # Away from the axis a pinhole stretches a ball into an ellipse.
    stretch = (1 + np.sum((centre - [320, 240]) ** 2) / focal**2) ** 1.5
    assert coloured.sum() == pytest.approx(np.pi * radius**2 * stretch, rel=0.15)
    expected = 360 * colorsys.rgb_to_hsv(*COLOURS[colour])[0]
    difference = (hue[coloured] - expected + 180) % 360 - 180
    assert np.quantile(np.abs(difference), 0.95) < 9


def test_each_camera_has_its_resolution(spec):
    world = create_world(Scene(), spec)
    renderer = CameraRenderer(world.model)
    for name in CAMERAS:
        width, height = spec.camera(name).resolution
        image = renderer.render(world.data, name)
        assert image.shape == (height, width, 3) and image.dtype == np.uint8
        assert image.std() > 5, f"{name} sees nothing"
    renderer.close()


def test_two_renderers_do_not_disturb_each_other(spec, scene):
    world = create_world(scene, spec)
    first = CameraRenderer(world.model)
    before = first.render(world.data, "chest")
    second = ViewRenderer(world.model, 64, 48, Quality(0, 8, 6, 1, 0, False))
    second.render(world.data, Viewpoint())
    del second
    assert np.array_equal(first.render(world.data, "chest"), before)
    first.close()


def test_what_moves_is_seen_to_move(spec, scene):
    world = create_world(scene, spec)
    renderer = CameraRenderer(world.model)
    before = renderer.render(world.data, "head_right")
    address = world.model.joint(OBJECT_PREFIX + scene.objects[0].name).qposadr[0]
    world.data.qpos[address] += 0.05
    mujoco.mj_forward(world.model, world.data)
    assert not np.array_equal(renderer.render(world.data, "head_right"), before)
    renderer.close()
