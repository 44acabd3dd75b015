import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunraku.errors import UserError
from bunraku.vision.budget import DEPTH, TokenBudget

steps = st.lists(
    st.tuples(st.floats(-0.5, 3.0), st.integers(0, 2), st.lists(st.floats(0, 1e5), max_size=60), st.integers(0, 300)),
    max_size=60,
)


@given(rate=st.floats(1, 2000), steps=steps)
def test_no_span_of_time_spends_more_than_the_rate_and_the_depth(rate, steps):
    budget = TokenBudget(rate)
    for _ in range(3):
        budget.join()
    time, spent = 0.0, [(0.0, 0)]
    for elapsed, camera, values, snapshot in steps:
        time += elapsed
        budget.advance(time)
        values = np.array(values)
        kept = budget.spend(camera, values)
        assert not kept[values <= 0].any()
        budget.spend_snapshot(snapshot)
        spent.append((max(time, spent[-1][0]), budget.spent))
    for i, (t0, s0) in enumerate(spent):
        for t1, s1 in spent[i:]:
            assert s1 - s0 <= rate * (t1 - t0 + DEPTH) + 1e-6


def test_a_busy_camera_leaves_the_others_their_floor():
    budget = TokenBudget(100)
    busy, quiet = budget.join(), budget.join()
    kept = 0
    for tick in range(200):
        budget.advance(tick / 10)
        budget.spend(busy, np.full(1000, 1e4))
        if tick > 100:
            kept += budget.spend(quiet, np.full(3, 1.0)).sum()
    assert kept >= 0.8 * 9.9 * 100 * 0.25 / 2


def test_dear_patches_go_first():
    budget = TokenBudget(10)
    camera = budget.join()
    budget.advance(0)
    values = np.arange(100.0)
    kept = budget.spend(camera, values)
    assert 0 < kept.sum() <= 20
    assert kept[-kept.sum() :].all()


def test_nothing_lies_idle_while_anything_is_wanted():
    budget = TokenBudget(100)
    camera = budget.join()
    for tick in range(50):
        budget.advance(tick / 10)
        budget.spend(camera, np.linspace(0.5, 1, 300) * (1e5 if tick < 20 else 20))
    earned = 100 * (DEPTH + 4.9)
    assert budget.spent >= earned - 4


def test_repairs_leave_what_a_moving_thing_waits_for():
    budget = TokenBudget(100)
    camera = budget.join()
    budget.wanted[camera] = 10
    for tick in range(50):
        budget.advance(tick / 10)
        budget.spend(camera, np.full(300, 1e4))
    assert budget.spend_snapshot(10)


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_zero_budget_is_refused(rate):
    with pytest.raises(UserError, match="above 0"):
        TokenBudget(rate)
