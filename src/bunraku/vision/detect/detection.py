"""What a detector says: `Detection`, and the `Detector` protocol that classical and learned ones share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from bunraku.vision.detect.model import ObjectModel
from bunraku.vision.detect.view import View

Box = tuple[int, int, int, int]
"""left, top, right, bottom in px; right and bottom are outside."""


@dataclass(frozen=True, eq=False)
class Detection:
    """One object that was seen.

    Attributes:
        kind, colour: which of the models it is.
        time: of the newest picture used, s.
        position_stance: origin of the object frame (3,) m.
        yaw: turn of the object about the stance frame's z, rad, within half a `yaw_period` of 0; 0 if it is round.
        rotation_stance_from_object: (3, 3); the yaw after the rest rotation.
        size: bounding box (3,) m in the object frame.
        covariance: of the position (3, 3) m², one standard deviation per axis being the root of its diagonal.
        yaw_std: standard deviation of the yaw, rad; infinite if the object is round.
        confidence: in [0, 1], how sure it is that such an object is there.
        boxes: where it is seen, by camera.
    """

    kind: str
    colour: str
    time: float
    position_stance: np.ndarray
    yaw: float
    rotation_stance_from_object: np.ndarray
    size: np.ndarray
    covariance: np.ndarray
    yaw_std: float
    confidence: float
    boxes: Mapping[str, Box] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Colour and kind, as in "red mug"."""
        return f"{self.colour} {self.kind}"

    @property
    def std(self) -> np.ndarray:
        """Standard deviation (3,) m of the position along the stance frame's axes."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def cameras(self) -> tuple[str, ...]:
        """The cameras that saw it."""
        return tuple(self.boxes)


class Detector(Protocol):
    """Finds known objects in pictures of one moment."""

    def detect(self, views: Sequence[View], models: Sequence[ObjectModel]) -> list[Detection]:
        """Every object of `models` that is in `views`, the surest first; nothing that is not there."""
        ...


def nearest_miss(kind: str | None, colour: str | None, detections: Sequence[Detection]) -> Detection | None:
    """The detection to name when no `colour` `kind` is there: the same kind first, else the same colour, else None.

    Raises ValueError if one of the detections does fit.
    """
    if any(kind in (None, d.kind) and colour in (None, d.colour) for d in detections):
        raise ValueError(f"a {colour or ''} {kind or 'object'} is among the detections")
    alike = [d for d in detections if d.kind == kind] or [d for d in detections if d.colour == colour]
    return max(alike, key=lambda d: d.confidence, default=None)
