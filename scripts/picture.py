"""Draw the picture on the front page: the robot at its counter."""

from pathlib import Path

import cv2

from bunraku.objects import SURFACES
from bunraku.sim import Scene
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
WIDTH, HEIGHT = 1280, 720
PATH = Path(__file__).parents[1] / "docs" / "images" / "hero.png"
VIEWPOINT = Viewpoint(target=(0.28, -0.04, 1.08), distance=1.8, azimuth=-150.0, elevation=-13.0)

world = create_world(SCENE)
picture = ViewRenderer(world.model, WIDTH, HEIGHT).render(world.data, VIEWPOINT)
PATH.parent.mkdir(parents=True, exist_ok=True)
cv2.imwrite(str(PATH), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 9])
print(f"{PATH} ({PATH.stat().st_size / 1000:.0f} kB)")
