import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bunraku.hands.benchmark.search import climb, minimise


def circle(x):
    return np.linalg.norm(x, axis=1, keepdims=True) - 1


@settings(max_examples=15, deadline=None)
@given(st.floats(0, 6.2), st.integers(0, 1000))
def test_a_climb_stays_on_the_condition_and_never_falls(angle, seed):
    start = np.array([np.cos(angle), np.sin(angle)])

    def height(x):
        return np.where(np.abs(circle(x)[:, 0]) < 1e-3, x[:, 1], -np.inf)

    rng = np.random.default_rng(seed)
    best, value = climb(circle, height, start, np.full(2, -2.0), np.full(2, 2.0), np.full(2, 0.4), rng)
    assert value >= start[1] - 1e-12 and abs(np.linalg.norm(best) - 1) < 1e-3
    assert value > min(0.9, start[1] + 0.1)


def test_a_climb_ends_when_the_score_is_enough():
    asked = []

    def height(x):
        asked.append(len(x))
        return x[:, 0]

    start, bound = np.array([0.5]), np.array([1.0])
    climb(lambda x: 0 * x, height, start, -bound, bound, bound, np.random.default_rng(0), enough=0.4)
    assert asked == [1]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_curved_residuals_are_solved_between_two_fresh_jacobians(seed):
    """Rosenbrock's valley as least squares, minimum 0 at (1, 1)."""
    starts = np.random.default_rng(seed).uniform(-1.5, 1.5, (4, 2))

    def residuals(x):
        return np.stack([10 * (x[:, 1] - x[:, 0] ** 2), 1 - x[:, 0]], 1)

    x, cost = minimise(residuals, starts, np.full(2, -3.0), np.full(2, 3.0), 100)
    np.testing.assert_allclose(x, 1.0, atol=1e-3)
    assert cost.max() < 1e-6
