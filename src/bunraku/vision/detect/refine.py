"""The whole pose, all six degrees of freedom, of an object whose place is roughly known: of what the hand holds."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from bunraku.vision.detect.colour import OTHER, label_image
from bunraku.vision.detect.detection import Detection
from bunraku.vision.detect.model import ObjectModel
from bunraku.vision.detect.region import Region, find_regions, union
from bunraku.vision.detect.silhouette import (
    Hulls,
    Linearised,
    explained,
    linearise,
    make_target,
    normal_equations,
    robust_cost,
)
from bunraku.vision.detect.view import View, project

STARTS = np.concatenate([np.zeros((1, 3)), 0.35 * np.eye(3), -0.35 * np.eye(3)])
"""Rotation vectors (7, 3) rad away from the guess, from which the search begins."""
LEAST_INLIERS = 0.6
LEAST_EVIDENCE = 6.0


def refine(
    views: Sequence[View],
    model: ObjectModel,
    position_stance: np.ndarray,
    rotation_stance_from_object: np.ndarray,
    position_std: float = 0.02,
    rotation_std: float = 0.3,
) -> Detection | None:
    """Estimate the whole pose of an object near a guess, such as where the hand that holds it is.

    Fingers in front of it are told by `View.hidden`. What the pictures do not show, such as the turn of a round thing
    about its axis, stays as guessed.

    Args:
        views: of one moment.
        model: what it is.
        position_stance: guess of the object frame's origin (3,) m.
        rotation_stance_from_object: guess (3, 3).
        position_std, rotation_std: how good the guess is, m and rad per axis.

    Returns:
        The detection, whose `yaw` is the turn about the vertical nearest to its rotation; None if no view shows it.
    """
    reach = 3 * position_std
    seen = [
        _region(i, view, model, position_stance, rotation_stance_from_object, reach) for i, view in enumerate(views)
    ]
    regions = [region for region in seen if region is not None]
    if not regions:
        return None
    target = make_target(views, [regions] * len(STARTS))
    rotations = Rotation.from_rotvec(STARTS) * Rotation.from_matrix(rotation_stance_from_object)
    guess = Rotation.from_matrix(rotation_stance_from_object)
    position = np.tile(np.asarray(position_stance, float), (len(STARTS), 1))
    for iteration in range(12):
        hulls, here = _linearise(target, model, position, rotations)
        hessian, gradient = _equations(hulls, here, robust=iteration > 3)
        _add_prior(hessian, gradient, position - position_stance, rotations * guess.inv(), position_std, rotation_std)
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        position = position - np.clip(step[:, :3], -0.02, 0.02)
        rotations = Rotation.from_rotvec(-np.clip(step[:, 3:], -0.3, 0.3)) * rotations
    hulls, here = _linearise(target, model, position, rotations)
    away = (rotations * guess.inv()).magnitude() / rotation_std
    best = int(np.argmin(robust_cost(hulls, here.residual) + 0.05 * away**2))
    evidence, share = explained(hulls, here.residual)
    if share[best] < LEAST_INLIERS or evidence[best] < LEAST_EVIDENCE:
        return None
    hessian, gradient = _equations(hulls, here, robust=True)
    _add_prior(hessian, gradient, position - position_stance, rotations * guess.inv(), position_std, rotation_std)
    return _detection(views, regions, model, position[best], rotations[best], hessian[best], float(share[best]))


def _region(index: int, view: View, model: ObjectModel, position, rotation, reach: float) -> Region | None:
    """All pixels of the model's colour near where it is guessed to be, as one region."""
    points = model.hull[0] @ np.asarray(rotation).T + position
    pixels = project(view, points)
    if not np.isfinite(pixels).all():
        return None
    labels = label_image(view.image, {model.colour: model.rgb})
    if view.hidden is not None:
        labels[view.hidden] = OTHER
    depth = np.linalg.norm(points.mean(axis=0) - view.position_stance)
    around = cv2.convexHull(pixels.astype(np.float32))
    within = reach * view.intrinsics[0, 0] / depth
    pieces = [
        region
        for region in find_regions(index, labels, 1)
        if cv2.pointPolygonTest(around, region.centre.astype(np.float32).tolist(), True) > -within
    ]
    return union(tuple(pieces)) if pieces else None


def _linearise(target, model: ObjectModel, position: np.ndarray, rotations: Rotation) -> tuple[Hulls, Linearised]:
    turned = rotations.as_matrix().transpose(0, 2, 1)
    hulls = Hulls(target, model.hull[0] @ turned, model.hull[1] @ turned)
    return hulls, linearise(hulls, np.column_stack([position, np.zeros(len(position))]))


def _equations(hulls: Hulls, here: Linearised, robust: bool) -> tuple[np.ndarray, np.ndarray]:
    """Hessian (b, 6, 6) and gradient (b, 6) of half the cost by position and rotation vector, in the stance frame."""
    jacobian = np.concatenate([here.slope, np.cross(here.arm, here.slope)], axis=-1)
    return normal_equations(hulls, here.residual, jacobian, robust)


def _add_prior(
    hessian, gradient, offset: np.ndarray, turned: Rotation, position_std: float, rotation_std: float
) -> None:
    precision = np.repeat([position_std**-2, rotation_std**-2], 3)
    hessian += np.diag(precision)
    gradient += precision * np.concatenate([offset, turned.as_rotvec()], axis=1)


def _detection(views, regions: list[Region], model: ObjectModel, position, rotation: Rotation, hessian, share: float):
    covariance = np.linalg.inv(hessian)
    matrix = rotation.as_matrix()
    yaw = 0.0 if model.yaw_period == 0 else float(np.arctan2(matrix[1, 0] - matrix[0, 1], matrix[0, 0] + matrix[1, 1]))
    return Detection(
        model.kind,
        model.colour,
        max(views[r.view].time for r in regions),
        position,
        yaw,
        matrix,
        model.extent,
        covariance[:3, :3],
        np.inf if model.yaw_period == 0 else float(np.sqrt(covariance[5, 5])),
        share,
        {views[r.view].camera: r.box for r in regions},
    )
