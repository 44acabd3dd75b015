"""`bunraku scene`: what stands in the room of a seed, as a table and as a picture."""

from __future__ import annotations

from math import degrees
from pathlib import Path
from typing import Literal

from bunraku.errors import UserError

Camera = Literal["outside", "head_left", "head_right", "chest", "palm_left", "palm_right", "ground", "back"]


def scene(
    seed: int = 0,
    count: int = 6,
    camera: Camera = "outside",
    out: Path = Path("scene.png"),
    json: Path | None = None,
) -> None:
    """Draw the room of a seed, with the robot in it.

    Args:
        seed: decides which objects there are and where they stand.
        count: how many objects there are, 1 to 8.
        camera: who looks: somebody outside, or one of the robot's seven cameras.
        out: the picture, a .png or .jpg file.
        json: also write the scene as JSON to this file.
    """
    import numpy as np

    from bunraku.sim.scene import random_scene

    if out.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise UserError(f"a picture is a .png or .jpg file, not “{out.name}”")
    drawn = random_scene(np.random.default_rng(seed), count=count)
    _save(_picture(drawn, camera), out)
    if json is not None:
        _write_text(json, drawn.to_json())
    _print_objects(drawn, out)


def _picture(drawn, camera: Camera):
    from bunraku.sim.render import CameraRenderer, ViewRenderer
    from bunraku.sim.world import create_world

    world = create_world(drawn)
    if camera == "outside":
        renderer = ViewRenderer(world.model, 1280, 800)
        image = renderer.render(world.data)
    else:
        renderer = CameraRenderer(world.model)
        image = renderer.render(world.data, camera)
    renderer.close()
    return image


def _save(image, path: Path) -> None:
    from PIL import Image

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    except OSError as error:
        raise UserError(f"the picture {path} cannot be written: {error.strerror or error}") from error


def _write_text(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"the file {path} cannot be written: {error.strerror or error}") from error


def _print_objects(drawn, path: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    from bunraku.objects import KINDS

    table = Table("object", "x m", "y m", "turned °", "mass g", box=None, padding=(0, 2, 0, 0))
    for placed in drawn.objects:
        x, y, _ = placed.position
        mass = f"{1000 * KINDS[placed.kind].mass:.0f}"
        table.add_row(placed.name, f"{x:.2f}", f"{y:+.2f}", f"{degrees(placed.yaw):+.0f}", mass)
    console = Console()
    console.print(table)
    console.print(f"The picture is {path}.")
