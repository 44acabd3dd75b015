"""Names for what was seen: the interface to a detector, and three that need no code: the household's things, an ONNX
file, an HTTP server."""

from __future__ import annotations

import base64
import json
import queue
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

from bunraku.errors import UserError
from bunraku.vision.detect.network import HOUSEHOLD, PLAIN, SpottingNetwork
from bunraku.vision.frame import Frame, to_rgb
from bunraku.vision.selection import Selection
from bunraku.vision.store import Event, Label

if TYPE_CHECKING:
    from bunraku.vision.memory import VisualMemory


@dataclass(frozen=True)
class Named:
    """A name with a score in [0, 1] for a `box` (x0, y0, x1, y1) px of a picture, perhaps with an embedding (n,)."""

    name: str
    score: float
    box: tuple[int, int, int, int]
    embedding: tuple[float, ...] | None = None


class Labeller(Protocol):
    """Names things in a picture (h, w, 3) uint8 RGB."""

    def __call__(self, image: np.ndarray) -> list[Named]:
        """What is in the picture."""
        ...


class OnnxLabeller:
    """A YOLO-style detector in an ONNX file: input (1, 3, n, n) RGB in [0, 1], output (1, 4 + classes, anchors) with
    centre boxes in input pixels, class names one a line in a text file beside it (`model.txt` for `model.onnx`)."""

    def __init__(self, path: Path, least_score: float = 0.4) -> None:
        names = path.with_suffix(".txt")
        if not path.is_file() or not names.is_file():
            raise UserError(f"a labeller needs {path} and the names of its classes, one a line, in {names}.")
        self._network = cv2.dnn.readNetFromONNX(str(path))
        self._names = names.read_text(encoding="utf-8").split("\n")
        self._least = least_score

    def __call__(self, image: np.ndarray, side: int = 640) -> list[Named]:
        """Detections after non-maximum suppression."""
        scale = max(image.shape[:2]) / side
        blob = cv2.dnn.blobFromImage(_square(image), 1 / 255, (side, side))
        self._network.setInput(blob)
        output = np.asarray(self._network.forward())[0].T
        best = output[:, 4:].argmax(1)
        scores = output[np.arange(len(output)), 4 + best]
        at = np.flatnonzero(scores >= self._least)
        corners = (output[at, :2] - output[at, 2:4] / 2) * scale
        boxes = np.column_stack([corners, output[at, 2:4] * scale])
        kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores[at].tolist(), self._least, 0.5)
        found = []
        for i in np.asarray(kept, int).ravel():
            x, y, width, height = (round(float(v)) for v in boxes[i])
            found.append(Named(self._names[best[at[i]]], float(scores[at[i]]), (x, y, x + width, y + height)))
        return found


class HouseholdLabeller:
    """The detector that comes with the package, or one that `bunraku detector train` made: mugs, cans, bananas and ten
    more kinds, with their colours."""

    def __init__(self, path: Path = HOUSEHOLD, long_side: int = 480) -> None:
        """Look at pictures that are reduced until their longer side has `long_side` px."""
        self._network, self._long_side = SpottingNetwork(path), long_side

    def __call__(self, image: np.ndarray) -> list[Named]:
        """Names such as "red mug"; "mug" alone if it has none of the named colours."""
        return [
            Named(one.kind if one.colour == PLAIN else f"{one.colour} {one.kind}", one.score, one.box)
            for one in self._network(image, self._long_side).spotted
        ]


class HttpLabeller:
    """A server that is sent {"image": base64 JPEG} and answers [{"name", "score", "box", "embedding"?}, …]."""

    def __init__(self, url: str, timeout: float = 5.0) -> None:
        self.url, self.timeout = url, timeout

    def __call__(self, image: np.ndarray) -> list[Named]:
        """The server's answer; raises `UserError` when there is none."""
        _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        body = json.dumps({"image": base64.b64encode(jpeg.tobytes()).decode()}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as response:
                answer = json.load(response)
            return [
                Named(
                    str(item["name"]),
                    float(item["score"]),
                    tuple(int(v) for v in item["box"]),  # type: ignore[arg-type]
                    tuple(item["embedding"]) if item.get("embedding") else None,
                )
                for item in answer
            ]
        except (urllib.error.URLError, TimeoutError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"the labeller at {self.url} did not answer as expected: {error}.") from error


class LabelQueue:
    """Labels pictures on a thread of its own: those with something new in them, the newest only when it is busy."""

    def __init__(self, labeller: Labeller, memory: VisualMemory) -> None:
        self._labeller, self._memory = labeller, memory
        self._waiting: queue.Queue[Frame | None] = queue.Queue(maxsize=2)
        self._thread = Thread(target=self._run, name="labeller", daemon=True)
        self._thread.start()

    def offer(self, frame: Frame, selection: Selection) -> None:
        """Have the frame labelled if a moving thing, or much of the picture, was kept from it and there is time."""
        if any(group.track for group in selection.groups) or selection.tokens > selection.difference.kept.size // 8:
            try:
                self._waiting.put_nowait(frame)
            except queue.Full:
                return

    def close(self) -> None:
        """Wait for what is being labelled."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (frame := self._waiting.get()) is not None:
            try:
                for named in self._labeller(to_rgb(frame)):
                    label = Label(frame.time, frame.camera, named.name, named.score, named.box, named.embedding)
                    self._memory.label(label)
            except UserError as error:
                self._memory.note(Event(frame.time, frame.camera, "unlabelled", str(error)))


def _square(image: np.ndarray) -> np.ndarray:
    side = max(image.shape[:2])
    square = np.full((side, side, 3), 114, np.uint8)
    square[: image.shape[0], : image.shape[1]] = image
    return square
