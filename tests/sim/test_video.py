import shutil
import subprocess
import sys

import av
import numpy as np
import pytest

from bunraku.errors import UserError
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.video import HEIGHT, VIEW_SIZE, WIDTH, Film, VideoWriter, compose
from bunraku.sim.world import create_world


def times_in(path) -> list[float]:
    with av.open(str(path)) as container:
        return [frame.time for frame in container.decode(video=0)]


def test_pictures_are_shown_at_their_times(tmp_path):
    times = [0.0, 0.1, 0.25, 0.3, 1.0]
    with VideoWriter(tmp_path / "a.mp4", 64, 48) as writer:
        for i, time in enumerate(times):
            writer.write(np.full((48, 64, 3), 40 * i, np.uint8), time)
        writer.close()
    assert times_in(tmp_path / "a.mp4") == pytest.approx(times, abs=1e-3)


def test_an_interrupted_film_plays(tmp_path):
    writer = VideoWriter(tmp_path / "a.mp4", 64, 48)
    rng = np.random.default_rng(0)
    for i in range(45):
        writer.write(rng.integers(0, 255, (48, 64, 3), dtype=np.uint8), i / 10)
    shutil.copy(tmp_path / "a.mp4", tmp_path / "cut.mp4")
    writer.close()
    assert 30 <= len(times_in(tmp_path / "cut.mp4")) <= 45


def test_impossible_path_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        VideoWriter(tmp_path / "file" / "a.mp4")


def test_composition_shows_view_tiles_and_words(spec, scene):
    world = create_world(scene, spec)
    robot = SimulatedRobot(world)
    view = np.full((VIEW_SIZE[1], VIEW_SIZE[0], 3), 7, np.uint8)
    frames = robot.observe().frames
    robot.close()
    silent = compose(view, frames)
    assert silent.shape == (HEIGHT, WIDTH, 3)
    assert (silent[: VIEW_SIZE[1], : VIEW_SIZE[0]] == 7).all()
    assert silent[30:230, 970:1270].std() > 10, "the left eye's tile"
    spoken = compose(view, frames, "put the red mug on the shelf", "reach")
    assert not np.array_equal(spoken[VIEW_SIZE[1] :, :320], silent[VIEW_SIZE[1] :, :320])
    assert np.array_equal(spoken[: VIEW_SIZE[1]], silent[: VIEW_SIZE[1]])
    compose(view, frames, "赤いマグを棚に置いて" * 8, "x" * 400)


def test_a_film_takes_pictures_at_its_rate(spec, scene, standing, tmp_path):
    world = create_world(scene, spec)
    robot, film = SimulatedRobot(world, cameras=()), Film(world, tmp_path / "film.mp4", rate=10)
    for _ in range(51):
        film.record(robot.observe(), "hold still")
        robot.command(standing)
    film.close()
    film.close()
    assert times_in(tmp_path / "film.mp4") == pytest.approx([0.0, 0.1, 0.2], abs=0.005)
    assert film.latest is not None and film.latest.shape == (HEIGHT, WIDTH, 3)


def test_a_film_that_nobody_closed_is_whole_after_the_program(tmp_path):
    script = f"""
from bunraku.sim.scene import Scene
from bunraku.sim.video import Film
from bunraku.sim.robot import SimulatedRobot
from bunraku.sim.world import create_world
world = create_world(Scene())
film = Film(world, {str(tmp_path / "film.mp4")!r})
film.record(SimulatedRobot(world, cameras=()).observe())
"""
    assert subprocess.run([sys.executable, "-c", script], timeout=100).returncode == 0
    assert times_in(tmp_path / "film.mp4") == [0.0]


def test_filming_changes_nothing(spec, scene, standing, tmp_path):
    states = []
    for filmed in (False, True):
        world = create_world(scene, spec)
        robot = SimulatedRobot(world, cameras=())
        film = Film(world, tmp_path / "film.mp4", rate=50) if filmed else None
        for _ in range(40):
            if film is not None:
                film.record(robot.observe())
            robot.command(standing)
        if film is not None:
            film.close()
        states.append(world.data.qpos.copy())
    assert np.array_equal(*states)


def test_a_film_shows_the_moment_that_was_recorded(spec, scene, tmp_path):
    world = create_world(scene, spec)
    film = Film(world, tmp_path / "film.mp4")
    film.record(SimulatedRobot(world, cameras=()).observe())
    world.data.qpos[2] += 1.0  # the robot is gone before the picture is drawn
    film.close()
    again = Film(create_world(scene, spec), tmp_path / "again.mp4")
    again.record(SimulatedRobot(create_world(scene, spec), cameras=()).observe())
    again.close()
    assert film.latest is not None and np.array_equal(film.latest, again.latest)


def test_a_film_that_cannot_go_on_says_so_and_keeps_what_it_has(spec, scene, tmp_path):
    world = create_world(scene, spec)
    film = Film(world, tmp_path / "film.mp4")
    observation = SimulatedRobot(world, cameras=()).observe()
    for _ in range(12):
        film.record(observation)
        world.data.time += 0.1
    film._writer.write = lambda *_: 1 / 0
    with pytest.raises(UserError, match="ends early"):
        for _ in range(5):
            world.data.time += 0.1
            film.record(observation)
    with pytest.raises(UserError, match="ends early"):
        film.close()
    assert len(times_in(tmp_path / "film.mp4")) >= 12 - 3, "two waited, one was being drawn"
