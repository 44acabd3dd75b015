"""Each benchmark of the visual memory runs to its end on a second of video and writes what it promises."""

import json

import numpy as np
import pytest
from benchmarks.vision import endurance, lastseen, load, recall, retention, throughput
from tests.vision.scenes import crossing, write_video


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("clip") / "clip.mp4", crossing(24, 256, 384), rate=12)


@pytest.fixture(scope="module")
def small_load(tmp_path_factory, clip):
    """Seven cameras, but small ones and half a second of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(load, "WIDTH", 384)
        patch.setattr(load, "HEIGHT", 256)
        cache = tmp_path_factory.mktemp("load")
        load.make_load([clip], cache, 0.5, "low-delay")
        load.make_load([clip], cache, 0.5, "low-delay", 9)
        return cache


def test_throughput(tmp_path, clip, small_load):
    out = tmp_path / "out.json"
    throughput.main(throughput.Arguments((clip,), 0.5, laps=1, paced_laps=1, cache=small_load, out=out))
    result = json.loads(out.read_text())
    assert result["ratio"] > 1
    assert result["tokens"] > 0
    assert result["own_speed"]["latency_ms_p50_p99"][1] > 0


def test_endurance(tmp_path, clip, small_load):
    out = tmp_path / "out.json"
    endurance.main(endurance.Arguments((clip,), 1 / 60, rate=9, seconds=0.5, cache=small_load, out=out))
    result = json.loads(out.read_text())
    assert result["within_caps"]
    assert len(result["resident_mb_by_lap"]) == 2


def test_recall(tmp_path, clip):
    out = tmp_path / "out.json"
    recall.main(recall.Arguments((clip,), max_tokens=600, max_bytes=2 << 20, overfill=1.2, queries=2, out=out))
    result = json.loads(out.read_text())
    assert 0 < result["tokens"] <= 600
    assert all(result[kind]["answered"] for kind in ("region and time", "label"))


def test_last_seen(tmp_path, clip):
    out = tmp_path / "out.json"
    lastseen.main(lastseen.Arguments((clip,), seconds=9.0, rate=4.0, reduction=50.0, seeds=1, out=out))
    result = json.loads(out.read_text())
    assert result["queries"] == 6
    assert result["camera"] >= 4


def test_retention(tmp_path, clip):
    out, html = tmp_path / "out.json", tmp_path / "out.html"
    only = (retention.OURS, "uniform")
    retention.main(retention.Arguments((clip,), pictures=16, shares=(0.1,), only=only, out=out, html=html))
    rows = json.loads(out.read_text())["rows"]
    assert {row["rule"] for row in rows} == set(only)
    assert all(np.isfinite(row["psnr_changed"]) for row in rows)
    assert html.stat().st_size > 1000
