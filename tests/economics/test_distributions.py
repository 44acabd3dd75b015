import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunraku.economics.distributions import Prior, load_priors, prior_from
from bunraku.errors import UserError

FILES = ("production.toml", "economy.toml")


@given(st.floats(0.01, 100), st.floats(0.1, 0.99), st.floats(1.01, 10))
def test_a_prior_meets_its_three_stated_points(median, down, up):
    prior = Prior("p", median, median * down, median * up)
    found = prior.quantile(np.array([0.05, 0.5, 0.95]))
    assert found == pytest.approx([median * down, median, median * up], rel=1e-9)


@given(st.lists(st.floats(0.001, 0.999), min_size=2, max_size=20, unique=True))
def test_quantiles_never_fall(probabilities):
    found = Prior("p", 0.0, -1.0, 5.0, "normal").quantile(np.sort(probabilities))
    assert np.all(np.diff(found) >= 0)


@pytest.mark.parametrize("file", FILES)
def test_every_stated_input_names_its_unit_and_its_source(file):
    for prior in load_priors(file).values():
        assert prior.unit and prior.source.startswith(("V:", "S:", "M:", "J"))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"median": 1, "low": 0.5, "high": 2}, "source"),
        ({"median": 1, "low": 2, "high": 3, "source": "J"}, "low ≤ median"),
        ({"median": 1, "low": -1, "high": 2, "source": "J"}, "positive"),
        ({"median": 1, "low": 0.5, "high": 2, "source": "J", "shape": "beta"}, "shape"),
        ({"median": 1, "low": 0.5, "high": 2, "source": "J", "mode": 1}, "mode"),
    ],
)
def test_a_faulty_prior_is_named(row, message):
    with pytest.raises(UserError, match=f"wage.*{message}"):
        prior_from("wage", row)
