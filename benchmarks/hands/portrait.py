"""Draw the picture of docs/hands.md: the 22-DoF hand open, and in three of the grasps that it found.

python benchmarks/hands/portrait.py docs/images/hand.png
"""

from __future__ import annotations

import sys

import cv2
import mujoco
import numpy as np

from bunraku.hands import build_hand, load_hand
from bunraku.hands.benchmark.fit import fit_grasp
from bunraku.hands.benchmark.grasps import GRASPS
from bunraku.hands.benchmark.run import load_kinematics
from bunraku.hands.picture import add_studio, photograph, renderer

OPEN_DEG = {"thumb_cmc_rotation": 35, "index_mcp_abduction": 8, "little_mcp_abduction": -10}
SHOWN = ((3, -120, -16), (14, -110, -10), (20, -118, -14))
"""Grasp, azimuth and elevation of the camera."""
WIDTH, HEIGHT = 460, 480


def picture(spec: mujoco.MjSpec, posture: np.ndarray, azimuth: float, elevation: float) -> np.ndarray:
    """The hand of `spec` at `posture` (n,) rad, with whatever else the spec holds."""
    add_studio(spec)
    model = spec.compile()
    data = mujoco.MjData(model)
    data.qpos[: len(posture)] = posture
    mujoco.mj_forward(model, data)
    with renderer(model, HEIGHT, WIDTH) as view:
        return photograph(view, data, (0.088, 0.012, -0.025), 0.28, azimuth, elevation)


def main(path: str) -> None:
    """Write the picture."""
    hand = load_hand("h22")
    open_hand = np.radians([OPEN_DEG.get(name, 6.0 if "abduction" not in name else 0.0) for name in hand.joint_names])
    tiles = [picture(build_hand(hand), open_hand, -160, -42)]
    for number, azimuth, elevation in SHOWN:
        grasp = next(g for g in GRASPS if g.number == number)
        fit = fit_grasp(load_kinematics("h22"), grasp, 0, 1)[0]
        spec = build_hand(hand)
        quat = np.zeros(4)
        mujoco.mju_mat2Quat(quat, fit.rotation.ravel())
        body = spec.worldbody.add_body(pos=fit.position, quat=quat)
        body.add_geom(rgba=[0.25, 0.52, 0.85, 1], **grasp.shape.geom())
        tiles.append(picture(spec, fit.posture, azimuth, elevation))
    cv2.imwrite(path, np.hstack(tiles)[..., ::-1])


if __name__ == "__main__":
    main(sys.argv[1])
