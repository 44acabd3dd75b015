from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunraku.errors import UserError
from bunraku.objects import COLOURS, KINDS, SURFACES
from bunraku.sim.scene import CLEARANCE, WORK_AREA, Placed, Scene, gap, on_surface, outline, random_scene

seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.integers(1, 7))
@settings(max_examples=60, deadline=None)
def test_random_scene_leaves_room_for_a_hand_and_stays_on_the_counter(seed, count):
    scene = random_scene(np.random.default_rng(seed), count=count)
    assert len(scene.objects) == count
    counter = SURFACES["counter"]
    for placed in scene.objects:
        x, y, z = placed.position
        assert WORK_AREA.x[0] <= x <= WORK_AREA.x[1] and WORK_AREA.y[0] <= y <= WORK_AREA.y[1]
        assert z == pytest.approx(counter.top + KINDS[placed.kind].rest_height)
        edge = outline(placed)
        assert (edge[:, 0] >= counter.x[0]).all() and (edge[:, 1] <= counter.y[1]).all()
        assert placed.colour in KINDS[placed.kind].colours
    for a, b in combinations(scene.objects, 2):
        assert gap(outline(a), outline(b)) >= CLEARANCE
        assert (a.kind, a.colour) != (b.kind, b.colour)


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_gap_never_exceeds_the_distance(seed):
    rng = np.random.default_rng(seed)
    a, b = (
        outline(Placed(name, kind, "red", (*rng.uniform(-0.2, 0.2, 2), 0.0), rng.uniform(-3, 3)))
        for name, kind in (("a", "mug"), ("b", "box"))
    )
    weights = rng.dirichlet(np.ones(len(a)), 200), rng.dirichlet(np.ones(len(b)), 200)
    between = np.linalg.norm(weights[0] @ a - weights[1] @ b, axis=1).min()
    assert gap(a, b) <= between + 1e-12


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_same_seed_same_scene_and_json_keeps_it(seed):
    first, second = (random_scene(np.random.default_rng(seed)) for _ in range(2))
    assert first == second
    assert Scene.from_json(first.to_json()) == first


def test_different_seeds_differ():
    assert random_scene(np.random.default_rng(1)) != random_scene(np.random.default_rng(2))


def test_distinct_colours():
    for seed in range(20):
        scene = random_scene(np.random.default_rng(seed), count=6, distinct_colours=True)
        assert len({placed.colour for placed in scene.objects}) == 6


def test_given_kinds_keep_their_order():
    kinds = ("marker", "plate", "mug", "can")
    scene = random_scene(np.random.default_rng(3), kinds=kinds)
    assert tuple(placed.kind for placed in scene.objects) == kinds


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: random_scene(np.random.default_rng(0), kinds=("unicorn",)), "no object kind “unicorn”"),
        (lambda: random_scene(np.random.default_rng(0), count=0), "at least one"),
        (lambda: random_scene(np.random.default_rng(0), kinds=("plate",) * 7), "do not fit"),
        (lambda: random_scene(np.random.default_rng(0), kinds=("banana",) * 2), "no colour is left"),
        (lambda: Scene().find("red mug"), "no “red mug”"),
        (lambda: Scene.from_json("{}"), "not the JSON of a scene"),
        (lambda: Scene.from_json("nonsense"), "not the JSON of a scene"),
        (lambda: Scene((Placed("a", "mug", "mauve", (0, 0, 0), 0),)), "no colour “mauve”"),
        (lambda: Scene((on_surface("a", "mug", "red", WORK_AREA, (0, 0), 0),) * 2), "different names"),
    ],
)
def test_bad_input_is_one_sentence(wrong, message):
    with pytest.raises(UserError, match=message) as caught:
        wrong()
    assert "\n" not in str(caught.value)


def test_every_colour_can_be_asked_for():
    assert {colour for kind in KINDS.values() for colour in kind.colours} == set(COLOURS)
