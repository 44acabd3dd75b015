import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunraku.robot.interface import CAMERAS, CameraFrame
from bunraku.web.tiles import GAP, STRIP, tile_cameras

WIDTH, HEIGHT = 48, 36


def plain(camera: str, value: int, shape: tuple[int, int] = (60, 80)) -> CameraFrame:
    return CameraFrame(camera, 1.5, np.full((*shape, 3), value, np.uint8))


@given(
    columns=st.integers(1, 7),
    shape=st.tuples(st.integers(8, 200), st.integers(8, 200)),
    seen=st.sets(st.sampled_from(CAMERAS)),
)
def test_every_camera_has_its_own_place(columns: int, shape: tuple[int, int], seen: set[str]) -> None:
    values = {camera: 60 + 20 * CAMERAS.index(camera) for camera in seen}
    frames = {camera: plain(camera, value, shape) for camera, value in values.items()}
    picture = tile_cameras(frames, columns, WIDTH, HEIGHT)
    for index, camera in enumerate(CAMERAS):
        top, left = (index // columns) * (HEIGHT + GAP), (index % columns) * (WIDTH + GAP)
        middle = picture[top + 1 : top + HEIGHT - STRIP, left + 1 : left + WIDTH - 1]
        assert (middle == values[camera]).all() if camera in seen else middle.max() < 60


def test_a_wide_picture_is_cut_not_squeezed() -> None:
    image = np.zeros((100, 300, 3), np.uint8)
    image[:, 100:200] = 200
    picture = tile_cameras({"head_left": CameraFrame("head_left", 0.0, image)}, 7, 100, 100)
    assert picture[: 100 - STRIP, :100].mean() == pytest.approx(200, abs=1)
