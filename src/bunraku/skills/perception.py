"""From pictures to things in the world: each picture gets the camera's pose at its own time, then detection."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from bunraku.control.estimator import BodyState
from bunraku.control.posture import BodyPoses
from bunraku.objects import SURFACES
from bunraku.robot import SIDES, CameraFrame, HandReading, Observation, RobotSpec
from bunraku.skills.object_models import catalogue_models
from bunraku.skills.own_body import OwnBody
from bunraku.vision.detect import (
    ColourDetector,
    Detection,
    Detector,
    DishDetector,
    View,
    capsule_mask,
    dish_detector,
    learned_detector,
    leftovers,
    pinhole,
    rotation_from_mujoco,
)

LOOKING = ("head_left", "head_right", "chest")
"""The cameras that look at the work."""

WITHIN_REACH = 1.2
"""Distance (m) from the eyes beyond which nothing is in an arm's way."""
HISTORY = 150
"""How many states are remembered to give each picture the pose at its own time."""


COLOUR, DISHES, LEARNED = "colour", "dishes", "learned"
"""The names of the detectors that go by colours and outlines alone; by the network that comes with the package as well
where things lie on dishes of their own colour; and by that network everywhere."""


def detector_named(name: str, heights: Sequence[float] = ()) -> Detector:
    """The detector called `COLOUR`, `DISHES` or `LEARNED`, or the one with the network in the ONNX file of that name,
    for things that stand on the surfaces of the map or at one of the other `heights` (m)."""
    supports = (*(s.top for s in SURFACES.values()), *heights)
    match name:
        case "colour":
            return ColourDetector(support_heights=supports)
        case "dishes":
            return dish_detector(supports)
        case "learned":
            return learned_detector(supports)
    return learned_detector(supports, Path(name))


@dataclass(frozen=True)
class Seen:
    """An object as the robot believes it to be: `position` (3,) m of the object frame in the world, `yaw` rad,
    `deviation` m of the position, `time` s of the pictures and the `confidence` of the detector."""

    kind: str
    colour: str
    position: np.ndarray
    yaw: float
    deviation: float = 0.0
    time: float = 0.0
    confidence: float = 1.0
    rotation: np.ndarray | None = None

    @property
    def name(self) -> str:
        """Colour and kind: "red mug"."""
        return f"{self.colour} {self.kind}"


class Eyes:
    """Keeps the recent states of the body and turns pictures into `Seen` objects."""

    def __init__(self, spec: RobotSpec, detector: Detector | None = None, heights: Sequence[float] = ()) -> None:
        """Look with the cameras of `spec`.

        The default detector knows the household catalogue by colour and outline, and that things stand on the surfaces
        of the map or at one of the other `heights` (m).
        """
        self._spec = spec
        self._detector = detector or detector_named(COLOUR, heights)
        self._closer: DishDetector | None = None
        self._models = catalogue_models()
        self._poses = BodyPoses(spec)
        self._own_body = OwnBody(spec)
        self._hand_joints = spec.hand_spec.joint_names
        self._states: deque[tuple[BodyState, Observation]] = deque(maxlen=HISTORY)

    def note(self, state: BodyState, observation: Observation) -> None:
        """Remember where the body was at the time of `observation`."""
        self._states.append((state, observation))

    def views(self, observation: Observation, after: float, cameras: Sequence[str] = LOOKING) -> list[View]:
        """One view for each of `cameras` that has taken a picture later than `after` s."""
        frames = [observation.frames[name] for name in cameras if name in observation.frames]
        return [self._view(frame) for frame in frames if frame.time > after]

    def pose(self, frame: CameraFrame) -> tuple[np.ndarray, np.ndarray, float]:
        """Where the camera of `frame` was when it took it: position (3,) m and rotation (3, 3) in the world, in the
        OpenCV convention, and its focal length in px."""
        state, _ = min(self._states, key=lambda entry: abs(entry[0].time - frame.time))
        position, rotation = self._poses.camera_pose(state, frame.camera)
        focal = frame.image.shape[0] / 2 / np.tan(np.deg2rad(self._spec.camera(frame.camera).fovy_deg) / 2)
        return position, rotation_from_mujoco(rotation), float(focal)

    def _view(self, frame: CameraFrame) -> View:
        state, then = min(self._states, key=lambda entry: abs(entry[0].time - frame.time))
        return self.view(frame, state, {side: then.hand(side) for side in SIDES})

    def view(self, frame: CameraFrame, state: BodyState, hands: Mapping[str, HandReading]) -> View:
        """The picture `frame`, taken while the body was in `state`, with the robot's own arms and `hands` marked."""
        position, rotation = self._poses.camera_pose(state, frame.camera)
        height, width = frame.image.shape[:2]
        camera = pinhole(np.deg2rad(self._spec.camera(frame.camera).fovy_deg), width, height)
        view = View(frame.camera, frame.time, frame.image, camera, position, rotation_from_mujoco(rotation))
        postures = {side: (self._hand_joints, reading.position) for side, reading in hands.items()}
        return replace(view, hidden=capsule_mask(view, *self._own_body.capsules(state.configuration, postures)))

    def find(self, views: Sequence[View], heights: tuple[float, ...] = ()) -> list[Seen]:
        """Every known object in `views`; with `heights` (m) those that stand there, not where things usually stand."""
        detector = self._detector
        if heights and isinstance(detector, ColourDetector | DishDetector):
            detector = detector.standing_at(heights)
        return [seen_as(detection) for detection in detector.detect(views, self._models)] if views else []

    def find_on_dishes(self, views: Sequence[View]) -> list[Seen]:
        """Every known object in `views`, also what lies on a dish of its own colour, which colour cannot tell from it;
        nothing where ONNX Runtime is not installed, or the detector is one that goes by more than colour anyway."""
        if not views or not isinstance(self._detector, ColourDetector) or not find_spec("onnxruntime"):
            return []
        self._closer = self._closer or dish_detector(self._detector.support_heights)
        return [seen_as(detection) for detection in self._closer.detect(views, self._models)]

    def riddle(self, views: Sequence[View], seen: Sequence[Seen], height: float) -> np.ndarray | None:
        """Where at `height` m something must be that has a thing's colour but is none of those `seen`: a point (3,) m,
        or None."""
        palette = {model.colour: model.rgb for model in self._models}
        for view, way in leftovers(views, palette, [(thing.colour, thing.position) for thing in seen]):
            distance = (height - view.position_stance[2]) / min(way[2], -1e-3)
            if distance < WITHIN_REACH:
                return view.position_stance + distance * way
        return None


def seen_as(found: Detection) -> Seen:
    """What the robot makes of a detection."""
    return Seen(
        found.kind,
        found.colour,
        np.asarray(found.position_stance, float),
        float(found.yaw),
        float(np.max(found.std)),
        found.time,
        found.confidence,
        np.asarray(found.rotation_stance_from_object),
    )
