"""One picture and where its camera stood: all that a detector knows of the world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bunraku.errors import UserError

_OPENCV_FROM_MUJOCO = np.diag([1.0, -1.0, -1.0])


@dataclass(frozen=True, eq=False)
class View:
    """A picture and its calibrated camera, in the OpenCV convention: x right, y down, z forward.

    Attributes:
        camera: name of the camera.
        time: when the picture was taken, s.
        image: (h, w, 3) uint8 RGB.
        intrinsics: pinhole matrix (3, 3) px; pixel centres lie at half-integers, so that (0, 0) is the image's corner.
        position_stance: optical centre (3,) m.
        rotation_stance_from_camera: (3, 3).
        hidden: (h, w) bool, true where something known, such as the robot's own arm, is in front; None if unknown.
    """

    camera: str
    time: float
    image: np.ndarray
    intrinsics: np.ndarray
    position_stance: np.ndarray
    rotation_stance_from_camera: np.ndarray
    hidden: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.image.ndim != 3 or self.image.shape[2] != 3 or self.image.dtype != np.uint8:
            raise UserError(
                f"the image of camera {self.camera} must be (h, w, 3) uint8 RGB, "
                f"got {self.image.shape} {self.image.dtype}"
            )
        for name, shape in (
            ("intrinsics", (3, 3)),
            ("position_stance", (3,)),
            ("rotation_stance_from_camera", (3, 3)),
        ):
            if np.shape(getattr(self, name)) != shape:
                raise UserError(
                    f"{name} of camera {self.camera} must have shape {shape}, got {np.shape(getattr(self, name))}"
                )
        if self.hidden is not None and self.hidden.shape != self.image.shape[:2]:
            raise UserError(
                f"hidden of camera {self.camera} must have the image's shape {self.image.shape[:2]}, "
                f"got {self.hidden.shape}"
            )

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in px."""
        height, width = self.image.shape[:2]
        return width, height


def rotation_from_mujoco(rotation_from_mujoco_camera: np.ndarray) -> np.ndarray:
    """Camera rotation (3, 3) in the OpenCV convention, from one in MuJoCo's (x right, y up, z backward)."""
    return np.asarray(rotation_from_mujoco_camera, float).reshape(3, 3) @ _OPENCV_FROM_MUJOCO


def pinhole(fovy: float, width: int, height: int) -> np.ndarray:
    """Intrinsics (3, 3) in px of a camera with square pixels and a vertical field of view `fovy` in rad."""
    focal = height / 2 / np.tan(fovy / 2)
    return np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]])


def project(view: View, points_stance: np.ndarray) -> np.ndarray:
    """Image positions (..., 2) px of points (..., 3) m; not finite for points beside or behind the camera."""
    points_camera = (points_stance - view.position_stance) @ view.rotation_stance_from_camera
    depth = np.where(points_camera[..., 2:] > 1e-6, points_camera[..., 2:], np.nan)
    return (points_camera / depth) @ view.intrinsics[:2].T


def ray(view: View, pixel: np.ndarray) -> np.ndarray:
    """Unit direction (3,) in the stance frame from the optical centre through `pixel` (2,)."""
    direction = view.rotation_stance_from_camera @ np.linalg.solve(view.intrinsics, [pixel[0], pixel[1], 1.0])
    return direction / np.linalg.norm(direction)
