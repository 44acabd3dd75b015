import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunraku.economics.learning import cost_at, cumulative_average_unit, doublings_to, exponent, learning_rate
from bunraku.errors import UserError

rates = st.floats(0.0, 0.9)
volumes = st.floats(1.0, 1e9)
shares = st.floats(0.0, 0.99)


@given(rates, volumes, shares)
def test_doubling_volume_multiplies_the_cost_above_the_floor_by_the_learning_factor(rate, volume, share):
    floor = 1000 * share
    above = [float(cost_at(n, 1000, 100, rate, floor)) - floor for n in (volume, 2 * volume)]
    assert above[1] == pytest.approx((1 - rate) * above[0], rel=1e-9, abs=1e-9)


@given(st.floats(0.05, 0.9), shares)
def test_cost_tends_to_the_floor(rate, share):
    floor = 1000 * share
    assert float(cost_at(1e300, 1000, 1, rate, floor)) == pytest.approx(floor, abs=1e-6)


@given(rates, volumes, shares)
def test_cost_is_never_below_the_floor_nor_negative(rate, volume, share):
    assert float(cost_at(volume, 1000, 100, rate, 1000 * share)) >= 1000 * share >= 0


@given(st.floats(-2.0, 0.95))
def test_learning_rate_and_exponent_are_inverse(rate):
    assert float(learning_rate(exponent(rate))) == pytest.approx(rate, abs=1e-12)


@pytest.mark.parametrize(("doublings", "cost"), [(3, 5.608e6), (6, 3.359e6)])
def test_published_floor_curve(doublings, cost):
    assert float(cost_at(2.0**doublings, 10e6, 1, 0.2, 1e6)) == pytest.approx(cost, rel=1e-3)


def test_published_doublings_to_a_target():
    assert doublings_to(2e6, 10e6, 0.2, 1e6) == pytest.approx(9.847, abs=1e-3)
    assert doublings_to(1e6, 10e6, 0.2, 1e6) == float("inf")


def test_published_cumulative_average_unit():
    assert cumulative_average_unit(110, 2200, 0.885) == pytest.approx(23.34001, abs=1e-5)


@pytest.mark.parametrize("rate", [1.0, 1.5, float("nan")])
def test_a_learning_rate_of_one_or_more_is_refused(rate):
    with pytest.raises(UserError, match="learning rate"):
        cost_at(10, 100, 1, rate)


def test_a_floor_above_the_cost_is_refused():
    with pytest.raises(UserError, match="floor"):
        cost_at(10, 100, 1, 0.2, 101)
