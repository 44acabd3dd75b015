"""What to keep of a picture: the peers' rules, each from its paper's description and reduced to pixels, and ours.

A rule scores the patches of every picture. *Offline* it may look at the whole clip and keeps the highest scores of
all; *causal* it keeps what lies above the quantile of the last second that its budget allows, from a token bucket.
All start from the same first picture, free of charge, and all are shown by the same decoder, `bunraku.vision.canvas`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache

import av
import cv2
import numpy as np
from benchmarks.vision.clips import Clip

from bunraku.vision.budget import DEPTH, TokenBudget
from bunraku.vision.canvas import cell_means
from bunraku.vision.frame import Frame
from bunraku.vision.selection import Selector

Chooser = Callable[[Clip, float], Iterator[np.ndarray]]
"""From a clip and a share of its patches to the patches (rows, columns) bool kept of its second, third, … picture."""


@lru_cache(maxsize=1)
def difference_scores(clip: Clip) -> np.ndarray:
    """Mean absolute difference to the picture before: run-length tokenization (RLT, 2411.05222), which is also the
    pixel mode of differential token drop (DTD, TimeChat-Online)."""
    steps = (cv2.absdiff(now, before) for before, now in zip(clip.small, clip.small[1:], strict=False))
    return np.stack([cell_means(np.float32(step), clip.grid.cell) for step in steps])


@lru_cache(maxsize=2)
def cosine_scores(clip: Clip, reach: int = 0) -> np.ndarray:
    """One minus the cosine to the patch before (efficient video sampling, EVS, 2510.14624), or with a `reach` to the
    best of its neighbours before: what token merging (ToMe, 2210.09461) would merge last."""
    cell = clip.grid.cell
    rows, columns = clip.grid.shape
    patches = clip.small.reshape(len(clip.small), rows, cell, columns, cell).transpose(0, 1, 3, 2, 4)
    vectors = patches.reshape(len(clip.small), rows, columns, -1).astype(np.float32)
    vectors -= 128
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-3
    best = np.full((len(clip.small) - 1, rows, columns), -1.0, np.float32)
    padded = np.pad(vectors[:-1], ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    for y in range(2 * reach + 1):
        for x in range(2 * reach + 1):
            before = padded[:, y : y + rows, x : x + columns]
            best = np.maximum(best, np.einsum("trcd,trcd->trc", vectors[1:], before))
    return 1 - best


def merging_scores(clip: Clip) -> np.ndarray:
    """ToMe's rule."""
    return cosine_scores(clip, reach=1)


@lru_cache(maxsize=1)
def motion_box_scores(clip: Clip) -> np.ndarray:
    """Frigate's detector: a running average of a small grey picture, boxes around what differs; larger boxes first."""
    scale = 100 / clip.small.shape[1]
    average: np.ndarray | None = None
    scores = []
    for picture in clip.small:
        small = np.float32(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
        small = cv2.GaussianBlur(small, (3, 3), 1)
        average = small.copy() if average is None else average
        moved = np.uint8(cv2.absdiff(small, average) > 20)
        moved = cv2.dilate(moved, None, iterations=2)
        score = np.zeros(clip.grid.shape, np.float32)
        contours, _ = cv2.findContours(moved, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        for contour in contours:
            if cv2.contourArea(contour) > 10:
                x, y, width, height = (value / scale / clip.grid.cell for value in cv2.boundingRect(contour))
                box = score[int(y) : int(np.ceil(y + height)), int(x) : int(np.ceil(x + width))]
                np.maximum(box, width * height, out=box)
        scores.append(score)
        cv2.accumulateWeighted(small, average, 0.1)
    return np.stack(scores[1:])


@lru_cache(maxsize=1)
def motion_vector_scores(clip: Clip) -> np.ndarray:
    """Energy of the codec's motion vectors, as OneVision-Encoder and CoStream rank patches, from an H.264 encoding."""
    patch = clip.grid.patch
    scores = np.zeros((len(clip.luma), *clip.grid.shape), np.float32)
    for at, picture in enumerate(decode(encode(clip, crf=20), motion_vectors=True)):
        for data in picture.side_data:
            vectors = np.frombuffer(data, VECTOR) if data.type.name == "MOTION_VECTORS" else np.zeros(0, VECTOR)
            rows = np.clip(vectors["y"] // patch, 0, clip.grid.shape[0] - 1)
            columns = np.clip(vectors["x"] // patch, 0, clip.grid.shape[1] - 1)
            energy = np.hypot(vectors["dx"], vectors["dy"]) * vectors["width"] * vectors["height"]
            np.add.at(scores[at], (rows, columns), energy)
    return scores[1:]


VECTOR = np.dtype(
    [
        ("source", "<i4"), ("width", "u1"), ("height", "u1"), ("from_x", "<i2"), ("from_y", "<i2"), ("x", "<i2"),
        ("y", "<i2"), ("flags", "<u8"), ("dx", "<i4"), ("dy", "<i4"), ("scale", "<u2"),
    ],
    align=True,
)  # fmt: skip
"""FFmpeg's AVMotionVector."""


def offline(scores: Callable[[Clip], np.ndarray]) -> Chooser:
    """The highest scores of the whole clip."""

    def choose(clip: Clip, share: float) -> Iterator[np.ndarray]:
        values = scores(clip)
        values = values + np.random.default_rng(0).uniform(0, 1e-7, values.shape)
        count = round(share * values.size)
        least = np.partition(values.ravel(), -count)[-count]
        yield from values >= least

    return choose


def causal(scores: Callable[[Clip], np.ndarray]) -> Chooser:
    """What lies above the last second's quantile, highest first, while the bucket lasts."""

    def choose(clip: Clip, share: float) -> Iterator[np.ndarray]:
        recent: deque[tuple[float, np.ndarray]] = deque()
        bucket = Bucket(clip, share)
        for time, score in zip(clip.times[1:], scores(clip), strict=True):
            recent.append((time, score.ravel()))
            while time - recent[0][0] > 1.0:
                recent.popleft()
            least = np.quantile(np.concatenate([values for _, values in recent]), 1 - share)
            yield bucket.take(score, max(least, 1e-6))

    return choose


class Bucket:
    """A token bucket as deep as ours, empty at first."""

    def __init__(self, clip: Clip, share: float) -> None:
        self.rate = share * clip.grid.shape[0] * clip.grid.shape[1]
        self.capacity = max(self.rate * DEPTH / float(np.median(np.diff(clip.times))), 1.0)
        self.level = 0.0

    def take(self, score: np.ndarray, least: float) -> np.ndarray:
        """One picture's patches of at least this score that can be afforded."""
        self.level = min(self.level + self.rate, self.capacity)
        order = np.argsort(-score.ravel(), kind="stable")
        order = order[score.ravel()[order] >= least][: int(self.level)]
        self.level -= len(order)
        kept = np.zeros(score.size, bool)
        kept[order] = True
        return kept.reshape(score.shape)


def uniform(clip: Clip, share: float) -> Iterator[np.ndarray]:
    """Whole pictures at even distances."""
    due = 0.0
    for _ in clip.times[1:]:
        due += share
        whole = due >= 1
        due -= whole
        yield np.full(clip.grid.shape, whole)


def chance(clip: Clip, share: float) -> Iterator[np.ndarray]:
    """Patches at random."""
    rng = np.random.default_rng(1)
    bucket = Bucket(clip, share)
    for _ in clip.times[1:]:
        yield bucket.take(rng.uniform(0.01, 1, clip.grid.shape), 0)


RULES: dict[str, tuple[str, Chooser]] = {
    "uniform": ("causal", uniform),
    "random": ("causal", chance),
    "RLT / DTD-pixel": ("causal", causal(difference_scores)),
    "EVS rule": ("causal", causal(cosine_scores)),
    "ToMe rule": ("causal", causal(merging_scores)),
    "Frigate rule": ("causal", causal(motion_box_scores)),
    "motion vectors": ("causal", causal(motion_vector_scores)),
    "RLT / DTD-pixel offline": ("offline", offline(difference_scores)),
    "EVS rule offline": ("offline", offline(cosine_scores)),
    "ToMe rule offline": ("offline", offline(merging_scores)),
}
"""Name → (causal or offline, rule)."""


class OurRule:
    """The product's selector, one patch size, with an empty bucket."""

    def __init__(self, clip: Clip, share: float) -> None:
        cells = clip.grid.shape[0] * clip.grid.shape[1]
        budget = TokenBudget(share * cells / float(np.median(np.diff(clip.times))))
        self.selector = Selector(clip.grid, budget, budget.join(), multiscale=False)
        for bucket in (budget.joint, budget.snapshots, *budget.floors):
            bucket.level = 0.0
        # The peers' buckets have earned one picture's tokens at the second picture; so has ours.
        budget.advance(float(clip.times[0]))
        self.clip, self.budget = clip, budget

    def choose(self, at: int) -> np.ndarray:
        """What is kept of picture `at`."""
        selection = self.selector.select(as_frame(self.clip, at))
        kept = np.zeros(self.clip.grid.shape, bool)
        for group in selection.groups:
            kept[group.rows, group.columns] = True
        return kept


def as_frame(clip: Clip, at: int) -> Frame:
    """Picture `at` of a clip."""
    none = np.zeros((0, 0), np.uint8)
    return Frame(clip.name, float(clip.times[at]), clip.luma[at], (none, none))


def encode(clip: Clip, crf: int | None = None, bit_rate: int | None = None) -> bytes:
    """The clip's luma as H.264, by quality or by bit rate."""
    import io

    buffer = io.BytesIO()
    options = {"preset": "veryfast", "threads": "1"} | ({"crf": str(crf)} if crf is not None else {})
    with av.open(buffer, "w", format="matroska") as container:
        rate = Fraction(1 / float(np.median(np.diff(clip.times)))).limit_denominator(1000)
        stream = container.add_stream("libx264", rate=rate, options=options)
        stream.height, stream.width = (side // 2 * 2 for side in clip.luma.shape[1:])
        stream.pix_fmt = "yuv420p"
        if bit_rate is not None:
            stream.bit_rate = bit_rate
        for at, luma in enumerate(clip.luma):
            frame = av.VideoFrame.from_ndarray(luma[: stream.height, : stream.width], format="gray")
            frame = frame.reformat(format="yuv420p", src_color_range="MPEG", dst_color_range="MPEG")
            frame.pts, frame.time_base = at, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


def decode(data: bytes, motion_vectors: bool = False) -> Iterator[av.VideoFrame]:
    """Pictures of an encoded clip."""
    import io

    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        if motion_vectors:
            stream.codec_context.options = {"flags2": "+export_mvs"}
        yield from container.decode(stream)
