"""Draw the film strip of the front page from the record of one episode, a picture at the end of each of its skills.

python scripts/strip.py runs/<date>-<time>
"""

import json
import sys
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np

SHOWN = ("look", "reach", "grasp", "lift", "place", "home")
SHOWN_PART = np.s_[60:410, 200:760]
WIDTH, HEIGHT, GAP = 400, 250, 8
PATH = Path(__file__).parents[1] / "docs" / "images" / "strip.jpg"


def ends(record: Path) -> dict[str, float]:
    """The time (s) at which each skill's last turn gave way to what came after it."""
    lines = [json.loads(line) for line in (record / "episode.jsonl").read_text(encoding="utf-8").splitlines()]
    events = [line for line in lines if line["what"] == "event"]
    return {now["skill"]: then["time"] - 0.1 for now, then in pairwise(events)}


def strip(record: Path) -> np.ndarray:
    """The pictures side by side in two rows, (h, w, 3) uint8 RGB."""
    due = sorted((time, skill) for skill, time in ends(record).items() if skill in SHOWN)
    pictures = []
    with av.open(str(record / "video.mp4")) as film:
        for frame in film.decode(video=0):
            if len(pictures) < len(due) and frame.time is not None and frame.time >= due[len(pictures)][0]:
                view = frame.to_ndarray(format="rgb24")[SHOWN_PART]
                pictures.append(cv2.resize(view, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA))
    rows, columns = 2, len(SHOWN) // 2
    sheet = np.full((rows * (HEIGHT + GAP) - GAP, columns * (WIDTH + GAP) - GAP, 3), 255, np.uint8)
    for index, picture in enumerate(pictures):
        y, x = (index // columns) * (HEIGHT + GAP), (index % columns) * (WIDTH + GAP)
        sheet[y : y + HEIGHT, x : x + WIDTH] = picture
    return sheet


if __name__ == "__main__":
    picture = cv2.cvtColor(strip(Path(sys.argv[1])), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(PATH), picture, [cv2.IMWRITE_JPEG_QUALITY, 88])
    print(f"{PATH} ({PATH.stat().st_size / 1000:.0f} kB)")
