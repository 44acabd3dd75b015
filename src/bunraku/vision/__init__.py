"""Eyes: camera streams, a visual memory that never outgrows its caps, and what can be asked of it.

Needs no robot. `VisualMemory` keeps the patches of many cameras that matter, and answers where something was seen.
"""

from bunraku.vision.frame import Frame, Orientation, Source, frame_from_rgb, frame_from_video
from bunraku.vision.memory import Usage, VisualMemory
from bunraku.vision.query import Query
from bunraku.vision.recall import Answer, Sighting
from bunraku.vision.reconstruction import Reconstruction
from bunraku.vision.store import Event, Label
from bunraku.vision.table import Token

__all__ = [
    "Answer",
    "Event",
    "Frame",
    "Label",
    "Orientation",
    "Query",
    "Reconstruction",
    "Sighting",
    "Source",
    "Token",
    "Usage",
    "VisualMemory",
    "frame_from_rgb",
    "frame_from_video",
]
