"""`bunraku detector train`: from rendered pictures to the learned detector, in one command."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bunraku.cli.graphics import draw_test_picture
from bunraku.cli.learning import INSTALL, require
from bunraku.cli.records import make_folder
from bunraku.errors import UserError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from torch.nn import Module

    from bunraku.learning.seeing.training import Losses

    N = TypeVar("N", bound=Module)

KEPT_EVERY = 100
"""After so many steps a checkpoint is written, so that little is lost."""


def train(
    out: Path, data: Path | None = None, pictures: int = 3600, steps: int = 2400, seed: int = 0, bfloat16: bool = False
) -> int:
    """Render cluttered rooms and train the detector on them.

    The pictures are rendered once, into a file beside the detector; a file that is there is used as it is. Training
    can be interrupted: the detector as it is then is written, and the same command goes on from the checkpoint.

    Args:
        out: the detector, an ONNX file.
        data: the file of pictures; by default it lies beside the detector, with the ending .pictures.
        pictures: how many to render.
        steps: how long to train; a step takes 8 crops and 0.08–0.15 s of one core.
        bfloat16: compute in bfloat16, two to three times as fast on processors that can.
        seed: of the pictures, of the network's first weights and of the crops.
    """
    if pictures < 1 or steps < 1:
        raise UserError(f"--pictures and --steps must be at least 1, got {pictures} and {steps}.")
    for package in ("torch", "onnx", "onnxscript"):
        require(package, f"training needs {package}: {INSTALL}")
    import torch

    from bunraku.learning.seeing.dishes import DishConfig, DishNetwork, train_dishes
    from bunraku.learning.seeing.export import export
    from bunraku.learning.seeing.naming import NamingConfig, NamingNetwork, train_naming
    from bunraku.learning.seeing.pictures import PictureFile
    from bunraku.learning.seeing.training import SeeingConfig, SeeingTrainer
    from bunraku.objects import COLOURS, KINDS
    from bunraku.sim.clutter import PLAIN

    make_folder(out.parent)
    data = data or out.with_suffix(".pictures")
    if not data.exists():
        draw_test_picture()
        render(data, pictures, seed)
    torch.set_num_threads(1)
    config = SeeingConfig(steps=steps, seed=seed, bfloat16=bfloat16)
    dishes = [kind.name for kind in KINDS.values() if not kind.graspable]
    kept = PictureFile(data)
    trainer = SeeingTrainer(kept, list(KINDS), [*COLOURS, PLAIN], config, dishes)
    tell, count, kinds = partial(print, flush=True), len(kept), list(KINDS)
    naming, looking = NamingConfig(seed=seed, bfloat16=bfloat16), DishConfig(seed=seed, bfloat16=bfloat16)
    train_first = partial(train_naming, kept, kinds, naming, tell)
    train_second = partial(train_dishes, kept, dishes, looking, tell)
    namer = _once(NamingNetwork(len(kinds)), naming, count, out.with_suffix(".kinds.pt"), train_first)
    dish = _once(DishNetwork(), looking, count, out.with_suffix(".dishes.pt"), train_second)
    checkpoint = out.with_suffix(".pt")
    if checkpoint.exists():
        trainer.load(checkpoint)
        print(f"going on from step {trainer.step}")
    try:
        while trainer.step < steps:
            trainer.train(min(trainer.step + KEPT_EVERY, steps), _tell(steps))
            trainer.save(checkpoint)
    finally:
        if trainer.step:
            trainer.save(checkpoint)
            export(trainer, namer, dish, out)
            print(f"wrote {out}, {out.stat().st_size / 1e6:.1f} MB, after {trainer.cpu_s / 60:.1f} min of CPU")
    return 0


def _once(network: N, config: DataclassInstance, pictures: int, checkpoint: Path, train: Callable[[], N]) -> N:
    """What `train` makes, kept at `checkpoint`: a second time only read into `network`."""
    from bunraku.learning.checkpoints import read_checkpoint, write_checkpoint
    from bunraku.objects import KINDS

    source = json.dumps([pictures, *KINDS, asdict(config)])
    if not checkpoint.exists():
        trained = train()
        write_checkpoint({"source": source, "network": trained.state_dict()}, checkpoint)
        return trained
    state = read_checkpoint(checkpoint, "training", ("source", "network"))
    if state["source"] != source:
        raise UserError(f"{checkpoint} was trained on other pictures or otherwise: delete it to begin anew.")
    network.load_state_dict(state["network"])
    return network.eval()


def render(path: Path, count: int, seed: int) -> None:
    """Render `count` pictures into the file at `path`, telling how it goes."""
    from rich.progress import track

    from bunraku.learning.seeing.pictures import write_pictures
    from bunraku.sim.labelled import labelled_pictures

    began = time.process_time()
    drawn = track(labelled_pictures(count, seed), "rendering", total=count)
    write_pictures(path, ((p, [(t.kind, t.colour) for t in p.things]) for p in drawn), {"seed": seed})
    print(f"{count} pictures in {path}, {(time.process_time() - began) / count:.3f} s of CPU each")


def _tell(steps: int):
    def tell(losses: Losses) -> None:
        print(
            f"step {losses.step}/{steps}  loss {losses.total:.3f}  middles {losses.heat:.3f}  "
            f"boxes {losses.box:.3f}  votes {losses.vote:.3f}  covered {losses.covered:.3f}  kinds {losses.kind:.3f}  "
            f"colours {losses.colour:.3f}  {losses.cpu_s:.0f} s of CPU",
            flush=True,
        )

    return tell
