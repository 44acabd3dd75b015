from __future__ import annotations

import numpy as np
import pytest

from bunraku.cli import main
from bunraku.control.lying import lying
from bunraku.errors import UserError
from bunraku.sim.field import Field, create_field
from bunraku.tasks.standing_up import SIDES_DOWN, lay_down, succeeded


@pytest.mark.parametrize("seed", range(8))
def test_it_is_laid_on_the_side_that_was_named_above_the_ground(seed):
    world = create_field(Field(), seed)
    side = SIDES_DOWN[seed % 4]
    lay_down(world, side, np.random.default_rng(seed))
    assert lying(world.data.body("pelvis").xquat).value == side
    assert all(contact.dist > -0.005 for contact in world.data.contact if 0 in contact.geom)


def test_the_same_seed_lays_it_down_the_same_way():
    worlds = [create_field(Field()) for _ in range(2)]
    for world in worlds:
        lay_down(world, "left", np.random.default_rng(7))
    np.testing.assert_array_equal(worlds[0].data.qpos, worlds[1].data.qpos)


def test_only_standing_counts():
    assert succeeded({"stood": True})
    assert not succeeded({"stood": False})


@pytest.mark.parametrize("arguments", [["--episodes", "0"], ["--gravity", "-1"], ["--gravity", "nan"]])
def test_nonsense_is_refused_in_one_sentence(arguments, capsys, tmp_path):
    assert main(["evaluate", "stand_up", *arguments, "--json", str(tmp_path / "rows.jsonl")]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


@pytest.mark.parametrize("nonsense", [{"gravity": np.nan}, {"gravity": 0.0}, {"friction": np.inf}, {"bump": np.nan}])
def test_a_field_where_nobody_stands_is_refused(nonsense):
    with pytest.raises(UserError):
        Field(**nonsense)
