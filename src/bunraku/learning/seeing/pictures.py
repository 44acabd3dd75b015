"""Labelled pictures in one compressed file, and the crops of them that a network learns from."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from bunraku.errors import UserError
from bunraku.learning.episodes import room_on_disk

SIZE = (320, 240)
"""Width and height (px) of the pictures that are kept: what the network is shown."""
FORMAT = "bunraku-labelled-1"
KEPT = 3000
"""How many decoded pictures are kept in memory: a gigabyte."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """A picture `image` (h, w, 3) uint8 RGB; `instances` (h, w) uint8, i + 1 where the i-th thing is seen; `names`,
    kind and colour of each thing; and `shown`, the share of each thing's outline that is seen."""

    image: np.ndarray
    instances: np.ndarray
    names: tuple[tuple[str, str], ...]
    shown: np.ndarray


class Drawn(Protocol):
    """What a renderer makes; see `bunraku.sim.labelled.LabelledPicture`."""

    @property
    def image(self) -> np.ndarray: ...  # noqa: D102
    @property
    def instances(self) -> np.ndarray: ...  # noqa: D102
    @property
    def shown(self) -> np.ndarray: ...  # noqa: D102


def write_pictures(path: Path, pictures: Iterable[tuple[Drawn, Sequence[tuple[str, str]]]], about: dict) -> int:
    """Write pictures with the kind and colour of their things to one file, in one step; returns how many."""
    part = path.with_name(path.name + ".part")
    count = 0
    with room_on_disk(path), zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        for drawn, names in pictures:
            image = cv2.cvtColor(_reduced(drawn.image, cv2.INTER_AREA), cv2.COLOR_RGB2BGR)
            instances = _reduced(drawn.instances, cv2.INTER_NEAREST)
            archive.writestr(f"{count}.jpg", cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes())
            archive.writestr(f"{count}.png", cv2.imencode(".png", instances)[1].tobytes())
            label = {"names": names, "shown": np.round(drawn.shown, 3).tolist()}
            archive.writestr(f"{count}.json", json.dumps(label))
            count += 1
        archive.writestr("about.json", json.dumps({"format": FORMAT, "count": count} | about))
    part.replace(path)
    return count


def _reduced(image: np.ndarray, interpolation: int) -> np.ndarray:
    return image if image.shape[1] == SIZE[0] else cv2.resize(image, SIZE, interpolation=interpolation)


class PictureFile:
    """Reads what `write_pictures` wrote. Raises `UserError` for a file that it did not write."""

    def __init__(self, path: Path) -> None:
        try:
            with zipfile.ZipFile(path) as archive:
                self._parts = {name: archive.read(name) for name in archive.namelist()}
            self._decoded: dict[int, Labelled] = {}
            self.about = json.loads(self._parts["about.json"])
            if self.about["format"] != FORMAT:
                raise KeyError(self.about["format"])
        except FileNotFoundError as error:
            raise UserError(f"there are no pictures in {path}: `bunraku detector train` renders them.") from error
        except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
            raise UserError(f"{path} holds no labelled pictures of this version: delete it to render them.") from error

    def __len__(self) -> int:
        return int(self.about["count"])

    def __getitem__(self, index: int) -> Labelled:
        if index not in self._decoded:
            if len(self._decoded) == KEPT:
                self._decoded.clear()
            self._decoded[index] = self._decode(index)
        return self._decoded[index]

    def _decode(self, index: int) -> Labelled:
        image = _decoded(self._parts[f"{index}.jpg"], cv2.IMREAD_COLOR)
        instances = _decoded(self._parts[f"{index}.png"], cv2.IMREAD_GRAYSCALE)
        label = json.loads(self._parts[f"{index}.json"])
        names = tuple((kind, colour) for kind, colour in label["names"])
        return Labelled(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), instances, names, np.array(label["shown"]))

    def __iter__(self) -> Iterator[Labelled]:
        return (self[index] for index in range(len(self)))


def _decoded(data: bytes, flags: int) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    assert image is not None
    return image


def crop(picture: Labelled, side: int, rng: np.random.Generator) -> Labelled:
    """A square of `side` px, most often around a thing, larger or smaller than it was, perhaps mirrored."""
    height, width = picture.instances.shape
    x, y = rng.uniform(0, width), rng.uniform(0, height)
    seen = np.flatnonzero(picture.shown) + 1
    if len(seen) and rng.random() < 0.85:
        left, top, w, h = cv2.boundingRect((picture.instances == rng.choice(seen)).view(np.uint8))
        x, y = left + w / 2 + rng.normal(0, side / 6), top + h / 2 + rng.normal(0, side / 6)
    scale = float(np.exp(rng.uniform(np.log(0.7), np.log(1.5))))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    x, y = _within(x, side / scale / 2, width), _within(y, side / scale / 2, height)
    matrix = np.array([[mirror * scale, 0, side / 2 - mirror * scale * x], [0, scale, side / 2 - scale * y]])
    image = cv2.warpAffine(picture.image, matrix, (side, side), flags=cv2.INTER_LINEAR)
    nearest = cv2.INTER_NEAREST
    instances = cv2.warpAffine(picture.instances, matrix, (side, side), flags=nearest)
    before, after = (
        cv2.calcHist([one], [0], None, [256], [0, 256])[1 : len(picture.names) + 1, 0]
        for one in (picture.instances, instances)
    )
    left = np.clip(after / np.maximum(before * scale**2, 1), 0, 1)
    return Labelled(image, instances, picture.names, picture.shown * left)


def _within(middle: float, half: float, length: float) -> float:
    """`middle` moved so that what reaches `half` to either side stays within `length`, if that is possible."""
    return float(np.clip(middle, half, length - half)) if length > 2 * half else length / 2


def disturb(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The picture (h, w, 3) in other light, out of focus or moved, noisy, compressed: as cameras take them."""
    if rng.random() < 0.3:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.4))
    elif rng.random() < 0.2:
        image = _moved(image, rng)
    light = np.clip(rng.normal(1, 0.2), 0.4, 1.5) * rng.uniform(0.93, 1.07, 3)
    level = np.arange(256)[:, None] / 255
    curve = 255 * np.clip(level * light, 0, 1) ** np.exp(rng.normal(0, 0.15))
    image = cv2.LUT(image, curve.astype(np.uint8)[:, None])
    if rng.random() < 0.6:
        noise = (abs(rng.normal(0, 7)) * rng.standard_normal(image.shape, np.float32)).astype(np.int16)
        image = cv2.add(image, noise, dtype=cv2.CV_8U)
    if rng.random() < 0.3:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))]
        image = _decoded(cv2.imencode(".jpg", image, quality)[1].tobytes(), cv2.IMREAD_COLOR)
    return image


def _moved(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Smeared along a line of some pixels."""
    length, angle = int(rng.integers(2, 6)), rng.uniform(0, np.pi)
    kernel = np.zeros((2 * length + 1, 2 * length + 1), np.float32)
    aside = (round(length * np.cos(angle)), round(length * np.sin(angle)))
    cv2.line(kernel, (length - aside[0], length - aside[1]), (length, length), 1.0)
    return cv2.filter2D(image, -1, kernel / kernel.sum())
