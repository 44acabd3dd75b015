import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunraku.learning.planning import DEVICES, Pace, expected, measured, plan

PACES = st.builds(Pace, st.floats(1e-5, 1e-1), st.floats(1e-7, 1e-2))


@given(PACES, st.integers(1, 512), st.integers(10_000, 1_000_000_000))
def test_more_devices_never_do_more_than_their_number(pace, devices, parameters):
    one, many = (plan(DEVICES["h100"], pace, n, 1e6, 1024, parameters) for n in (1, devices))
    assert many.samples_per_second <= devices * one.samples_per_second * (1 + 1e-9)
    assert many.energy >= one.energy * (1 - 1e-9)
    assert 0 < many.efficiency <= 1


@given(PACES, st.integers(1, 64))
def test_twice_the_samples_cost_twice_as_much(pace, devices):
    once, twice = (plan(DEVICES["a100"], pace, devices, n, 256, 400_000) for n in (1e5, 2e5))
    assert twice.cost == pytest.approx(2 * once.cost) and twice.seconds == pytest.approx(2 * once.seconds)


def test_a_line_that_is_one_is_found_and_its_error_is_small():
    def step(samples: int) -> None:
        end = time.thread_time() + 0.002 + 2e-5 * samples
        while time.thread_time() < end:
            pass

    pace = measured(step, repeats=3)
    assert pace.per_sample == pytest.approx(2e-5, rel=0.2)
    assert pace.fixed == pytest.approx(0.002, rel=0.5)
    assert pace.error is not None and pace.error < 0.2


def test_a_device_that_is_not_here_has_no_error_to_state():
    assert expected(DEVICES["h100"], 400_000).error is None


def test_large_networks_wait_for_gradients_across_nodes():
    big = plan(DEVICES["h100"], Pace(1e-5, 1e-6), 64, 1e6, 1024, 1_000_000_000)
    assert big.bottleneck == "gradients"
