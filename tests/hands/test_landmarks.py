import pytest

from bunraku.cli import main
from bunraku.errors import UserError
from bunraku.hands.landmarks import landmarks_from_film


def test_a_film_needs_mediapipe_and_its_model(tmp_path, monkeypatch, capsys):
    film = tmp_path / "hand.mp4"
    film.write_bytes(b"not a film")
    monkeypatch.setattr("bunraku.hands.landmarks.find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install mediapipe"):
        landmarks_from_film(film, tmp_path / "m.task")
    monkeypatch.setattr("bunraku.hands.landmarks.find_spec", lambda name: object())
    assert main(["hands", "retarget", str(film), "--model", str(tmp_path / "m.task")]) == 2
    assert "hand_landmarker.task is needed" in capsys.readouterr().err
