"""Landmarks of a person's hand from a film, by MediaPipe: an optional package, and a model file that it needs."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import av
import av.error
import numpy as np

from bunraku.errors import UserError


def landmarks_from_film(film: Path, model: Path) -> np.ndarray:
    """Landmarks (frames, 21, 3) m of the one hand in `film`, in the order of MediaPipe's hand landmarks.

    `model` is MediaPipe's `hand_landmarker.task`. A frame without a hand repeats the last one with it; frames before
    the first are left out. Raises UserError without MediaPipe, model, film or hand.
    """
    if find_spec("mediapipe") is None:
        raise UserError("Landmarks from a film need the package mediapipe: pip install mediapipe.")
    if not model.is_file():
        raise UserError(f"There is no model file {model}; MediaPipe's hand_landmarker.task is needed.")
    from mediapipe import Image, ImageFormat  # pyright: ignore[reportMissingImports]
    from mediapipe.tasks.python import BaseOptions, vision  # pyright: ignore[reportMissingImports]

    options = vision.HandLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(model)), running_mode=vision.RunningMode.VIDEO, num_hands=1
    )
    try:
        container = av.open(str(film))
    except (OSError, av.error.FFmpegError):
        raise UserError(f"{film} cannot be read as a film.") from None
    found: list[np.ndarray] = []
    with container, vision.HandLandmarker.create_from_options(options) as detector:
        for number, frame in enumerate(container.decode(video=0)):
            time = round(1000 * frame.time) if frame.time is not None else 33 * number
            picture = Image(image_format=ImageFormat.SRGB, data=frame.to_ndarray(format="rgb24"))
            hands = detector.detect_for_video(picture, time).hand_world_landmarks
            if hands:
                found.append(np.array([[point.x, point.y, point.z] for point in hands[0]]))
            elif found:
                found.append(found[-1])
    if not found:
        raise UserError(f"No hand was seen in {film}.")
    return np.array(found)
