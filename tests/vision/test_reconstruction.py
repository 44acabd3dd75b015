"""Views are made of few of the patches that lie there, and look as if they were made of all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vision.scenes import BLUE, crossing, room, with_square

from bunraku.vision import VisualMemory, reconstruction
from bunraku.vision.reconstruction import FINE, Views


@pytest.fixture(scope="module")
def memory(tmp_path_factory):
    """A red square crosses eight times, a blue one comes and goes, and there are gaps in what is known."""
    with VisualMemory(tmp_path_factory.mktemp("views") / "m", 150, max_tokens=900) as memory:
        for lap in range(8):
            for i, picture in enumerate(crossing(12)):
                shown = with_square(picture, 230, 20, 40, BLUE) if (i // 3 + lap) % 2 else picture
                memory.observe_image("desk", 2.0 * lap + i / 8, shown)
        memory.observe_image("desk", 20.0, room())
        yield memory


def everything(views: Views, camera: str, time: float, box: tuple[int, int, int, int]):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reconstruction, "SPARE", 10**6)
        return views.mosaic(camera, time, box)


@settings(max_examples=60, deadline=None)
@given(st.floats(-0.5, 21), st.integers(0, 250), st.integers(0, 180), st.integers(1, 320), st.integers(1, 240))
def test_few_patches_show_what_all_would(memory, time, x, y, width, height):
    views, box = Views(memory.store), (x, y, min(x + width, 320), min(y + height, 240))
    few, all_of_them = views.mosaic("desk", time, box), everything(views, "desk", time, box)
    for name in ("rows", "token", "places", "stale", "ends", "corners"):
        assert np.array_equal(getattr(few, name), getattr(all_of_them, name)), name


def test_few_patches_are_looked_at(memory, monkeypatch):
    looked = []
    laid_out = Views._laid_out

    def counted(self, channel, time, shape, linear, among, middle, newest):
        looked.append(len(among))
        return laid_out(self, channel, time, shape, linear, among, middle, newest)

    monkeypatch.setattr(Views, "_laid_out", counted)
    views, box = Views(memory.store), (60, 60, 160, 160)
    views.mosaic("desk", 14.0, box)
    few, looked[:] = sum(looked), []
    everything(views, "desk", 14.0, box)
    assert few < 0.8 * sum(looked)


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 21), st.integers(0, 200), st.integers(0, 120), st.integers(32, 100), st.integers(32, 100))
def test_a_part_of_a_view_shows_what_the_view_shows_there(memory, time, x, y, width, height):
    views = Views(memory.store)
    box, outer = (x, y, x + width, y + height), (max(x - 16, 0), max(y - 16, 0), x + width + 16, y + height + 16)
    part = views.show(views.mosaic("desk", time, outer).part(box, outer[:2]))
    alone = views.show(views.mosaic("desk", time, box))
    assert part.image.shape == alone.image.shape
    # What is hidden, or reaches in, is judged on squares of a few px, which lie otherwise in the larger view.
    inner = (slice(FINE // 2, -FINE // 2),) * 2
    assert (part.image != alone.image)[inner].any(-1).mean() < 0.1
