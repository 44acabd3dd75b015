"""The trained detector as ONNX files that say of themselves what they know and how they came to be."""

from __future__ import annotations

from pathlib import Path

import torch

from bunraku.learning.onnx_file import write_onnx
from bunraku.learning.seeing.dishes import DishNetwork
from bunraku.learning.seeing.naming import NamingNetwork
from bunraku.learning.seeing.network import STRIDE
from bunraku.learning.seeing.training import SeeingTrainer
from bunraku.vision.detect.dishes import SIDE as DISH_SIDE
from bunraku.vision.detect.dishes import dishes_file
from bunraku.vision.detect.naming import SIDE, kinds_file
from bunraku.vision.detect.network import OUTPUTS
from bunraku.vision.detect.session import FORMAT


def export(trainer: SeeingTrainer, naming: NamingNetwork, dishes: DishNetwork, path: Path) -> None:
    """Write the averaged network of `trainer` to `path`, which takes pictures of any size that 32 divides, the network
    that names kinds to `kinds_file(path)`, and that for dishes to `dishes_file(path)`; each in one step."""
    height, width = (torch.export.Dim(name, min=1, max=64) for name in ("rows", "columns"))
    about = trainer.card() | {"format": FORMAT, "stride": STRIDE}
    picture, shape = torch.zeros(1, 3, 256, 320), {2: 32 * height, 3: 32 * width}
    write_onnx(trainer.averaged, (picture,), (shape,), ["image"], list(OUTPUTS), about, path)
    shape = {0: torch.export.Dim("things", min=1, max=1024)}
    about = {"format": FORMAT, "kinds": list(trainer.kinds)}
    write_onnx(naming, (torch.zeros(2, 3, SIDE, SIDE),), (shape,), ["squares"], ["kinds"], about, kinds_file(path))
    about, squares = {"format": FORMAT, "dishes": list(trainer.dishes)}, torch.zeros(2, 3, DISH_SIDE, DISH_SIDE)
    write_onnx(dishes, (squares,), (shape,), ["squares"], ["things"], about, dishes_file(path))
