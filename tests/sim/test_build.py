import mujoco
import numpy as np
import pytest

from bunraku.objects import KINDS, SURFACES, quaternion_about_z
from bunraku.sim.build import OBJECT_PREFIX, build_model, revolve
from bunraku.sim.scene import Scene, on_surface


def one_of_each() -> Scene:
    """Every kind once, spread over counter, side table and shelf."""
    places = [(s, (x, y)) for s in SURFACES.values() for x in np.arange(s.x[0] + 0.11, s.x[1] - 0.1, 0.22)
              for y in np.arange(s.y[0] + 0.11, s.y[1] - 0.1, 0.22)]  # fmt: skip
    spots = zip(KINDS.values(), places, strict=False)
    return Scene(tuple(on_surface(kind.name, kind.name, kind.colours[0], s, xy, 0.3) for kind, (s, xy) in spots))


@pytest.fixture(scope="module")
def model():
    return build_model(None, one_of_each())


def test_objects_are_free_and_moved_by_contact_and_gravity_alone(spec, scene):
    model = build_model(spec, scene)
    assert model.neq == 0
    assert model.nmocap == 0
    assert not model.body_gravcomp.any()
    assert model.opt.gravity == pytest.approx([0, 0, -9.81])
    for placed in scene.objects:
        body = model.body(OBJECT_PREFIX + placed.name)
        assert body.jntnum == 1 and model.jnt_type[body.jntadr[0]] == mujoco.mjtJoint.mjJNT_FREE
        assert model.body_parentid[body.id] == 0
        driven = set(model.actuator_trnid[:, 0][model.actuator_trntype == mujoco.mjtTrn.mjTRN_JOINT])
        assert body.jntadr[0] not in driven
        dof = int(body.dofadr[0])
        assert not model.dof_damping[dof : dof + 6].any()
        assert not model.dof_frictionloss[dof : dof + 6].any()
    wrapped_joints = set(model.wrap_objid[model.wrap_type == mujoco.mjtWrap.mjWRAP_JOINT])
    free = {int(model.joint(OBJECT_PREFIX + placed.name).id) for placed in scene.objects}
    assert not wrapped_joints & free


def test_friction_is_ordinary(spec, scene):
    model = build_model(spec, scene)
    touched = (model.geom_contype != 0) | (model.geom_conaffinity != 0)
    assert model.geom_friction[touched, 0].max() <= 1.0
    assert (model.geom_margin == 0).all()


@pytest.mark.parametrize("name", KINDS)
def test_mass_is_that_of_the_kind(model, name):
    assert model.body(OBJECT_PREFIX + name).mass[0] == pytest.approx(KINDS[name].mass)


def test_everything_rests_where_it_was_placed(model):
    data = mujoco.MjData(model)
    for _ in range(1000):
        mujoco.mj_step(model, data)
    for placed in one_of_each().objects:
        body = data.body(OBJECT_PREFIX + placed.name)
        turned = 2 * np.arccos(min(1.0, abs(body.xquat @ quaternion_about_z(placed.yaw))))
        assert body.xpos == pytest.approx(placed.position, abs=1e-3), placed.name
        assert turned < np.radians(1.0), placed.name


def test_an_open_mug_and_a_bowl_hold_what_is_dropped_into_them():
    table = SURFACES["counter"]
    dishes = (
        on_surface("mug", "mug", "red", table, (0.4, -0.1), 0),
        on_surface("bowl", "bowl", "blue", table, (0.5, 0.1), 0),
    )
    above = [(x, y, z + 0.12) for x, y, z in (dish.position for dish in dishes)]
    things = (
        on_surface("marker", "cube", "green", table, above[0][:2], 0),
        on_surface("ball", "ball", "pink", table, above[1][:2], 0),
    )
    things = tuple(type(t)(t.name, t.kind, t.colour, p, 0.0) for t, p in zip(things, above, strict=True))
    model = build_model(None, Scene((*dishes, *things)))
    data = mujoco.MjData(model)
    for _ in range(750):
        mujoco.mj_step(model, data)
    mug, bowl, cube, ball = (data.body(OBJECT_PREFIX + name).xpos for name in ("mug", "bowl", "marker", "ball"))
    assert np.linalg.norm(cube[:2] - mug[:2]) < 0.03 and cube[2] < mug[2] + 0.02
    assert np.linalg.norm(ball[:2] - bowl[:2]) < 0.03 and ball[2] < bowl[2] + 0.03


def test_revolve_makes_a_closed_surface():
    vertices, faces = revolve(np.array([[0, -1], [1, -1], [1, 1], [0, 1]], float), around=64)
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6
    assert volume == pytest.approx(2 * np.pi, rel=0.01)
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    assert (np.unique(edges, axis=0, return_counts=True)[1] == 2).all()


@pytest.mark.parametrize("house", [False, True])
@pytest.mark.parametrize("share", [0.8, 1.2])
def test_a_thing_rests_on_a_slope_below_its_friction_and_slides_above(house, share):
    """What stops the creep in the house must not hold on to what ought to slide."""
    scene = Scene((on_surface("box", "sponge", "pink", SURFACES["counter"], (0.5, 0.0), 0.0),), house=house)
    model = build_model(None, scene)
    body = OBJECT_PREFIX + "box"
    box = int(np.flatnonzero((model.geom_bodyid == model.body(body).id) & (model.geom_contype != 0))[0])
    friction = max(model.geom_friction[box, 0], model.geom("counter").friction[0])
    slope = np.arctan(share * friction)
    model.opt.gravity[:] = 9.81 * np.array([0.0, np.sin(slope), -np.cos(slope)])
    data = mujoco.MjData(model)
    mujoco.mj_step(model, data, 50)
    before = data.body(body).xpos.copy()
    mujoco.mj_step(model, data, 150)
    moved = float(np.linalg.norm(data.body(body).xpos - before))
    if share < 1:
        assert moved < (1e-5 if house else 1e-3)
    else:
        pull = 9.81 * (np.sin(slope) - friction * np.cos(slope))
        assert moved == pytest.approx(0.5 * pull * (0.4**2 - 0.1**2), rel=0.25)
