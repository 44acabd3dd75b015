from pathlib import Path

import numpy as np
import pytest

from bunraku.learning.episodes import Ending, Header, Recorder
from bunraku.learning.frames import RATE, fields

ABOUT = ("pick up the red cube", "赤い立方体を取って", "pick up the red cube")
CAMERAS = {"head_left": (64, 48), "palm_right": (32, 32)}


def header(seed: int = 0, instruction: str = "pick up the red cube", hand: str = "h22") -> Header:
    return Header(
        "pick-up", seed, instruction, "red cube", "", False, "bunraku", hand, RATE, fields(22, 22), dict(CAMERAS)
    )


def frame(index: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    made = {name: rng.standard_normal(length).astype(np.float32) for name, length in fields(22, 22).items()}
    made["observation.time"] = np.array([0.2 + index / RATE], np.float32)
    made["observation.frame_time"] = (made["observation.time"] - 0.02 * np.arange(7)).astype(np.float32)
    return made


def images(index: int) -> dict[str, np.ndarray]:
    """Flat pictures whose brightness counts the frames: they survive coding."""
    return {name: np.full((h, w, 3), 20 + 5 * (index % 40), np.uint8) for name, (w, h) in CAMERAS.items()}


def record(root: Path, seed: int, frames: int, end: bool = True, **about: str) -> list[dict[str, np.ndarray]]:
    """Record an episode of random frames under `root`/pick-up; returns them."""
    rng = np.random.default_rng(seed)
    made = [frame(index, rng) for index in range(frames)]
    recorder = Recorder(root / "pick-up", header(seed, **about))
    for index, one in enumerate(made):
        recorder.write(one, images(index))
    if end:
        recorder.end(Ending(True, "success"))
    else:
        recorder.close()
    return made


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[Path, list[list[dict[str, np.ndarray]]]]:
    """A folder with three recorded episodes, and their frames."""
    frames = [record(tmp_path / "episodes", seed, 12 + seed, instruction=words) for seed, words in enumerate(ABOUT)]
    return tmp_path, frames
