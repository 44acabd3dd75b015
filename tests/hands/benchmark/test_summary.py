from hypothesis import given
from hypothesis import strategies as st

from bunraku.hands.benchmark.summary import Row, rows
from bunraku.statistics import wilson_interval

SEARCHES = st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10)), min_size=1, max_size=33)


def results(searches):
    return {
        f"h/G/{i}": {
            "feasible": True,
            "held": a + b,
            "trials": 20,
            "searches": [[a, 10], [b, 10]],
            "epsilon": 0.0,
            "cpu_s": 1.0,
        }
        for i, (a, b) in enumerate(searches)
    }


@given(SEARCHES)
def test_the_interval_holds_the_rate_and_is_never_narrower_than_without_searches(searches):
    (row,) = rows(results(searches))
    low, high = row.held_interval
    plain = wilson_interval(row.held or 0, row.trials or 0)
    assert low - 0.01 <= (row.held_rate or 0) <= high + 0.01
    assert high - low >= (plain[1] - plain[0]) - 0.01


def test_searches_that_disagree_widen_the_interval():
    same, apart = (rows(results([pair] * 5))[0] for pair in ((5, 5), (10, 0)))
    assert same.held_rate == apart.held_rate == 0.5
    assert apart.held_interval[0] < same.held_interval[0] and apart.held_interval[1] > same.held_interval[1]


def test_a_hand_without_grasps_has_no_rate():
    assert Row("h").held_rate is None and Row("h").held_interval == (0.0, 1.0)


def test_turning_is_the_median_over_searches_with_its_spread():
    searches = {"cube": (12.0, 0), "cube 1": (30.0, 1), "cube 2": (20.0, 3), "sphere": (7.0, 0)}
    (row,) = rows(
        {f"h/M/{item}": {"speed_deg": speed, "drops": drops, "trials": 20} for item, (speed, drops) in searches.items()}
    )
    cube = row.turns["cube"]
    assert (cube.speed, cube.least, cube.most, cube.drops, cube.trials) == (20, 12, 30, 4, 60)
    assert str(cube) == "20 (12–30)" and str(row.turns["sphere"]) == "7"
