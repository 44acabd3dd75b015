from pathlib import Path

import cv2
import mujoco
import numpy as np
import pytest

from bunraku.cli.evaluation_page import write_page
from bunraku.errors import UserError
from bunraku.sim import Scene
from bunraku.sim.strip import HEIGHT, PICTURES, WIDTH, FilmStrip
from bunraku.sim.world import create_world
from bunraku.tasks.episode import EpisodeResult, strip_path


def row(seed: int, success: bool) -> EpisodeResult:
    outcome = "success" if success else "too late"
    words = f"take <b>{seed}</b>"
    return EpisodeResult("pick-up", seed, words, success, outcome, "it slipped", "cube", "red cube", "", 9.0, 4.0)


def test_the_page_shows_the_rate_and_every_failure_with_its_strip(tmp_path: Path) -> None:
    strips = tmp_path / "strips"
    strips.mkdir()
    strip_path(strips, 3).write_bytes(b"a picture")
    rows = [row(seed, seed not in (3, 4)) for seed in range(8)]
    write_page(tmp_path / "page.html", "pick-up by me", rows, strips)
    page = (tmp_path / "page.html").read_text()
    assert "6 of 8 = 75 % (41 to 93 %)" in page and "2 failures" in page
    assert page.count("<img") == 1 and "Seed 3" in page and "Seed 4" in page and "Seed 5" not in page
    assert "<b>3</b>" not in page  # what a person said is no markup


def test_a_page_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        write_page(tmp_path / "file/page.html", "pick-up", [row(0, True)], tmp_path)


def test_a_strip_shows_the_whole_of_an_episode(tmp_path: Path) -> None:
    world = create_world(Scene())
    strip = FilmStrip(world)
    for _ in range(1500):  # nobody moves the robot: it falls
        strip.note()
        mujoco.mj_step(world.model, world.data)
    strip.draw(tmp_path / "strips/1.jpg")
    picture = cv2.imread(str(tmp_path / "strips/1.jpg"))
    assert picture is not None and picture.shape == (HEIGHT, PICTURES * WIDTH, 3)
    first, last = picture[:, :WIDTH].astype(float), picture[:, -WIDTH:].astype(float)
    assert np.abs(first - last)[40:].mean() > 5
