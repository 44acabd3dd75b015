from dataclasses import replace

import mujoco
import numpy as np
import pytest

from bunraku.objects import KINDS, SURFACES
from bunraku.robot import JOINTS, RobotSpec, standing_configuration
from bunraku.sim.build import OBJECT_PREFIX
from bunraku.sim.render import CameraRenderer, intrinsics
from bunraku.sim.scene import random_scene
from bunraku.sim.world import create_world
from bunraku.skills.object_models import catalogue_models, object_model
from bunraku.skills.own_body import OwnBody
from bunraku.vision.detect import ColourDetector, View, capsule_mask, rotation_from_mujoco

LOOKING = ("head_left", "head_right", "chest")


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_an_outline_lies_in_the_objects_box_and_fills_most_of_it(kind):
    model = object_model(kind, kind.colours[0])
    reach = np.abs(model.outline[:, 2]).max()
    assert reach <= kind.size[2] / 2 + 0.002
    assert np.ptp(model.outline[:, 2]) > 0.75 * kind.size[2]
    shortest, longest = model.diameters
    assert 0 < shortest <= longest <= 1.35 * np.linalg.norm(kind.size)


def test_every_kind_has_a_model_in_every_colour_that_it_has():
    names = {model.name for model in catalogue_models()}
    assert names == {f"{colour} {kind.name}" for kind in KINDS.values() for colour in kind.colours}


def test_ways_of_lying_are_rotations():
    for model in catalogue_models():
        for rest in model.lying:
            assert np.allclose(rest.rotation @ rest.rotation.T, np.eye(3))
            assert np.linalg.det(rest.rotation) == pytest.approx(1)


def test_the_caps_of_bottles_and_the_bands_of_markers_are_left_out():
    bottle = object_model(KINDS["bottle"], "blue")
    cap = next(p for p in KINDS["bottle"].primitives if p.trim)
    assert bottle.outline[:, 2].max() < cap.position[2]
    assert bottle.normals is not None
    marker = object_model(KINDS["marker"], "red")
    assert np.ptp(marker.outline[:, 0]) < KINDS["marker"].size[0] - 0.01


@pytest.fixture(scope="module")
def seen():
    """A room with six things, what the standing robot's cameras see of it, and where its own body is."""
    spec = RobotSpec()
    scene = random_scene(np.random.default_rng(11), count=6)
    world = create_world(scene, spec)
    configuration = standing_configuration(spec)
    configuration[7 + JOINTS.index("neck_pitch")] = 0.6
    for joint, angle in zip(JOINTS, configuration[7:], strict=True):
        world.data.joint(joint).qpos = angle
    mujoco.mj_forward(world.model, world.data)
    renderer = CameraRenderer(world.model)
    capsules = OwnBody(spec).capsules(configuration, {})
    views = []
    for name in LOOKING:
        image = renderer.render(world.data, name)
        matrix = intrinsics(world.model.cam(name).fovy[0], image.shape[1], image.shape[0])
        camera = world.data.cam(name)
        view = View(name, 0.0, image, matrix, camera.xpos.copy(), rotation_from_mujoco(camera.xmat))
        views.append(replace(view, hidden=capsule_mask(view, *capsules)))
    renderer.close()
    return scene, world, views


def test_the_robot_sees_where_things_are(seen):
    scene, world, views = seen
    detector = ColourDetector(support_heights=tuple(surface.top for surface in SURFACES.values()))
    found = {d.name: d for d in detector.detect(views, catalogue_models())}
    assert found.keys() == {placed.name for placed in scene.objects}
    for placed in scene.objects:
        truth = world.data.body(OBJECT_PREFIX + placed.name).xpos
        assert np.linalg.norm(found[placed.name].position_stance - truth) < 0.006


def test_only_what_is_asked_for_is_found(seen):
    scene, _, views = seen
    asked = scene.objects[0]
    names = [d.name for d in ColourDetector().detect(views, [object_model(KINDS[asked.kind], asked.colour)])]
    assert names == [asked.name]


def test_the_capsules_cover_the_hands(seen):
    _, world, _ = seen
    configuration = standing_configuration(RobotSpec())
    ends, radii = OwnBody().capsules(configuration, {})
    mujoco.mj_resetData(world.model, world.data)
    data = world.data
    data.qpos[:7] = configuration[:7]
    for joint, angle in zip(JOINTS, configuration[7:], strict=True):
        data.joint(joint).qpos = angle
    mujoco.mj_kinematics(world.model, data)
    for digit in ("thumb", "index", "little"):
        tip = data.site(f"left_{digit}_tip").xpos
        along = ends[:, 1] - ends[:, 0]
        share = np.einsum("ni,ni->n", tip - ends[:, 0], along) / np.maximum(np.square(along).sum(axis=1), 1e-9)
        nearest = ends[:, 0] + np.clip(share, 0, 1)[:, None] * along
        assert (np.linalg.norm(nearest - tip, axis=1) - radii).min() < 0.008
