"""Where was it last seen? Asked of a memory after the fact: `python -m benchmarks.vision.lastseen`.

Objects are laid into given clips: each comes in, moves to a place, rests there for two seconds or more, and is taken
away or stays; some return in another camera. At the end the memory is asked for each by an example picture. Right is
the right camera, a last moment within one second and a centre within 5 % of the picture's width.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import tyro
from benchmarks.vision.videos import pictures

from bunraku.statistics import wilson_interval
from bunraku.vision.budget import DEPTH
from bunraku.vision.memory import VisualMemory
from bunraku.vision.query import Query

COLOURS = ((235, 30, 220), (20, 220, 230), (60, 240, 40), (120, 20, 240), (250, 250, 30), (20, 60, 250))
"""Main colours of the objects, RGB; each also has a second one and stripes of its own."""
PATCH = 32


@dataclass
class Arguments:
    """Last-seen queries."""

    clips: tuple[Path, ...]
    """One video per camera, looped as needed."""
    seconds: float = 24.0
    rate: float = 10.0
    """Pictures per second that are analysed."""
    full_rate: float = 36.0
    """Pictures per second of the 32-px grid that tokens are counted against."""
    reduction: float = 500.0
    """How many times fewer tokens than that grid may be kept."""
    seeds: int = 3
    first_seed: int = 0
    out: Path = Path("lastseen.json")


@dataclass(frozen=True)
class Visit:
    """An object in a camera from `begin` to `end` (s): from `start` to `place` (x, y parts of the picture) in 1.5 s."""

    camera: int
    begin: float
    end: float
    start: np.ndarray
    place: np.ndarray

    def position(self, now: float) -> np.ndarray:
        """Centre (x, y) as shares of the picture."""
        return self.start + (self.place - self.start) * min((now - self.begin) / 1.5, 1.0)


def object_picture(colour: tuple[int, int, int], side: int, rng: np.random.Generator) -> np.ndarray:
    """A square object (side, side, 3) uint8 RGB with stripes."""
    y, x = np.mgrid[:side, :side]
    angle, period = rng.uniform(0, np.pi), rng.uniform(0.3, 0.5) * side
    stripes = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period)[..., None] > 0.2
    second = np.array(COLOURS[rng.integers(len(COLOURS))]) // 3
    return np.where(stripes, second, np.array(colour)).astype(np.uint8)


def visits(cameras: int, seconds: float, others: list[Visit], rng: np.random.Generator) -> list[Visit]:
    """One or two visits of one object, one after the other, to places that none of the `others` hides."""
    found: list[Visit] = []
    begin = rng.uniform(3.0, 0.35 * seconds)
    for _ in range(int(rng.integers(1, 3))):
        end = min(begin + rng.uniform(3.6, 6.0), seconds)
        while end - begin >= 3.5:
            start, place = rng.uniform(0.1, 0.9, 2), rng.uniform(0.12, 0.88, 2)
            visit = Visit(int(rng.integers(cameras)), begin, end, start, place)
            if not any(_hides(visit, other) for other in others):
                found.append(visit)
                break
        begin = end + rng.uniform(0.5, 3.0)
    return found


def _hides(visit: Visit, other: Visit) -> bool:
    together = visit.camera == other.camera and visit.begin < other.end and other.begin < visit.end
    return together and bool(np.abs(visit.place - other.place).max() < 0.25)


def run(arguments: Arguments, seed: int) -> dict[str, object]:
    """One memory, its queries, and what came out."""
    rng = np.random.default_rng(seed)
    backgrounds = [load(path, arguments) for path in arguments.clips]
    cells = sum(-(-p[0].shape[0] // PATCH) * -(-p[0].shape[1] // PATCH) for p in backgrounds)
    # The budget's bucket is full at first, so that much more is spent in all.
    share = arguments.seconds / (arguments.seconds + DEPTH)
    rate = cells * arguments.full_rate / arguments.reduction * share
    plans: list[tuple[tuple[int, int, int], list[Visit]]] = []
    for colour in COLOURS:
        others = [visit for _, plan in plans for visit in plan]
        plans.append((colour, visits(len(backgrounds), arguments.seconds, others, rng)))
    looks = [[object_picture(colour, round(0.09 * p[0].shape[1]), rng) for p in backgrounds] for colour, _ in plans]
    with tempfile.TemporaryDirectory() as folder, VisualMemory(Path(folder) / "m", rate) as memory:
        for step in range(round(arguments.seconds * arguments.rate)):
            now = step / arguments.rate
            for camera, background in enumerate(backgrounds):
                picture = background[step % len(background)].copy()
                for (_, plan), look in zip(plans, looks, strict=True):
                    for visit in plan:
                        if visit.camera == camera and visit.begin <= now < visit.end:
                            paste(picture, look[camera], visit.position(now))
                memory.observe_image(f"camera{camera}", now, picture)
        answers = []
        for (_, plan), look in zip(plans, looks, strict=True):
            last = plan[-1]
            began = time.process_time()
            found = memory.recall(Query(example=look[last.camera]), limit=1).sightings
            milliseconds = (time.process_time() - began) * 1e3
            width = backgrounds[last.camera][0].shape[1]
            answer = {"camera": False, "time": False, "place": False, "ms": milliseconds}
            if found:
                centre = (found[0].box[0] + found[0].box[2]) / 2 / width
                late, aside = found[0].end - last.end, centre - float(last.position(last.end)[0])
                answer["camera"] = found[0].camera == f"camera{last.camera}"
                answer["time"], answer["place"] = abs(late) <= 1.0, abs(aside) <= 0.05
                answer |= {"late_s": round(late, 2), "aside": round(aside, 3), "score": round(found[0].score, 2)}
            answer["right"] = bool(answer["camera"] and answer["time"] and answer["place"])
            answers.append(answer)
        return {
            "answers": answers,
            "tokens": memory.budget.spent,
            "grid": cells * arguments.full_rate * arguments.seconds,
        }


def paste(picture: np.ndarray, look: np.ndarray, centre: np.ndarray) -> None:
    """Lay an object into a picture."""
    side = len(look)
    y = round(float(np.clip(centre[1] * picture.shape[0] - side / 2, 0, picture.shape[0] - side)))
    x = round(float(np.clip(centre[0] * picture.shape[1] - side / 2, 0, picture.shape[1] - side)))
    picture[y : y + side, x : x + side] = look


def load(path: Path, arguments: Arguments) -> list[np.ndarray]:
    """Pictures of a clip at the analysed rate, there and back so that looping does not jump."""
    count = round(arguments.seconds * arguments.rate)
    there = [p.to_ndarray(format="rgb24") for p in islice(pictures(path, arguments.rate), count)]
    return there + there[-2:0:-1]


def main(arguments: Arguments) -> None:
    """Ask, print and write."""
    cv2.setNumThreads(1)
    seeds, runs = list(range(arguments.first_seed, arguments.first_seed + arguments.seeds)), []
    for seed in seeds:
        runs.append(run(arguments, seed))
        print(json.dumps({"seed": seed, **runs[-1]}), file=sys.stderr, flush=True)
    answers = [answer for result in runs for answer in result["answers"]]  # type: ignore[attr-defined]
    right = sum(answer["right"] for answer in answers)
    low, high = wilson_interval(right, len(answers))
    fewer = sum(float(r["grid"]) for r in runs) / sum(float(r["tokens"]) for r in runs)  # type: ignore[arg-type]
    result = {
        "right": right,
        "queries": len(answers),
        "wilson_95": [round(low, 3), round(high, 3)],
        "camera": sum(a["camera"] for a in answers),
        "time": sum(a["time"] for a in answers),
        "place": sum(a["place"] for a in answers),
        "fewer_tokens_than_a_32_px_grid": round(fewer, 1),
        "recall_cpu_ms_median_max": [round(float(f([a["ms"] for a in answers])), 1) for f in (np.median, np.max)],
        "seeds": seeds,
        "clips": [path.name for path in arguments.clips],
    }
    print(json.dumps(result, indent=1))
    arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(tyro.cli(Arguments))
