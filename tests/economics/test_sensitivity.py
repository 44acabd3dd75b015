import numpy as np
import pytest

from bunraku.economics.sensitivity import economy_sensitivity, sobol
from bunraku.errors import UserError


def test_published_indices_of_the_ishigami_function():
    """Ishigami & Homma 1990, a = 7, b = 0.1: first order 0.3139, 0.4424, 0; total 0.5576, 0.4424, 0.2437."""

    def ishigami(uniform):
        x = np.pi * (2 * uniform - 1)
        return {"y": np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])}

    (found,) = sobol(ishigami, ["x1", "x2", "x3"], base=2048, seed=0)
    assert found.first == pytest.approx([0.3139, 0.4424, 0], abs=0.03)
    assert found.total == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.03)


def test_what_robots_can_do_decides_how_many_there_are(bill):
    robots = economy_sensitivity(bill, base=64)[0]
    assert robots.ranked()[0][0] == "speed"


def test_the_same_seed_gives_the_same_indices_and_widths():
    first, second = (sobol(lambda u: {"y": u[:, 0] + u[:, 1] ** 2}, ["a", "b"], 32, seed=0)[0] for _ in range(2))
    assert np.array_equal(first.total, second.total)
    assert np.array_equal(first.total_half_width, second.total_half_width)


def test_a_base_that_is_no_power_of_two_is_refused():
    with pytest.raises(UserError, match="power of two"):
        sobol(lambda u: {"y": u[:, 0]}, ["x"], base=100, seed=0)
