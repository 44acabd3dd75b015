"""Clamping, fast enough for a control tick."""

from __future__ import annotations

from typing import Any

import numpy as np


def clamp(values: Any, low: Any, high: Any) -> Any:
    """`values` between `low` and `high`; several times faster than `numpy.clip` on short arrays."""
    return np.minimum(np.maximum(values, low), high)
