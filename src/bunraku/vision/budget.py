"""Tokens that may be spent now: one joint bucket over all cameras, floors per camera, and a price that follows demand.

Over any span of T seconds no more than `rate` × (T + `DEPTH`) tokens are spent, whatever is asked for.
"""

from __future__ import annotations

from math import exp, inf
from threading import Lock

import numpy as np

from bunraku.errors import UserError

PRICE_MEMORY = 0.1
"""Seconds over which the price follows what clears the market, so that a burst is bought at once."""
LOWEST_PRICE = 0.03
"""Value (levels · s) of the least change that is ever worth a token."""
DEPTH = 2.0
"""Seconds of spending that the buckets hold together."""
SNAPSHOT_SHARE = 0.3
"""Reserved for whole things from one time stamp."""
FLOOR_SHARE = 0.25
"""Split evenly over the cameras, so that no busy one starves the others."""


class Bucket:
    """A token bucket; what does not fit in overflows."""

    def __init__(self, share: float, rate: float) -> None:
        self.level = share * rate * DEPTH
        self.resize(share, rate)

    def resize(self, share: float, rate: float) -> None:
        """Change the share of `rate`; what no longer fits is forfeited."""
        self.rate, self.capacity = share * rate, share * rate * DEPTH
        self.level = min(self.level, self.capacity)

    def fill(self, tokens: float) -> float:
        """Add tokens and return those that overflow."""
        level = self.level + tokens
        self.level = min(level, self.capacity)
        return level - self.level

    def take(self, tokens: float) -> bool:
        """Spend `tokens` if there are as many."""
        if tokens > self.level:
            return False
        self.level -= tokens
        return True

    def take_up_to(self, tokens: int) -> int:
        """Spend as many whole tokens as there are, at most `tokens`; returns how many."""
        taken = min(tokens, int(self.level))
        self.level -= taken
        return taken


class TokenBudget:
    """The joint budget of all cameras that `join`, at `rate` tokens per second of capture time."""

    def __init__(self, rate: float) -> None:
        if not rate > 0:
            raise UserError(f"the token budget must be above 0 tokens per second, got {rate:g}.")
        self.rate = rate
        self.snapshots = Bucket(SNAPSHOT_SHARE, rate)
        self.joint = Bucket(1 - SNAPSHOT_SHARE - FLOOR_SHARE, rate)
        self.floors: list[Bucket] = []
        self.wanted: list[int] = []
        """Tokens that each camera's moving things would take, were they kept whole."""
        self.spent = 0
        self._lock = Lock()
        self.price = LOWEST_PRICE
        """Value (levels · s) that a cell must exceed to be worth a token at present."""
        self._offers: list[np.ndarray] = []
        self._priced = -inf
        self._time: float | None = None

    def join(self) -> int:
        """Number of a camera that shares the budget from now on."""
        with self._lock:
            self.floors.append(Bucket(FLOOR_SHARE, self.rate))
            self._offers.append(np.zeros(0))
            self.wanted.append(0)
            if len(self.floors) > 1:
                self.floors[-1].level = 0.0
            for floor in self.floors:
                floor.resize(FLOOR_SHARE / len(self.floors), self.rate)
            return len(self.floors) - 1

    def advance(self, time: float) -> None:
        """Refill up to capture time `time` (s); earlier times change nothing."""
        with self._lock:
            elapsed = 0.0 if self._time is None else max(0.0, time - self._time)
            self._time = time if self._time is None else max(self._time, time)
            if elapsed > 0:
                self._refill(elapsed)

    def _refill(self, elapsed: float) -> None:
        # A gap in the streams earns no more than the buckets hold, so it is safe to cut it short.
        elapsed = min(elapsed, DEPTH)
        buckets = (self.snapshots, *self.floors)
        self.joint.fill(self.joint.rate * elapsed + sum(bucket.fill(bucket.rate * elapsed) for bucket in buckets))

    def _follow_market(self, camera: int, values: np.ndarray) -> None:
        """Move the price towards that at which what all cameras offer finds just the tokens that there are.

        `values` (n,) are this camera's offers, the best first.
        """
        time = self._time or 0.0
        available = int(self.joint.level + self._spare())
        self._offers[camera] = values[: available + 1]
        offers = np.concatenate(self._offers)
        clearing = np.partition(offers, -available - 1)[-available - 1] if available < len(offers) else 0.0
        share = 1 - exp((self._priced - time) / PRICE_MEMORY)
        self._priced = time
        self.price = float(self.price ** (1 - share) * max(clearing, LOWEST_PRICE) ** share)

    def _spare(self) -> int:
        """What no snapshot waits for, or has waited for in vain for a second, is free for repairs."""
        return max(0, int(self.snapshots.level - min(sum(self.wanted), self.snapshots.capacity / 2)))

    def spend(self, camera: int, values: np.ndarray) -> np.ndarray:
        """Which of the items with `values` (n,) > 0 camera number `camera` may keep: (n,) bool."""
        kept = np.zeros(len(values), bool)
        order = np.argsort(-values, kind="stable")
        order = order[values[order] > 0]
        with self._lock:
            self._follow_market(camera, values[order])
            self._spend(self.floors[camera], values, order, kept)
            self.spent += int(kept.sum())
        return kept

    def _spend(self, own: Bucket, values: np.ndarray, order: np.ndarray, kept: np.ndarray) -> None:
        # The floor goes to the best of this camera at any price, the joint bucket to what beats the price.
        floor = own.take_up_to(len(order))
        kept[order[:floor]] = True
        dear = order[floor:][values[order[floor:]] >= self.price]
        bought = self.joint.take_up_to(len(dear))
        bought += self.snapshots.take_up_to(min(self._spare(), len(dear) - bought))
        kept[dear[:bought]] = True

    def spend_snapshot(self, tokens: int) -> bool:
        """Whether a thing of `tokens` may be kept whole; if so they are spent."""
        with self._lock:
            taken = self.snapshots.take(tokens)
            self.spent += tokens if taken else 0
        return taken
