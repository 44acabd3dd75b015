"""The detector's benchmarks run to their end on very little, with the network that comes with the package."""

import json

import pytest

pytest.importorskip("onnxruntime")

from benchmarks.vision import detection, spotting


def test_detection(tmp_path):
    out = tmp_path / "out.json"
    detection.main(1, seed=7, setting=detection.Setting(arrangement="own-dish"), json_file=out, detector="all")
    reports = json.loads(out.read_text())
    assert set(reports) == {"colour", "learned", "dishes"}
    asked = {name: report["all"]["clear"] + report["all"]["partly"] for name, report in reports.items()}
    # Three things on three dishes; some may be hidden.
    assert len(set(asked.values())) == 1 and 2 <= asked["colour"] <= 6
    # Nothing that colour finds is lost where the network looks as well.
    assert reports["dishes"]["all"]["recall_partly"] >= reports["colour"]["all"]["recall_partly"]


def test_spotting(tmp_path):
    out, data = tmp_path / "out.json", tmp_path / "some.pictures"
    spotting.main(pictures=12, seed=8, data=data, json_file=out, draw=tmp_path / "drawn.png")
    row = json.loads(out.read_text())["all"]
    assert data.exists() and (tmp_path / "drawn.png").exists()
    # Of a network that has learned nothing this would be close to none.
    assert row["things"] > 10 and row["located"] > 0.3
