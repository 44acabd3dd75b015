"""Training the detector's network on one processor: crops of rendered pictures, disturbed anew every time."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from bunraku import __version__
from bunraku.errors import UserError
from bunraku.learning.checkpoints import follow, read_checkpoint, warm_cosine, write_checkpoint
from bunraku.learning.seeing.network import UNIT, DetectorConfig, DetectorNetwork
from bunraku.learning.seeing.pictures import Labelled, PictureFile, crop, disturb
from bunraku.learning.seeing.targets import Targets, targets


@dataclass(frozen=True)
class SeeingConfig:
    """How to train: `steps` of `batch` crops of `side` px (a multiple of 32); with `bfloat16` in half the time where
    the processor can (AVX-512 BF16, AMX), with coarser gradients."""

    steps: int = 2400
    batch: int = 8
    side: int = 128
    learning_rate: float = 3e-3
    weight_decay: float = 1e-4
    warm_up: int = 100
    average: float = 0.995
    seed: int = 0
    bfloat16: bool = False
    network: DetectorConfig = field(default_factory=DetectorConfig)


@dataclass(frozen=True)
class Losses:
    """How training stands after `step`: the parts of the loss, averaged over the last steps, and CPU seconds spent."""

    step: int
    total: float
    heat: float
    box: float
    vote: float
    covered: float
    kind: float
    colour: float
    cpu_s: float


class SeeingTrainer:
    """Trains one network; `averaged` is the one to be used. The crops of step n depend on the seed and n alone."""

    def __init__(
        self,
        pictures: PictureFile | Sequence[Labelled],
        kinds: Sequence[str],
        colours: Sequence[str],
        config: SeeingConfig,
        dishes: Sequence[str] = (),
    ) -> None:
        """Begin anew; `dishes` are the kinds on which others may lie."""
        torch.manual_seed(config.seed)
        self.pictures, self.kinds, self.colours, self.config, self.step = pictures, kinds, colours, config, 0
        self.dishes = tuple(dishes)
        self._network = DetectorNetwork(len(kinds), len(colours), config.network)
        self._network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.averaged = DetectorNetwork(len(kinds), len(colours), config.network)
        self.averaged.load_state_dict(self._network.state_dict())
        self._optimiser = torch.optim.AdamW(
            self._network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.cpu_s = 0.0

    def train(self, until: int, report: Callable[[Losses], None] = lambda losses: None, every: int = 50) -> None:
        """Train up to step `until`, telling `report` now and then."""
        recent = []
        while self.step < min(until, self.config.steps):
            began = time.process_time()
            recent.append(self._train_step())
            self.step += 1
            self.cpu_s += time.process_time() - began
            if self.step % every == 0 or self.step == until:
                total, heat, box, vote, covered, kind, colour = np.mean(recent, axis=0).tolist()
                report(Losses(self.step, total, heat, box, vote, covered, kind, colour, self.cpu_s))
                recent = []

    def batch(self, step: int) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Crops (b, 3, side, side) of that step, and what is to be said of them."""
        rng = np.random.default_rng([self.config.seed, step])
        images, wanted = [], []
        for index in rng.integers(len(self.pictures), size=self.config.batch):
            piece = crop(self.pictures[int(index)], self.config.side, rng)
            images.append(disturb(piece.image, rng).transpose(2, 0, 1))
            wanted.append(targets(piece, self.kinds, self.colours, self.dishes))
        stacked = [
            torch.from_numpy(np.stack([getattr(t, name) for t in wanted])) for name in Targets.__dataclass_fields__
        ]
        return torch.from_numpy(np.stack(images)).float(), stacked

    def _train_step(self) -> list[float]:
        images, wanted = self.batch(self.step)
        for group in self._optimiser.param_groups:
            group["lr"] = self.config.learning_rate * warm_cosine(self.step, self.config.steps, self.config.warm_up)
        self._network.train()
        images = images.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.config.bfloat16):
            said = self._network(images)
        parts = losses([one.float() for one in said], wanted)
        total = torch.stack(parts).sum()
        self._optimiser.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), 5.0)
        self._optimiser.step()
        follow(self.averaged, self._network, self.step, self.config.average)
        return [float(total.detach()), *(float(part.detach()) for part in parts)]

    def save(self, path: Path) -> None:
        """Write a checkpoint in one step."""
        state = {
            "step": self.step,
            "cpu_s": self.cpu_s,
            "network": self._network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "source": self._source,
        }
        write_checkpoint(state, path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint. Raises `UserError` when it is of other pictures or of another configuration."""
        state = read_checkpoint(path, "training", ("source",))
        if state["source"] != self._source:
            raise UserError(f"{path} was trained on other pictures or otherwise: delete it to begin anew.")
        self.step, self.cpu_s = state["step"], state["cpu_s"]
        self._network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self._optimiser.load_state_dict(state["optimiser"])

    @property
    def _source(self) -> str:
        """What must be the same when training goes on; it may end sooner or later than was planned."""
        return json.dumps([len(self.pictures), *self.kinds, *self.colours, asdict(replace(self.config, steps=0))])

    def card(self) -> dict[str, Any]:
        """What belongs to the trained network."""
        return {
            "kinds": list(self.kinds),
            "colours": list(self.colours),
            "dishes": list(self.dishes),
            "pictures": len(self.pictures),
            "training": asdict(self.config),
            "steps": self.step,
            "cpu_s": round(self.cpu_s),
            "parameters": sum(parameter.numel() for parameter in self.averaged.parameters()),
            "versions": {"bunraku": __version__, "torch": torch.__version__, "python": platform.python_version()},
        }


def losses(said: Sequence[torch.Tensor], wanted: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Focal loss of the middles (Law and Deng 2018), −log IoU of the boxes, and the errors of votes, of what is
    covered, of kinds and of colours: scalars that are to be summed."""
    heat, box, vote, covered, kind, colour = said
    aim, judged, sides, whither, whose, share, sort, hue = wanted
    likely = torch.sigmoid(heat).clamp(1e-4, 1 - 1e-4)
    middle = (aim == 1).float()
    gain = middle * torch.log(likely) * (1 - likely) ** 2
    loss = (1 - middle) * (1 - aim) ** 4 * torch.log(1 - likely) * likely**2
    focal = -((gain + loss) * judged[:, None]).sum() / middle.sum().clamp(min=1)
    overlap = torch.minimum(box, sides)
    common = (overlap[:, 0] + overlap[:, 2]) * (overlap[:, 1] + overlap[:, 3])
    area, wanted_area = ((b[:, 0] + b[:, 2]) * (b[:, 1] + b[:, 3]) for b in (box, sides))
    iou = (common / (area + wanted_area - common).clamp(min=1e-6)).clamp(min=1e-4)
    many = whose.sum().clamp(min=1)
    boxes = -(whose * torch.log(iou)).sum() / many
    # A small thing has few cells: let each count more the smaller its box.
    size = (sides[:, 0] + sides[:, 2] + sides[:, 1] + sides[:, 3]).clamp(min=1) / UNIT
    votes = ((vote - whither).abs().sum(dim=1) / size * whose).sum() / many / UNIT
    cover = functional.binary_cross_entropy_with_logits(covered[:, 0], share)
    kinds = (functional.cross_entropy(kind, sort, reduction="none") * whose / size).sum() / (whose / size).sum().clamp(
        min=1e-6
    )
    colours = (functional.cross_entropy(colour, hue, reduction="none") * whose).sum() / many
    return [focal, boxes, 4 * votes, 2 * cover, kinds, 0.5 * colours]
