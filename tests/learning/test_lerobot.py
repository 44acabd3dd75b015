import json

import numpy as np
import pytest
from tests.learning.conftest import CAMERAS, record

from bunraku.errors import UserError
from bunraku.learning.episodes import read_episodes
from bunraku.learning.lerobot import IMAGE, DataSet, finalise, merge_stats
from bunraku.learning.lerobot import _stats as stats_of

pytest.importorskip("pyarrow")


def test_a_data_set_holds_what_was_recorded(recorded):
    root, frames = recorded
    assert finalise(root) == 3
    dataset = DataSet(root)
    for entry, made in zip(dataset.entries(), frames, strict=True):
        for name in made[0]:
            np.testing.assert_array_equal(entry.vectors[name], [one[name] for one in made])
        for camera in CAMERAS:
            brightness = [picture.mean() for picture in dataset.pictures(entry.row, camera)]
            np.testing.assert_allclose(brightness, [20 + 5 * index for index in range(len(made))], atol=3)
    assert [row["tasks"] for row in dataset.rows] == [
        ["pick up the red cube"],
        ["赤い立方体を取って"],
        ["pick up the red cube"],
    ]


def test_finalising_again_gives_the_same_and_takes_in_new_episodes(recorded):
    root, _ = recorded
    finalise(root)
    before = (root / "meta/info.json").read_bytes(), (root / "data/chunk-000/file-000.parquet").read_bytes()
    finalise(root)
    assert before == ((root / "meta/info.json").read_bytes(), (root / "data/chunk-000/file-000.parquet").read_bytes())
    record(root / "episodes", 9, 11, end=False)
    assert finalise(root) == 4
    assert [row["outcome"] for row in DataSet(root).rows] == ["success", "success", "success", "interrupted"]


def test_times_of_videos_are_whole_frames(recorded):
    root, _ = recorded
    finalise(root)
    for camera in CAMERAS:
        starts = [row[f"videos/{IMAGE}{camera}/from_timestamp"] for row in DataSet(root).rows]
        assert starts == [0.0, 12 / 10, 25 / 10]


def test_episodes_of_two_robots_do_not_mix(recorded):
    root, _ = recorded
    record(root / "episodes", 7, 10, hand="h11")
    with pytest.raises(UserError, match="h11"):
        finalise(root)
    assert len(list(read_episodes(root / "episodes"))) == 4


def test_another_version_is_refused(recorded):
    root, _ = recorded
    finalise(root)
    info = root / "meta/info.json"
    info.write_text(json.dumps(json.loads(info.read_text()) | {"codebase_version": "v2.1"}))
    with pytest.raises(UserError, match=r"v2\.1"):
        DataSet(root)


def test_no_data_set_and_no_episode_are_refused(tmp_path):
    with pytest.raises(UserError, match="does not hold"):
        DataSet(tmp_path)
    with pytest.raises(UserError, match="no recorded episode"):
        finalise(tmp_path)


def test_a_video_that_is_cut_off_is_named(recorded):
    root, _ = recorded
    finalise(root)
    (video,) = root.glob(f"videos/{IMAGE}head_left/*/*.mp4")
    video.write_bytes(video.read_bytes()[:500])
    dataset = DataSet(root)
    with pytest.raises(UserError, match="head_left"):
        list(dataset.pictures(dataset.rows[0], "head_left"))


def test_merged_statistics_are_those_of_everything():
    rng = np.random.default_rng(0)
    parts = [rng.standard_normal((count, 3)) * scale for count, scale in ((10, 1.0), (40, 3.0), (5, 0.1))]
    merged = merge_stats([{"x": stats_of(part)} for part in parts])["x"]
    whole = stats_of(np.concatenate(parts))
    for name in ("min", "max", "mean", "std", "count"):
        np.testing.assert_allclose(merged[name], whole[name])
