import colorsys
from itertools import combinations

import numpy as np
import pytest

from bunraku.objects import COLOURS, KINDS, SURFACES, TRIM, footprint, surface_points


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_primitives_fill_the_stated_size_and_stand_on_the_rest_height(kind):
    points = surface_points(kind)
    low, high = points.min(axis=0), points.max(axis=0)
    assert low[2] == pytest.approx(-kind.rest_height, abs=1e-3)
    assert high[2] - low[2] == pytest.approx(kind.size[2], abs=2e-3)
    if kind.name != "mug":  # its size is that of the body, without the handle
        assert high[:2] - low[:2] == pytest.approx(kind.size[:2], abs=8e-3)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_kind_is_plausible(kind):
    assert 0.005 < kind.mass < 1.0
    assert kind.colours and set(kind.colours) <= set(COLOURS)
    assert {p.trim for p in kind.primitives} <= {None, *TRIM}
    assert kind.graspable or kind.support
    if kind.graspable:
        assert min(kind.size) <= 0.08, "a hand spans 80 mm"
    if kind.profile:
        radii = np.array(kind.profile)[:, 0]
        assert radii[0] == radii[-1] == 0
        assert 2 * radii.max() == pytest.approx(kind.size[0], abs=2e-3)


@pytest.mark.parametrize("name", KINDS)
def test_footprint_is_convex_and_counter_clockwise(name):
    outline = footprint(name)
    edges = np.roll(outline, -1, axis=0) - outline
    following = np.roll(edges, -1, axis=0)
    assert (edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0] > 0).all()


def test_colours_are_saturated_and_their_hues_apart():
    hues = {}
    for name, rgb in COLOURS.items():
        hue, saturation, _ = colorsys.rgb_to_hsv(*rgb)
        assert saturation > 0.6, name
        hues[name] = 360 * hue
    for a, b in combinations(hues, 2):
        assert abs((hues[a] - hues[b] + 180) % 360 - 180) >= 20, (a, b)


def test_trim_is_unsaturated():
    assert all(colorsys.rgb_to_hsv(*rgb)[1] < 0.15 for rgb in TRIM.values())


def test_surfaces_are_where_the_robot_reaches():
    assert {"counter", "shelf", "side table"} == set(SURFACES)
    assert all(0.5 < s.top < 1.3 and s.x[0] < s.x[1] and s.y[0] < s.y[1] for s in SURFACES.values())
