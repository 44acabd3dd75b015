import numpy as np
import pytest

from bunraku.vision.budget import TokenBudget
from bunraku.vision.canvas import Grid
from bunraku.vision.frame import Frame
from bunraku.vision.selection import Selector

GRID = Grid(320, 480)
NO_CHROMA = (np.zeros((0, 0), np.uint8),) * 2


@pytest.fixture
def selector():
    """One that has kept all of a grey picture at time 0 and has no tokens left."""
    budget = TokenBudget(10)
    selector = Selector(GRID, budget, budget.join(), multiscale=False)
    selector.canvas.observe(frame(0, []))
    selector.canvas.keep(np.ones(GRID.shape, bool))
    budget.advance(0)
    take_all_tokens(selector)
    return selector


def take_all_tokens(selector):
    for bucket in (selector.budget.joint, selector.budget.snapshots, *selector.budget.floors):
        bucket.level = 0.0


def frame(time, squares, seed=0):
    """A grey picture with textured squares (row, column, cells of the side, contrast)."""
    rng = np.random.default_rng(seed)
    luma = np.full((GRID.height, GRID.width), 110, np.uint8)
    for row, column, side, contrast in squares:
        blocks = rng.integers(0, 2, (4 * side, 4 * side)) * contrast + 110
        y, x, size = row * GRID.patch, column * GRID.patch, side * GRID.patch
        luma[y : y + size, x : x + size] = np.kron(blocks, np.ones((8, 8)))
    return Frame("desk", time, luma, NO_CHROMA)


def kept(selection):
    return {place for g in selection.groups for place in zip(g.rows.tolist(), g.columns.tolist(), strict=True)}


@pytest.mark.parametrize("seed", range(4))
def test_a_small_thing_is_kept_before_the_cells_of_a_large_one(selector, seed):
    small, large = (8, 2, 1, 90), (1, 6, 5, 100)
    chosen = kept(selector.select(frame(0.3, [large, small], seed)))
    assert (8, 2) in chosen and len(chosen) <= 3


@pytest.mark.parametrize("seed", range(4))
def test_what_has_rested_longer_goes_first(selector, seed):
    old, new = (1, 1, 2, 80), (6, 10, 2, 80)
    for step in range(1, 31):
        selector.select(frame(step / 10, [old], seed))
        take_all_tokens(selector)
    chosen = kept(selector.select(frame(3.3, [old, new], seed)))
    assert chosen and all(row < 4 and column < 4 for row, column in chosen)


def test_of_equal_changes_the_textured_one_goes_first(selector):
    luma = frame(0, []).luma.copy()
    flat, textured = (slice(32, 64), slice(32, 64)), (slice(192, 224), slice(320, 352))
    luma[flat] = 110 + 45
    luma[textured] = np.kron(np.indices((4, 4)).sum(0) % 2, np.ones((8, 8))) * 90 + 65
    chosen = kept(selector.select(Frame("desk", 0.3, luma, NO_CHROMA)))
    assert chosen == {(6, 10)}


def test_nothing_is_kept_of_what_has_not_changed(selector):
    for step in range(1, 20):
        assert not selector.select(frame(step / 10, [])).tokens
