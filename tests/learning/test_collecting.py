import errno
import io
import os
import tarfile
from pathlib import Path

import pytest
from tests.learning.conftest import record

from bunraku.errors import UserError
from bunraku.learning import collecting
from bunraku.learning.collecting import Collected, Parcel, missing, unpack
from bunraku.learning.episodes import read_episodes


def parcel(place: Path, seed: int, frames: int = 5) -> Parcel:
    record(place, seed, frames)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(place / "pick-up" / f"{seed:06d}", f"{seed:06d}")
    return Parcel(Collected(seed, True, "success", "", frames, 0, 1.0, 0.1), packed.getvalue())


def test_an_episode_comes_home_whole(tmp_path: Path) -> None:
    away, home = tmp_path / "away", tmp_path / "home"
    unpack(parcel(away, 3), home / "pick-up")
    (there,), (here,) = list(read_episodes(away)), list(read_episodes(home))
    assert here.header == there.header and here.frames == there.frames == 5
    assert {path.name: path.read_bytes() for path in here.folder.iterdir()} == {
        path.name: path.read_bytes() for path in there.folder.iterdir()
    }
    assert missing(home / "pick-up", range(5)) == [0, 1, 2, 4]


def test_a_full_disk_loses_nothing_that_came_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    away, home = tmp_path / "away", tmp_path / "home"
    unpack(parcel(away, 0), home / "pick-up")
    second = parcel(away, 1)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(collecting.os, "replace", full)
        with pytest.raises(UserError, match="is full"):
            unpack(second, home / "pick-up")
    assert [episode.header.seed for episode in read_episodes(home)] == [0]
    assert [path.name for path in (home / "pick-up").iterdir()] == ["000000"]
    unpack(second, home / "pick-up")
    assert not missing(home / "pick-up", range(2))
