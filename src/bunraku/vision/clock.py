"""True capture times: a camera's own clock aligned with this machine's, and how fast the two drift apart."""

from __future__ import annotations

import numpy as np

WINDOW = 2.0
"""Seconds over which the promptest arrival is taken: delays only ever add."""
WINDOWS = 30
CREEP = 2e-3
"""Seconds by which the offset may change from packet to packet: a jump would reorder pictures."""


class CameraClock:
    """Aligns the time stamps of a live stream (s, the camera's clock) with the arrival of its packets (s, ours).

    Arrival is capture plus a delay that is never less than some minimum, so the lower envelope of arrival − stamp
    follows the offset of the clocks. Times never run backwards while the stamps do not.
    """

    def __init__(self) -> None:
        self._minima: list[tuple[float, float]] = []
        self._offset = 0.0

    def arrived(self, stamp: float, arrival: float) -> None:
        """Take note that the packet with this time stamp arrived."""
        offset = arrival - stamp
        first = not self._minima
        if first or stamp - self._minima[-1][0] >= WINDOW:
            self._minima = [*self._minima[-WINDOWS + 1 :], (stamp, offset)]
        elif offset < self._minima[-1][1]:
            self._minima[-1] = (self._minima[-1][0], offset)
        predicted = min(offset + self.drift * (stamp - at) for at, offset in self._minima[-3:])
        creep = np.clip(predicted - self._offset, -CREEP, CREEP)
        self._offset = predicted if first else self._offset + float(creep)

    def capture_time(self, stamp: float) -> float:
        """When the picture with this time stamp was taken, on this machine's clock."""
        return stamp + self._offset

    @property
    def drift(self) -> float:
        """Seconds by which this machine's clock gains on the camera's per second; 0 until it can be told."""
        if len(self._minima) < 5:
            return 0.0
        stamps, offsets = np.array(self._minima[:-1]).T
        # Theil–Sen: the median slope is untouched by a few windows in which every packet was late.
        i, j = np.triu_indices(len(stamps), 2)
        return float(np.median((offsets[j] - offsets[i]) / (stamps[j] - stamps[i])))
