"""Detection: which known objects stand where, from calibrated pictures alone.

`ColourDetector` is the classical one behind the `Detector` protocol; `View` and `ObjectModel` are its input, as data.
"""

from bunraku.vision.detect.classical import ColourDetector
from bunraku.vision.detect.detection import Box, Detection, Detector, nearest_miss
from bunraku.vision.detect.dishes import DishDetector
from bunraku.vision.detect.hidden import capsule_mask
from bunraku.vision.detect.learned import dish_detector, learned_detector
from bunraku.vision.detect.leftovers import leftovers
from bunraku.vision.detect.model import ObjectModel, Rest
from bunraku.vision.detect.refine import refine
from bunraku.vision.detect.view import View, pinhole, rotation_from_mujoco

__all__ = [
    "Box",
    "ColourDetector",
    "Detection",
    "Detector",
    "DishDetector",
    "ObjectModel",
    "Rest",
    "View",
    "capsule_mask",
    "dish_detector",
    "learned_detector",
    "leftovers",
    "nearest_miss",
    "pinhole",
    "refine",
    "rotation_from_mujoco",
]
