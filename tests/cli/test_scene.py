import json

import pytest

from bunraku.cli import BAD_INPUT, main
from bunraku.objects import KINDS
from bunraku.sim.scene import Scene


def test_scene_is_drawn_told_and_written(tmp_path, capsys):
    picture, data = tmp_path / "pictures" / "room.png", tmp_path / "room.json"
    arguments = [
        "scene",
        "--seed",
        "3",
        "--count",
        "4",
        "--camera",
        "chest",
        "--out",
        str(picture),
        "--json",
        str(data),
    ]
    assert main(arguments) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    told = capsys.readouterr().out
    scene = Scene.from_json(data.read_text())
    assert len(json.loads(data.read_text())["objects"]) == 4
    for placed in scene.objects:
        assert placed.name in told and placed.kind in KINDS


@pytest.mark.parametrize("wrong", [["--out", "room.txt"], ["--count", "40"], ["--count", "0"]])
def test_bad_input_is_one_sentence(wrong, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["scene", *wrong]) == BAD_INPUT
    assert capsys.readouterr().err.count("\n") == 1
    assert not list(tmp_path.iterdir())
