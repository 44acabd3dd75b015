from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bunraku.errors import UserError  # noqa: E402
from bunraku.learning.ppo import Config, Learner, Update  # noqa: E402


@dataclass
class Outcome:
    reward: np.ndarray
    dropped: np.ndarray
    turned: np.ndarray


class Balance:
    """A point that drifts off and is lost beyond 1; the action pushes it. The critic alone knows where it drifts to."""

    def __init__(self, count: int = 64) -> None:
        self.count, self.actions = count, 1
        self.rng = np.random.default_rng(0)
        self.time, self.place, self.drift = np.zeros(count), np.zeros(count), np.zeros(count)
        self.reset(np.arange(count))

    def reset(self, ids: np.ndarray) -> None:
        self.time[ids], self.place[ids], self.drift[ids] = 0, 0, self.rng.choice([-0.1, 0.1], len(ids))

    def observe(self) -> np.ndarray:
        return np.stack([self.place, np.sign(self.place)], 1).astype(np.float32)

    def privileged(self) -> np.ndarray:
        return self.drift[:, None].astype(np.float32)

    def step(self, action: np.ndarray) -> Outcome:
        self.place += self.drift + 0.3 * np.clip(action[:, 0], -1, 1)
        self.time += 0.05
        lost = np.abs(self.place) > 1
        return Outcome(1 - np.abs(self.place) - 5 * lost, lost, np.zeros(self.count))


def curve(learner: Learner, samples: int) -> list[Update]:
    seen: list[Update] = []
    learner.learn(samples, seen.append)
    return seen


def test_it_learns_to_balance() -> None:
    seen = curve(Learner(Balance(), Config(widths=(32,), seconds=2.0)), 40_000)
    assert seen[0].drops > 0.02
    assert np.mean([update.drops for update in seen[-5:]]) < 0.1 * seen[0].drops
    assert np.mean([update.reward for update in seen[-5:]]) > 0.5


def test_the_same_seed_learns_the_same() -> None:
    first, second = (curve(Learner(Balance(), Config(widths=(16,))), 4_000)[-1] for _ in range(2))
    assert (first.reward, first.divergence) == (second.reward, second.divergence)


def test_a_checkpoint_goes_on_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    learner = Learner(Balance(), Config(widths=(16,)))
    curve(learner, 3_000)
    learner.save(tmp_path / "a.pt")
    again = Learner(Balance(), Config(widths=(16,), seed=0))
    again.load(tmp_path / "a.pt")
    assert again.samples == learner.samples
    felt = torch.from_numpy(Balance().observe())
    assert torch.equal(again.actor(felt), learner.actor(felt))
    with pytest.raises(UserError, match="another configuration"):
        Learner(Balance(), Config(widths=(8,))).load(tmp_path / "a.pt")
    (tmp_path / "b.pt").write_bytes(b"nothing")
    with pytest.raises(UserError, match="not a checkpoint"):
        again.load(tmp_path / "b.pt")
