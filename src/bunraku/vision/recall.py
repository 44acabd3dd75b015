"""Where and when something was seen: from tokens and labels to sightings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import cv2
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from bunraku.vision.colours import COLOUR_NAMES, colour_mask, colour_shares
from bunraku.vision.frame import Source
from bunraku.vision.query import Box, Query
from bunraku.vision.reconstruction import FINE, Mosaic, Views
from bunraku.vision.store import Label, TokenStore
from bunraku.vision.table import TOKEN

MINIMUM_SHARE = 0.12
"""Share of a patch that must bear the colour."""
LEAST_TELLING = 0.25
"""The same for the colours of an example, each as it tells."""
MOST_TOKENS = 600
"""Newest matching patches that are looked at."""
RERANKED = (16, 28)
"""Sightings, half the likeliest and half the newest, that are compared with an example pixel by pixel, before one is
found that is `CONFIDENT`, and at most."""
CONFIDENT = 0.6
PROMISING = 0.5
"""Share of the score of the likeliest from which a late sighting is compared as well."""
MATCHED_SIDE = 24
"""Pixels to which an example is shrunk, about, for that."""
SCALES = (1.0, 0.75, 1.33)
"""Sizes at which an example is looked for, its own first."""
HOPELESS = 0.15
"""Correlation at its own size below which an example is not looked for at others."""
MARGIN = 16
"""Pixels around a sighting within which an example may lie."""
LEAST_LIKENESS = 0.3
"""Correlation from which something may be what the example shows."""
TELLING = 0.4
"""Share of a thing's squares of `FINE` px, the ones most like the example, that tell how long it stayed."""
ALIKE = 30.0
"""Mean difference (levels) of two squares up to which they may show the same."""
MOST_REPLACEMENTS = 12
"""Times that the patches of a thing at rest are followed to those that replaced them."""
SAME_STAY = 1.0
"""Seconds between two sightings at one place that make one stay."""
SAME_THING = 3.0
"""Seconds between two labels of one name at one place that make one stay."""
SURE = 0.4
"""Score from which a sighting is preferred to an earlier better one, if there is one above it."""
GOOD = 0.42
"""Share of the best score from which a later sighting is preferred to the best one."""
SMALL, LARGE = 0.10, 0.25
"""Sizes, as shares of the picture's width, below and above which a thing is called small and large."""


@dataclass(frozen=True)
class Sighting:
    """Something seen by `camera` from `start` to `end` (s) within `box` (x0, y0, x1, y1) px.

    `crop` (h, w, 3) uint8 RGB shows it, `source` points to the original stream at `start`; `score` is in [0, 1].
    """

    camera: str
    start: float
    end: float
    box: Box
    score: float
    crop: np.ndarray
    source: Source | None
    label: str | None = None


@dataclass(frozen=True)
class Answer:
    """Sightings, the latest good one first; when there are none, `nearest` is what comes closest, if anything does."""

    sightings: tuple[Sighting, ...]
    text: str
    nearest: Sighting | None = None


def recall(store: TokenStore, query: Query, limit: int = 5) -> Answer:
    """The answer to a query."""
    note, views = "", Views(store)
    if query.camera is not None:
        views.require(query.camera)
    if query.label is not None or query.embedding is not None:
        found = _by_label(views, query, limit)
        if found or views.store.labels:
            return _answer(views, query, found, limit, note)
        if query == Query(label=query.label, embedding=query.embedding):
            return Answer((), f"nothing {query.describe()} was seen: no labeller has named anything in this memory.")
        note = f" (nothing in this memory is labelled, so “{query.label}” was not checked)"
    return _answer(views, query, _by_appearance(views, query, limit), limit, note)


def _answer(views: Views, query: Query, found: list[Sighting], limit: int, note: str) -> Answer:
    if found:
        best = max(sighting.score for sighting in found)
        found.sort(key=lambda s: (s.score < GOOD * best or s.score < SURE < best, -s.end))
        found = [_shown(views, s, query) for s in found[:limit]]
        first = found[0]
        text = f"{query.describe()}: {first.camera}, {first.start:.1f}–{first.end:.1f} s, at {first.box}{note}."
        return Answer(tuple(found), text)
    nearest = next(iter(_relaxed(views, query)), None)
    wanted = " and ".join(filter(None, [query.size, query.colour, query.label and f"{query.label}-like"]))
    text = f"nothing {wanted or 'such'} was seen"
    if nearest is None:
        return Answer((), f"{text}.")
    nearest = _shown(views, nearest, query)
    name = nearest.label or COLOUR_NAMES[int(np.argmax(colour_shares(nearest.crop)))]
    return Answer((), f"{text}; nearest: something {name}, {nearest.camera}, {nearest.end:.1f} s.", nearest)


def _shown(views: Views, sighting: Sighting, query: Query) -> Sighting:
    """The sighting with its crop, and its box drawn around the pixels of the colour if that is what was asked for."""
    if query.colour is not None and sighting.label is None:
        sighting = _tightened(views, sighting, query.colour)
    return replace(sighting, crop=_crop(views, sighting))


def _relaxed(views: Views, query: Query) -> list[Sighting]:
    """What fits most of the query, when nothing fits all of it."""
    if query.label is not None and query.colour is not None:
        found = _by_label(views, replace(query, colour=None), 1)
        if found:
            return found
    for relaxed in (replace(query, label=None), replace(query, label=None, size=None)):
        if relaxed != query and (relaxed.colour or relaxed.example is not None):
            found = _by_appearance(views, relaxed, 1)
            if found:
                return found
    return []


def _by_label(views: Views, query: Query, limit: int) -> list[Sighting]:
    found: list[Sighting] = []
    stays: list[tuple[Sighting, float]] = []
    for label in reversed(views.store.labels):
        score = _label_score(label, query)
        if score <= 0 or not _fits(label.camera, label.time, label.time, label.box, query):
            continue
        same = [at for at, (later, begun) in enumerate(stays) if _is_same_thing(label, later, begun)]
        if same:
            # Of a stay already known; it tells nothing new but when that began.
            stays[same[0]] = (stays[same[0]][0], label.time)
            continue
        rows = _tokens_under(views, label)
        source = views.store.source(rows[0]) if len(rows) else None
        sighting = Sighting(label.camera, label.time, label.time, label.box, score, np.empty(0), source, label.name)
        stays.append((sighting, label.time))
        if not _size_fits(views.store, sighting, query):
            continue
        if query.colour is not None:
            share = float(_share(rows, query.colour).max(initial=0))
            if share < MINIMUM_SHARE:
                continue
            sighting = replace(sighting, score=score * (0.5 + 0.5 * share))
        mosaic = views.mosaic(label.camera, label.time, _within(views.store, label.camera, label.box))
        found.append(replace(sighting, end=_held_until(views, sighting, mosaic, _eccentricity(label.box))))
        if len(found) >= 2 * limit:
            break
    return found


def _is_same_thing(label: Label, later: Sighting, begun: float) -> bool:
    """Whether a label is of the stay that is known from `begun` (s) on."""
    named = (label.camera, label.name) == (later.camera, later.label)
    return named and begun - label.time < SAME_THING and _overlap(label.box, later.box) > 0.5


def _label_score(label: Label, query: Query) -> float:
    score = label.score
    if query.label is not None:
        wanted, have = set(_stems(query.label)), set(_stems(label.name))
        score *= len(wanted & have) / len(wanted)
    if query.embedding is not None:
        if label.embedding is None:
            return 0.0
        a, b = np.asarray(query.embedding, float), np.asarray(label.embedding, float)
        score *= max(0.0, float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-12)))
    return score


def _stems(words: str) -> list[str]:
    return [word[:-1] if word.endswith("s") and len(word) > 3 else word for word in words.lower().split()]


def _tokens_under(views: Views, label: Label) -> np.ndarray:
    if label.camera not in views.cameras:
        return np.zeros(0, TOKEN)
    mosaic = views.mosaic(label.camera, label.time + 1, _within(views.store, label.camera, label.box))
    return mosaic.rows


def _by_appearance(views: Views, query: Query, limit: int) -> list[Sighting]:
    store = views.store
    rows, channels = store.table.rows, store.table.column("channel")
    fits = np.ones(len(rows), bool)
    if query.camera is not None:
        fits &= np.isin(channels, views.cameras.get(query.camera, []))
    if query.until < np.inf:
        fits &= store.table.column("start") <= query.until
    if query.moving:
        fits &= rows["track"] > 0
    if query.region is not None:
        x0, y0, x1, y1 = query.region
        fits &= (
            (rows["x"] < x1) & (rows["x"] + rows["scale"] > x0) & (rows["y"] < y1) & (rows["y"] + rows["scale"] > y0)
        )
    colours = store.table.column("colours")
    likeness = None if query.example is None else _Likeness(colours, query.example)
    if query.colour is not None:
        scores, least = np.ascontiguousarray(colours[:, COLOUR_NAMES.index(query.colour)]), MINIMUM_SHARE
    elif likeness is not None:
        scores, least = colours @ likeness.telling, LEAST_TELLING
    else:
        scores, least = np.ones(len(rows), np.float32), 0.0
    fits &= scores >= least
    at = np.flatnonzero(fits)
    if query.since > -np.inf:
        at = at[store.ends(rows[at]) >= query.since]
    if len(at) > MOST_TOKENS:
        # Half by score, half by time: the latest match and the best one are both among them.
        by_time = at[
            np.argpartition(-np.minimum(store.table.column("end")[at], 1e18), MOST_TOKENS // 2)[: MOST_TOKENS // 2]
        ]
        by_score = at[np.argpartition(-scores[at], MOST_TOKENS // 2)[: MOST_TOKENS // 2]]
        at = np.union1d(by_time, by_score)
    if query.example is not None and likeness is not None:
        return _matched(views, _candidates(store, rows[at], likeness, query), query.example)
    sightings = [sighting for sighting in _cluster(store, rows[at], scores[at]) if _size_fits(store, sighting, query)]
    if query.colour is not None:
        sightings.sort(key=lambda s: -s.score)
        return sightings[: 2 * limit]
    return sightings


def _share(rows: np.ndarray, colour: str) -> np.ndarray:
    return rows["colours"][:, COLOUR_NAMES.index(colour)] / 255


class _Likeness:
    """How much of an example's colours a place shows, each colour counting as it is rare in the memory."""

    def __init__(self, colours: np.ndarray, example: np.ndarray) -> None:
        shares = colour_shares(cv2.resize(example, (64, 64), interpolation=cv2.INTER_AREA)) / 255
        usual = np.full(len(colours), 1 / max(len(colours), 1), np.float32) @ colours
        self.weights = np.log(1 / np.clip(usual, 0.003, 0.9))
        telling = shares * self.weights
        self.telling = (telling / max(telling.max(), 1e-6)).astype(np.float32)
        """What each colour of a patch adds to the likelihood that it shows a part of the example."""
        self.height, self.width = example.shape[:2]
        self.areas = shares * (self.height * self.width)

    def scores(self, areas: np.ndarray) -> np.ndarray:
        """In [0, 1] (n,): the weighted overlap of colour `areas` (n, 12) px² with the example's."""
        return np.minimum(areas, self.areas) @ self.weights / max(self.weights @ self.areas, 1e-9)


def _candidates(store: TokenStore, rows: np.ndarray, likeness: _Likeness, query: Query) -> list[Sighting]:
    """Where and when something of the example's size bore its colours: around each patch, when that was kept; the
    likeliest first, and only those that `_matched` may look at."""
    if len(rows) == 0:
        return []
    start, end, scale = rows["start"], store.ends(rows), rows["scale"].astype(float)
    middle = np.column_stack([rows["x"], rows["y"]]) + scale[:, None] / 2
    together = (rows["channel"][:, None] == rows["channel"]) & (start[:, None] >= start) & (start[:, None] <= end)
    for axis, side in enumerate((likeness.width, likeness.height)):
        together &= np.abs(middle[:, None, axis] - middle[:, axis]) < (side + scale) / 2
    areas = np.float32(rows["colours"] / 255 * scale[:, None] ** 2)
    together = together.astype(np.float32)
    scores = likeness.scores(together @ areas)
    weight = together * np.float32(areas @ likeness.weights)
    centres = weight @ middle / np.maximum(weight.sum(1, keepdims=True), 1e-9)
    half = np.array([likeness.width, likeness.height]) / 2
    corners, opposite = np.rint(centres - half).astype(int), np.rint(centres + half).astype(int)
    found: list[Sighting] = []
    taken = np.zeros(len(rows), bool)
    for at in np.argsort(-scores, kind="stable").tolist():
        if len(found) >= RERANKED[1] and scores[at] < PROMISING * found[0].score:
            break
        if taken[at]:
            continue
        near = (np.abs(centres - centres[at]) < half).all(1) & (rows["channel"] == rows["channel"][at])
        # What was kept of a place later within the same stay adds nothing.
        taken |= near & (np.abs(start - start[at]) < SAME_STAY)
        camera = store.channels[int(rows["channel"][at])].camera
        box = (int(corners[at, 0]), int(corners[at, 1]), int(opposite[at, 0]), int(opposite[at, 1]))
        until, source = float(end[at]), store.source(rows[at])
        sighting = Sighting(camera, float(start[at]), until, box, float(scores[at]), np.empty(0), source)
        if _size_fits(store, sighting, query):
            found.append(sighting)
    return found


def _cluster(store: TokenStore, rows: np.ndarray, scores: np.ndarray) -> list[Sighting]:
    """Sightings of patches that touch and were seen together."""
    if len(rows) == 0:
        return []
    ends = store.ends(rows)
    gap_x = _gaps(rows["x"].astype(int), rows["scale"])
    gap_y = _gaps(rows["y"].astype(int), rows["scale"])
    together = np.abs(rows["start"][:, None] - rows["start"]) < 0.05
    overlap = np.minimum(ends[:, None], ends) - np.maximum(rows["start"][:, None], rows["start"])
    # Two that held side by side for a second belong together; a moving thing's successive places do not.
    linked = (gap_x <= 8) & (gap_y <= 8) & (rows["channel"][:, None] == rows["channel"]) & (together | (overlap > 1.0))
    count, number = connected_components(coo_array(linked), directed=False)
    found = []
    for cluster in range(count):
        mine = number == cluster
        part, share = rows[mine], scores[mine]
        area = float((share * part["scale"].astype(float) ** 2).sum())
        newest = part[np.argmax(part["start"])]
        left, top = int(part["x"].min()), int(part["y"].min())
        box = (left, top, int((part["x"] + part["scale"]).max()), int((part["y"] + part["scale"]).max()))
        camera, score = store.channels[int(newest["channel"])].camera, float(share.max()) * area / (area + 300.0)
        start, end = float(part["start"].max()), float(ends[mine].max())
        found.append(Sighting(camera, start, end, box, score, np.empty(0), store.source(newest)))
    return found


def _gaps(corner: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Free pixels between each two intervals, negative where they overlap."""
    end = corner + size
    return np.maximum(corner[:, None], corner) - np.minimum(end[:, None], end)


def _tightened(views: Views, sighting: Sighting, colour: str) -> Sighting:
    """The sighting with its box drawn around the pixels of the colour."""
    mask = colour_mask(_crop(views, sighting), colour)
    if mask.sum() < 12:
        return sighting
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    x0, y0 = max(sighting.box[0], 0) + x, max(sighting.box[1], 0) + y
    return replace(sighting, box=(x0, y0, x0 + width, y0 + height))


def _matched(views: Views, sightings: list[Sighting], image: np.ndarray) -> list[Sighting]:
    """The most promising sightings, best first, scored and placed by normalised correlation with the example."""
    good = [sighting for sighting in sightings if sighting.score >= PROMISING * sightings[0].score]
    newest = sorted(good, key=lambda s: -s.end)
    turns = (s for pair in zip_longest(sightings[: RERANKED[1]], newest) for s in pair if s is not None)
    looked = list({(s.camera, s.start, s.box): s for s in turns}.values())[: RERANKED[1]]
    boxes = [_around(views.store, s, image.shape) for s in looked]
    mosaics = [views.mosaic(s.camera, s.start, box) for s, box in zip(looked[: RERANKED[0]], boxes, strict=False)]
    example = _Example(image)
    reduction = example.reduction
    if mosaics:
        # Decoded together, they take half the time.
        views.images(np.concatenate([mosaic.rows for mosaic in mosaics]), reduction)
    found: list[_Found] = []
    for at, (sighting, box) in enumerate(zip(looked, boxes, strict=True)):
        if at >= RERANKED[0] and max((f.sighting.score for f in found), default=0) > CONFIDENT:
            break
        mosaic = mosaics[at] if at < len(mosaics) else views.mosaic(sighting.camera, sighting.start, box)
        view = views.show(mosaic, reduction)
        score, (x0, y0, x1, y1) = example.match(view.image)
        if score > LEAST_LIKENESS:
            part = slice(y0 // reduction, y1 // reduction), slice(x0 // reduction, x1 // reduction)
            unlike = _unlikeness(view.image[part], image, FINE // reduction)
            fresh = _squares((view.staleness[part] == 0).astype(np.float32), FINE // reduction) > 0.5
            # Correlation knows patterns, but not colours, and is lowered by what was not kept of the thing.
            score = (score * (unlike[fresh] < ALIKE).mean()) ** 0.5 if fresh.any() else 0.0
            placed = replace(sighting, score=score, box=(x0 + box[0], y0 + box[1], x1 + box[0], y1 + box[1]))
            found.append(_Found(placed, unlike, mosaic.part(_within(views.store, placed.camera, placed.box), box[:2])))
    return _stays(views, found)


@dataclass(frozen=True)
class _Found:
    """A sighting that was compared with an example, how unlike (levels) its squares are, and what is in its box."""

    sighting: Sighting
    unlike: np.ndarray
    mosaic: Mosaic


def _stays(views: Views, found: list[_Found]) -> list[Sighting]:
    """Sightings of one stay as one, with the look of the best of them."""
    best = max((one.sighting.score for one in found), default=0.0)
    stays: list[Sighting] = []
    for one in sorted(found, key=lambda one: one.sighting.start):
        sighting = one.sighting
        same = [at for at, stay in enumerate(stays) if _is_same_stay(stay, sighting)]
        if same and sighting.score < GOOD * stays[same[0]].score:
            continue
        if sighting.score >= GOOD * best and (not same or sighting.start > stays[same[0]].end):
            sighting = replace(sighting, end=_held_until(views, sighting, one.mosaic, one.unlike))
        if not same:
            stays.append(sighting)
            continue
        stay = stays[same[0]]
        look = max(stay, sighting, key=lambda s: s.score)
        stays[same[0]] = replace(look, end=max(stay.end, sighting.end) if sighting.start > stay.end else stay.end)
    return stays


def _is_same_stay(stay: Sighting, later: Sighting) -> bool:
    near = later.camera == stay.camera and _overlap(later.box, stay.box) > 0.5
    return near and later.start < stay.end + SAME_STAY


def _around(store: TokenStore, sighting: Sighting, shape: tuple[int, ...]) -> Box:
    """The sighting's box, large enough for the example at its largest and a little more, within the picture."""
    x0, y0, x1, y1 = sighting.box
    pad_x = max(MARGIN, round((max(SCALES) * shape[1] + MARGIN - (x1 - x0)) / 2))
    pad_y = max(MARGIN, round((max(SCALES) * shape[0] + MARGIN - (y1 - y0)) / 2))
    return _within(store, sighting.camera, (x0 - pad_x, y0 - pad_y, x1 + pad_x, y1 + pad_y))


def _within(store: TokenStore, camera: str, box: Box) -> Box:
    """The part of `box` that lies in the picture of `camera`, at least a pixel."""
    channel = max((c for c in store.channels.values() if c.camera == camera), key=lambda c: c.number)
    x0, y0 = min(max(box[0], 0), channel.width - 1), min(max(box[1], 0), channel.height - 1)
    return x0, y0, min(max(box[2], x0 + 1), channel.width), min(max(box[3], y0 + 1), channel.height)


def _unlikeness(picture: np.ndarray, example: np.ndarray, side: int) -> np.ndarray:
    """Mean colour difference (levels) of each square of `side` px of `picture` to the example laid over it."""
    height, width = picture.shape[:2]
    laid = cv2.resize(example, (width, height), interpolation=cv2.INTER_AREA)
    return _squares(cv2.absdiff(picture, laid).astype(np.float32).mean(-1), side)


def _squares(layer: np.ndarray, side: int) -> np.ndarray:
    """Means (n, m) of a `layer` (h, w) over squares of about `side` px."""
    height, width = layer.shape
    return cv2.resize(layer, (max(1, width // side), max(1, height // side)), interpolation=cv2.INTER_AREA)


def _eccentricity(box: Box) -> np.ndarray:
    """How far each `FINE` px square lies from the middle of `box`, where a thing is sure to be."""
    rows, columns = (max(1, side // FINE) for side in (box[3] - box[1], box[2] - box[0]))
    return np.hypot(np.linspace(-1, 1, rows)[:, None], np.linspace(-1, 1, columns))


def _held_until(views: Views, sighting: Sighting, mosaic: Mosaic, unlike: np.ndarray) -> float:
    """When half of what shows the thing had ceased to hold; what lies around it, or was not kept of it, may stay.

    `mosaic` is what was in its box when it was seen, `unlike` (n, m) tells how little each square of the box looks like
    it. Patches that later ones replace by the same look do not end the stay.
    """
    box = _within(views.store, sighting.camera, sighting.box)
    look, until = _look(views, mosaic)
    height, width = (min(a, b) for a, b in zip(unlike.shape, until.shape, strict=True))
    unlike = unlike[:height, :width]
    telling = unlike <= np.quantile(unlike, TELLING)
    held = until[:height, :width][telling]
    if np.isnan(held).all():
        return sighting.end
    end = float(np.nanmedian(held))
    for _ in range(MOST_REPLACEMENTS):
        # The last patch kept there within a second tells most; if the thing had left by then, look at earlier ones.
        times = views.kept(sighting.camera, end, end + SAME_STAY, box)
        before = end
        for time in dict.fromkeys(times[at] for at in (-1, len(times) // 2, 0) if times):
            now, until = _look(views, views.mosaic(sighting.camera, time, box))
            alike = cv2.absdiff(now, look).astype(np.float32).mean(-1)[:height, :width] < ALIKE
            held = np.where(alike, until[:height, :width], np.nan)[telling]
            if np.isnan(held).mean() <= 0.5:
                end = max(end, float(np.nanmedian(held)))
                break
        if end == before:
            break
    return end


def _look(views: Views, mosaic: Mosaic) -> tuple[np.ndarray, np.ndarray]:
    """Squares of `FINE` px of a view: their colours (n, m, 3), and until when (n, m) s they held, nan where they did
    not hold then."""
    until = mosaic.laid(np.where(mosaic.stale == 0, mosaic.ends, np.nan))
    return views.show(mosaic, FINE).image, until


def _overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0) * max(height, 0)
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)


class _Example:
    """A picture to be looked for, shrunk once to each of the sizes at which it is looked for.

    `reduction` tells how many times smaller the views need to be drawn: pixels that would be averaged before they are
    compared need not be.
    """

    def __init__(self, image: np.ndarray) -> None:
        self.image = image
        self._shrink = max(1, min(image.shape[:2]) // MATCHED_SIDE)
        self.reduction = next(r for r in (4, 2, 1) if r <= self._shrink)
        sizes = [tuple(max(4, round(side * scale / self._shrink)) for side in image.shape[1::-1]) for scale in SCALES]
        self._templates = [cv2.resize(image, size, interpolation=cv2.INTER_AREA) for size in sizes]

    def match(self, picture: np.ndarray) -> tuple[float, Box]:
        """Best normalised correlation within `picture`, drawn so many times smaller, at any of the sizes, and where at
        full size."""
        height, width = (side * self.reduction for side in picture.shape[:2])
        best, place = 0.0, (0, 0, width, height)
        share = self.reduction / self._shrink
        small = picture if share == 1 else cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        for number, template in enumerate(self._templates):
            height, width = template.shape[:2]
            if width > small.shape[1] or height > small.shape[0]:
                continue
            if number and best < HOPELESS:
                break
            _, score, _, (x, y) = cv2.minMaxLoc(cv2.matchTemplate(small, template, cv2.TM_CCOEFF_NORMED))
            if score > best:
                best = float(score)
                x0, y0, x1, y1 = (side * self._shrink for side in (x, y, x + width, y + height))
                place = x0, y0, x1, y1
        return best, place


def _crop(views: Views, sighting: Sighting) -> np.ndarray:
    box = _within(views.store, sighting.camera, sighting.box)
    return views.reconstruct(sighting.camera, sighting.start, box).image


def _fits(camera: str, start: float, end: float, box: Box, query: Query) -> bool:
    if query.camera is not None and camera != query.camera:
        return False
    if end < query.since or start > query.until:
        return False
    if query.region is None:
        return True
    x0, y0, x1, y1 = query.region
    return box[0] < x1 and box[2] > x0 and box[1] < y1 and box[3] > y0


def _size_fits(store: TokenStore, sighting: Sighting, query: Query) -> bool:
    if query.size is None:
        return True
    width = next(channel.width for channel in store.channels.values() if channel.camera == sighting.camera)
    extent = max(sighting.box[2] - sighting.box[0], sighting.box[3] - sighting.box[1]) / width
    return extent < SMALL if query.size == "small" else extent > LARGE


def describe(sightings: Sequence[Sighting]) -> list[str]:
    """One line for each sighting."""
    lines = []
    for sighting in sightings:
        where = f"{sighting.source.file} at {sighting.source.seconds:.2f} s" if sighting.source else "no recording"
        name = f" {sighting.label}" if sighting.label else ""
        interval = f"{sighting.start:.2f}–{sighting.end:.2f} s"
        lines.append(f"{sighting.camera}{name} {interval} box {sighting.box} score {sighting.score:.2f} ({where})")
    return lines
