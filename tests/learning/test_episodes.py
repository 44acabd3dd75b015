import errno
import multiprocessing
import os
import resource
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tests.learning.conftest import frame, header, images, record

from bunraku.errors import UserError
from bunraku.learning.collecting import missing
from bunraku.learning.episodes import INTERRUPTED, Ending, Recorder, read_episode, read_episodes, salvage
from bunraku.learning.frames import RATE


def test_what_was_recorded_is_read_back_exactly(recorded):
    root, frames = recorded
    episodes = list(read_episodes(root / "episodes"))
    assert [episode.frames for episode in episodes] == [12, 13, 14]
    for episode, made in zip(episodes, frames, strict=True):
        for name, values in episode.vectors().items():
            np.testing.assert_array_equal(values, [one[name] for one in made])


def _record_for_ever(root: Path, started) -> None:
    rng = np.random.default_rng(0)
    recorder = Recorder(root / "pick-up", header())
    for index in range(10_000):
        recorder.write(frame(index, rng), images(index))
        started.value = index
        time.sleep(0.005)


def test_a_killed_process_loses_at_most_a_second(tmp_path):
    context = multiprocessing.get_context("spawn")
    started = context.Value("i", 0)
    process = context.Process(target=_record_for_ever, args=(tmp_path, started))
    process.start()
    deadline = time.monotonic() + 60
    while started.value < 40 and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert [path.name for path in salvage(tmp_path)] == [f"000000-{INTERRUPTED}"]
    (episode,) = read_episodes(tmp_path)
    assert episode.frames >= started.value - RATE
    assert episode.ending.outcome == INTERRUPTED
    assert np.isfinite(episode.vectors()["action"]).all()
    assert missing(tmp_path / "pick-up", [0]) == [0]


def test_the_same_seed_again_replaces_what_was_cut_off(tmp_path):
    record(tmp_path, 0, 5, end=False)
    record(tmp_path, 0, 7)
    assert [episode.frames for episode in read_episodes(tmp_path)] == [7]
    assert missing(tmp_path / "pick-up", [0, 1]) == [1]


def test_a_truncated_video_is_named(recorded):
    root, _ = recorded
    video = root / "episodes/pick-up/000001/head_left.mp4"
    video.write_bytes(video.read_bytes()[:600])
    with pytest.raises(UserError, match=r"000001.*frames of 13"):
        list(read_episodes(root / "episodes"))


def test_a_folder_without_an_episode_is_refused(tmp_path):
    with pytest.raises(UserError, match="does not hold an episode"):
        read_episode(tmp_path)


def test_a_full_disk_is_one_sentence_and_keeps_what_is_there(tmp_path):
    class Full:
        def write(self, data: bytes) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            pass

    rng = np.random.default_rng(0)
    recorder = Recorder(tmp_path / "pick-up", header())
    for index in range(12):
        recorder.write(frame(index, rng), images(index))
    file, recorder._file = recorder._file, Full()  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(UserError, match="full"):
        recorder.write(frame(12, rng), images(12))
    file.close()
    recorder.close()
    salvage(tmp_path)
    assert [episode.frames for episode in read_episodes(tmp_path)] == [12]


def test_an_ending_says_how_it_ended(tmp_path):
    recorder = Recorder(tmp_path / "pick-up", header(5))
    recorder.write(frame(0, np.random.default_rng(0)), images(0))
    episode = read_episode(recorder.end(Ending(False, "fell", "the robot fell")))
    assert (episode.ending.success, episode.ending.outcome) == (False, "fell")


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kB on Linux only")
def test_memory_stays_flat_however_long_the_episode(tmp_path):
    rng = np.random.default_rng(0)
    one = frame(0, rng)
    with Recorder(tmp_path / "pick-up", header()) as recorder:
        for index in range(300):
            recorder.write(one, images(index))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for index in range(1500):
            recorder.write(one, images(index))
        # One frame of vectors alone is 2 kB: held, they would be 3 MB.
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1500


def test_what_was_said_is_kept_with_the_frame_at_which_it_was_said(tmp_path):
    rng = np.random.default_rng(0)
    recorder = Recorder(tmp_path / "pick-up", header(3))
    for index in range(4):
        recorder.write(frame(index, rng), images(index))
    recorder._first = 0.2
    assert [recorder.frame_at(time) for time in (0.0, 0.2, 0.25, 0.3, 0.31)] == [0, 0, 1, 1, 2]
    folder = recorder.end(Ending(True, "success", said=[(1, "reach", "reaching for the red cube")]))
    assert [tuple(said) for said in read_episode(folder).ending.said] == [(1, "reach", "reaching for the red cube")]
