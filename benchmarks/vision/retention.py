"""What is left of the scene at equal budgets, ours against the peers' rules: `python -m benchmarks.vision.retention`.

Every rule gets the same first picture and the same number of patches, and is shown by the same decoder (last value
held, camera motion followed, settled background brought back). Known sprites are laid into the given clips, in several
draws, so that what belongs to an object is exact. An object is *right* while 80 % of its pixels are within 10 levels,
and *sharp* if 80 % of its patches are from one picture besides; its staleness is the time since it was last right, its
last-seen error how far it has moved since then. All but the marker metric are taken on analysed luma (a quarter of the
pixels each way for HD). x264 is given the bytes that our patches take, as a ceiling: it is no memory that can be asked
anything.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import tyro
from benchmarks.vision.clips import SIZES, Clip, load_clip
from benchmarks.vision.page import CEILING, METRICS, OURS, write_page
from benchmarks.vision.rules import RULES, OurRule, as_frame, decode, encode

from bunraku.vision import patches
from bunraku.vision.canvas import Canvas
from bunraku.vision.frame import shrink_luma

LEVELS = 10
"""Luma levels within which a pixel counts as retained."""
CHANGED = 10
EVERY = 3
"""Pictures between two evaluations."""
RIGHT_SHARE = 0.8
MARGIN = 64
"""Pixels around the markers of the originals in which they are looked for."""
DICTIONARIES = ("DICT_4X4_50", "DICT_4X4_1000", "DICT_5X5_250", "DICT_6X6_250", "DICT_7X7_250", "DICT_ARUCO_ORIGINAL")


@dataclass
class Arguments:
    """Retention at equal budget."""

    clips: tuple[Path, ...]
    """Videos into which sprites are laid."""
    marker_clips: tuple[Path, ...] = ()
    """Videos of a ChArUco board."""
    pictures: int = 120
    """Pictures of each clip, at most."""
    rate: float = 15.0
    """Pictures per second, about, to which faster clips are thinned: the rate at which cameras are analysed."""
    shares: tuple[float, ...] = (0.01, 0.03, 0.05, 0.10)
    """Budgets, as shares of all patches."""
    seed: int = 0
    draws: int = 3
    """How many times sprites are drawn for each clip."""
    first: int = 0
    """Pictures of each clip, of those thinned to the rate, to pass over: to design on other ones than are reported."""
    only: tuple[str, ...] = ()
    """Only these rules."""
    again: tuple[str, ...] = ()
    """Rules to compute again though an earlier run has done so."""
    out: Path = Path("retention.json")
    """Results; what an earlier run with the same setting left there is not computed again."""
    html: Path = Path("retention.html")


def shown_by(name: str, clip: Clip, share: float) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """(picture number, shown luma, number of the picture that each cell is from) of a rule, from the second picture.

    The stamps (rows, columns) are in canvas cells, the shown luma in the picture's pixels.
    """
    everything = np.ones(clip.grid.shape, bool)
    if name == OURS:
        rule = OurRule(clip, share)
        canvas, choices = rule.selector.canvas, None
    else:
        canvas, choices = Canvas(clip.grid), RULES[name][1](clip, share)
    canvas.observe(as_frame(clip, 0))
    canvas.keep(everything)
    canvas.cells["piece"][:] = 0
    for at in range(1, len(clip.times)):
        if choices is None:
            kept = rule.choose(at)
        else:
            kept = next(choices)
            canvas.observe(as_frame(clip, at))
            kept = _on_canvas(canvas, kept)
            canvas.keep(kept)
        canvas.cells["piece"][kept] = at
        yield at, canvas.in_picture(canvas.kept), canvas.cells["piece"].copy()


def _on_canvas(canvas: Canvas, kept: np.ndarray) -> np.ndarray:
    """Cells of the canvas that cells of the picture fall on, when the camera has turned."""
    if np.array_equal(canvas.canvas_from_picture, [[1, 0, 0], [0, 1, 0]]):
        return kept
    height, width = canvas.grid.analysed_shape
    pixels = cv2.resize(kept.astype(np.float32), (width, height), interpolation=cv2.INTER_NEAREST)
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    inverse = cv2.invertAffineTransform(canvas.canvas_from_picture)
    laid = cv2.warpAffine(pixels, inverse, (width, height), flags=flags)
    cells = cv2.resize(laid, kept.shape[::-1], interpolation=cv2.INTER_AREA)
    # As many cells as were chosen, so that turning the camera gives no rule more or fewer.
    count = int(kept.sum())
    chosen = np.zeros(kept.size, bool)
    chosen[np.argsort(-cells.ravel(), kind="stable")[:count]] = True
    return chosen.reshape(kept.shape) & (cells > 0)


def evaluate(name: str, clip: Clip, share: float) -> dict[str, float]:
    """All metrics of one rule on one clip at one budget."""
    squared, changed_pixels, kept_cells = 0.0, 0, 0
    right = {size: 0 for size in SIZES}
    total = {size: 0 for size in SIZES}
    sharp: dict[tuple[int, int], bool] = {}
    structure: list[float] = []
    last_right = {number: (clip.times[0], _centre(mask)) for number, mask in enumerate(clip.masks[0]) if mask.any()}
    stale: list[float] = []
    astray: list[float] = []
    for at, shown, stamps in shown_by(name, clip, share):
        kept_cells += int((stamps == at).sum())
        truth = clip.small[at]
        near = cv2.absdiff(shown, truth) <= LEVELS
        for number, size in enumerate(clip.sizes if clip.masks.shape[1] else ()):
            mask = clip.masks[at, number]
            if not mask.any():
                continue
            key = (number, int(clip.times[at]))
            is_right, centre = near[mask].mean() >= RIGHT_SHARE, _centre(mask)
            sharp[key] = sharp.get(key, False) or (is_right and _is_from_one_picture(mask, stamps))
            if is_right or number not in last_right:
                last_right[number] = (clip.times[at], centre)
            if at % EVERY == 0:
                stale.append(clip.times[at] - last_right[number][0])
                astray.append(float(np.hypot(*(centre - last_right[number][1]))) / shown.shape[1])
                right[size] += int(near[mask].sum())
                total[size] += int(mask.sum())
        if at % EVERY == 0:
            changed = cv2.absdiff(truth, clip.small[0]) > CHANGED
            squared += float((np.float32(shown) - truth)[changed].__pow__(2).sum())
            changed_pixels += int(changed.sum())
            if changed.any():
                structure.append(float(_ssim(shown, truth)[changed].mean()))
    result = {
        "psnr_changed": 10 * np.log10(255**2 / max(squared / max(changed_pixels, 1), 1e-6)),
        "ssim_changed": float(np.mean(structure)),
        "share_spent": kept_cells / (len(clip.times) - 1) / (clip.grid.shape[0] * clip.grid.shape[1]),
    }
    if clip.masks.shape[1]:
        result["object_pixels"] = sum(right.values()) / max(sum(total.values()), 1)
        result |= {f"object_pixels_{size}": right[size] / max(total[size], 1) for size in SIZES}
        result["sharp_sightings"] = float(np.mean(list(sharp.values())))
        result["staleness"], result["last_seen_error"] = float(np.mean(stale)), float(np.mean(astray))
    return result


def _centre(mask: np.ndarray) -> np.ndarray:
    """Mean (x, y) of a mask in pixels."""
    y, x = np.nonzero(mask)
    return np.array([x.mean(), y.mean()])


def _is_from_one_picture(mask: np.ndarray, stamps: np.ndarray) -> bool:
    """Whether at least 80 % of an object's patches are from one picture."""
    cells = cv2.resize(mask.astype(np.float32), stamps.shape[::-1], interpolation=cv2.INTER_AREA) > 0.15
    found = stamps[cells]
    return len(found) > 0 and np.unique(found, return_counts=True)[1].max() >= RIGHT_SHARE * len(found)


def _ssim(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Structural similarity of each pixel (Wang et al. 2004), with 7×7 windows."""
    x, y = np.float32(a), np.float32(b)
    mean_x, mean_y = cv2.blur(x, (7, 7)), cv2.blur(y, (7, 7))
    covariance = cv2.blur(x * y, (7, 7)) - mean_x * mean_y
    variance = cv2.blur(x * x, (7, 7)) - mean_x**2 + cv2.blur(y * y, (7, 7)) - mean_y**2
    c1, c2 = 6.5, 58.5
    return (2 * mean_x * mean_y + c1) * (2 * covariance + c2) / ((mean_x**2 + mean_y**2 + c1) * (variance + c2))


Markers = dict[int, np.ndarray]
"""Corners (4, 2) px of each marker, by its number."""


def evaluate_markers(
    name: str, clip: Clip, share: float, detector: cv2.aruco.ArucoDetector, truth: dict[int, Markers]
) -> float:
    """Share of the markers readable in the originals that are so in what is shown, full size, corners within 2 px.

    `truth` are the markers of the originals, by the picture's number.
    """
    found = 0
    shown = clip.luma[0].copy()
    before = np.zeros(clip.grid.shape, np.int64)
    patch = clip.grid.patch
    for at, _, stamps in shown_by(name, clip, share):
        for row, column in zip(*np.nonzero(stamps != before), strict=True):
            region = np.s_[row * patch : (row + 1) * patch, column * patch : (column + 1) * patch]
            shown[region] = clip.luma[stamps[row, column]][region]
        before = stamps
        if truth.get(at):
            seen = _markers_near(shown, truth[at], detector)
            found += sum(k in seen and np.abs(seen[k] - corners).max() < 2 for k, corners in truth[at].items())
    return found / max(sum(len(markers) for markers in truth.values()), 1)


def _markers(luma: np.ndarray, detector: cv2.aruco.ArucoDetector) -> Markers:
    corners, ids, _ = detector.detectMarkers(luma)
    return {} if ids is None else {int(k): c[0] for k, c in zip(ids.ravel(), corners, strict=True)}


def _markers_near(luma: np.ndarray, expected: Markers, detector: cv2.aruco.ArucoDetector) -> Markers:
    """Markers in the part of a picture where they are expected: a fraction of the work of searching all of it."""
    corners = np.concatenate(list(expected.values()))
    x0, y0 = np.maximum(corners.min(0).astype(int) - MARGIN, 0)
    x1, y1 = corners.max(0).astype(int) + MARGIN
    found = _markers(np.ascontiguousarray(luma[y0:y1, x0:x1]), detector)
    return {number: corners + np.float32([x0, y0]) for number, corners in found.items()}


def marker_detector(clip: Clip) -> cv2.aruco.ArucoDetector:
    """A detector for the dictionary, and polarity, that reads most markers of the clip."""
    found = []
    for name in DICTIONARIES:
        for inverted in (False, True):
            parameters = cv2.aruco.DetectorParameters()
            parameters.detectInvertedMarker = inverted
            dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, name))
            detector = cv2.aruco.ArucoDetector(dictionary, parameters)
            found.append((sum(len(_markers(clip.luma[at], detector)) for at in range(0, len(clip.luma), 15)), detector))
    return max(found, key=lambda pair: pair[0])[1]


def evaluate_ceiling(clip: Clip, share: float, bytes_per_patch: float) -> dict[str, float]:
    """The picture metrics of x264 at the bytes that our patches take."""
    patches_per_second = share * clip.grid.shape[0] * clip.grid.shape[1] / float(np.median(np.diff(clip.times)))
    data = encode(clip, bit_rate=round(patches_per_second * bytes_per_patch * 8))
    squared, count, right, total = 0.0, 0, 0, 0
    height, width = clip.grid.analysed_shape
    for at, picture in enumerate(decode(data)):
        if at == 0 or at % EVERY:
            continue
        luma = np.frombuffer(picture.planes[0], np.uint8).reshape(-1, picture.planes[0].line_size)
        small = shrink_luma(np.ascontiguousarray(luma[: picture.height, : picture.width]), clip.grid.factor)
        small = cv2.copyMakeBorder(small, 0, height - small.shape[0], 0, width - small.shape[1], cv2.BORDER_REPLICATE)
        truth = clip.small[at]
        changed = cv2.absdiff(truth, clip.small[0]) > CHANGED
        squared += float((np.float32(small) - truth)[changed].__pow__(2).sum())
        count += int(changed.sum())
        mask = clip.masks[at].any(0)
        right += int((cv2.absdiff(small, truth) <= LEVELS)[mask].sum())
        total += int(mask.sum())
    return {
        "psnr_changed": 10 * np.log10(255**2 / max(squared / max(count, 1), 1e-6)),
        "object_pixels": right / max(total, 1),
        "kilobytes": len(data) / 1e3,
    }


def patch_bytes(clip: Clip) -> float:
    """Mean bytes of our JPEG of a patch of the clip's first picture."""
    patch, (rows, columns) = clip.grid.patch, clip.grid.shape
    sizes = []
    for row in range(0, rows - 1, 3):
        for column in range(0, columns - 1, 3):
            grey = clip.luma[0, row * patch : (row + 1) * patch, column * patch : (column + 1) * patch]
            sizes.append(len(patches.encode(np.repeat(grey[None, ..., None], 3, 3))[0]))
    return float(np.mean(sizes))


def main(arguments: Arguments) -> None:
    """Evaluate, print and write."""
    cv2.setNumThreads(1)
    rows = resumed(arguments)
    done = {_key(row) for row in rows}
    began = time.process_time()
    for draw in range(arguments.draws):
        for number, path in enumerate((*arguments.clips, *arguments.marker_clips)):
            marked = path in arguments.marker_clips
            names = [*RULES, OURS] + ([CEILING] if not marked and draw == 0 else [])
            names = [name for name in names if not arguments.only or name in arguments.only]
            wanted = [(share, name) for share in arguments.shares for name in names]
            wanted = [each for each in wanted if (path.stem, draw, *each) not in done]
            if not wanted or (marked and draw > 0):
                continue
            count, seed = 10_000 if marked else arguments.pictures, arguments.seed + number + 100 * draw
            clip = load_clip(path, count, not marked, seed, arguments.rate, arguments.first)
            rows += [{"draw": draw} | row for row in compare(clip, wanted, marked)]
            print(f"{clip.name}, draw {draw}: {time.process_time() - began:.0f} s of CPU", flush=True)
            write(arguments, rows)
    for line in table(summarise(rows), arguments.shares):
        print(line)


def compare(clip: Clip, wanted: list[tuple[float, str]], marked: bool) -> Iterator[dict[str, object]]:
    """A row of metrics of one clip for every budget and rule that is `wanted`."""
    detector = marker_detector(clip) if marked else None
    readable = {at: _markers(clip.luma[at], detector) for at in range(EVERY, len(clip.luma), EVERY)} if detector else {}
    size = patch_bytes(clip)
    for share, name in wanted:
        kind = "offline" if name == CEILING else RULES.get(name, ("causal",))[0]
        row: dict[str, object] = {"rule": name, "kind": kind, "clip": clip.name, "share": share}
        if detector is not None:
            yield row | {"markers": evaluate_markers(name, clip, share, detector, readable)}
        elif name == CEILING:
            yield row | {"patch_bytes": size} | evaluate_ceiling(clip, share, size)
        else:
            yield row | evaluate(name, clip, share)


def setting_of(arguments: Arguments) -> dict[str, object]:
    """What the rows depend on."""
    setting: dict[str, object] = {name: getattr(arguments, name) for name in ("pictures", "first", "rate", "seed")}
    return setting | {name: [path.name for path in getattr(arguments, name)] for name in ("clips", "marker_clips")}


def resumed(arguments: Arguments) -> list[dict[str, object]]:
    """Rows of an earlier run with the same setting that was interrupted, or had other rules, budgets or draws."""
    if not arguments.out.exists():
        return []
    earlier, setting = json.loads(arguments.out.read_text(encoding="utf-8")), setting_of(arguments)
    if earlier["setting"] | {"marker_clips": setting["marker_clips"]} != setting:
        return []
    asked_for = {path.stem for path in (*arguments.clips, *arguments.marker_clips)}
    return [row for row in earlier["rows"] if row["clip"] in asked_for and row["rule"] not in arguments.again]


def _key(row: dict[str, object]) -> tuple[object, ...]:
    return row["clip"], row["draw"], row["share"], row["rule"]


def write(arguments: Arguments, rows: list[dict[str, object]]) -> None:
    """Write what is known so far."""
    result = {"setting": setting_of(arguments), "summary": summarise(rows), "rows": rows}
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    write_page(result, arguments.html)


TABLE = (
    "psnr_changed",
    "ssim_changed",
    "object_pixels",
    "sharp_sightings",
    "markers",
    "staleness",
    "last_seen_error",
)


def summarise(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Mean of each metric over the clips, for each rule and budget."""
    groups: dict[tuple[str, str, float], list[dict[str, object]]] = {}
    for row in rows:
        groups.setdefault((str(row["rule"]), str(row["kind"]), float(row["share"])), []).append(row)  # type: ignore[arg-type]
    summary = []
    for (rule, kind, share), members in groups.items():
        entry: dict[str, object] = {"rule": rule, "kind": kind, "share": share}
        for metric in (*METRICS, "share_spent"):
            values = [float(row[metric]) for row in members if metric in row]  # type: ignore[arg-type]
            if values:
                entry[metric] = float(np.mean(values))
        summary.append(entry)
    return summary


def table(summary: list[dict[str, object]], shares: tuple[float, ...]) -> list[str]:
    """The summary as lines: PSNR dB / SSIM / object pixels / sharp sightings / markers %, staleness s, error %."""
    lines = []
    for rule in dict.fromkeys(str(entry["rule"]) for entry in summary):
        cells = []
        for share in shares:
            entry = next((e for e in summary if e["rule"] == rule and e["share"] == share), {})
            values = [(entry.get(metric), METRICS[metric]) for metric in TABLE]
            cells.append("/".join("–" if v is None else f"{v * m.scale:.{m.digits}f}" for v, m in values))  # type: ignore[operator]
        lines.append(f"{rule:26s}" + "  ".join(f"{cell:>32s}" for cell in cells))
    return lines


if __name__ == "__main__":
    main(tyro.cli(Arguments))
