"""Draw the pictures of the front page: the robot at its counter, and on an errand in the house."""

from dataclasses import replace
from pathlib import Path

import cv2

from bunraku.objects import SURFACES
from bunraku.sim import Scene
from bunraku.sim.person import Person
from bunraku.sim.render import Viewpoint, ViewRenderer
from bunraku.sim.scene import on_surface
from bunraku.sim.world import create_world

COUNTER = SURFACES["counter"]
SCENE = Scene(
    (
        on_surface("red mug", "mug", "red", COUNTER, (0.50, -0.16), 2.2),
        on_surface("blue bowl", "bowl", "blue", COUNTER, (0.62, 0.10), 0.0),
        on_surface("green bottle", "bottle", "green", COUNTER, (0.40, 0.24), 0.0),
        on_surface("yellow banana", "banana", "yellow", COUNTER, (0.70, -0.22), 0.6),
        on_surface("orange ball", "ball", "orange", COUNTER, (0.42, -0.02), 0.0),
    )
)
ERRAND = replace(
    SCENE,
    house=True,
    person=Person(((-5.0, -0.9),), yaw=0.7, plate="blue"),
    start=(-4.05, 0.35, 3.8),
)
WIDTH, HEIGHT = 1280, 720
IMAGES = Path(__file__).parents[1] / "docs" / "images"
PICTURES = {
    "hero.png": (SCENE, Viewpoint(target=(0.28, -0.04, 1.08), distance=1.8, azimuth=-150.0, elevation=-13.0)),
    "house.png": (ERRAND, Viewpoint(target=(-4.75, -0.2, 0.95), distance=2.9, azimuth=108.0, elevation=-11.0)),
}

for name, (scene, viewpoint) in PICTURES.items():
    world = create_world(scene)
    picture = ViewRenderer(world.model, WIDTH, HEIGHT).render(world.data, viewpoint)
    path = IMAGES / name
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    print(f"{path} ({path.stat().st_size / 1000:.0f} kB)")
