import json
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vision.scenes import BLUE, crossing, room, with_square

from bunraku.errors import UserError
from bunraku.vision import Event, Frame, Label, Orientation, Query, VisualMemory
from bunraku.vision.canvas import Canvas, Grid, cell_variances

MEGABYTE = 1 << 20


def size_on_disk(directory):
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def feed(memory, pictures, rate=20.0, start=0.0, camera="desk"):
    for i, picture in enumerate(pictures):
        memory.observe_image(camera, start + i / rate, picture)
    return start + (len(pictures) - 1) / rate


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    rate=st.floats(1, 5000),
    max_tokens=st.integers(1, 600),
    shapes=st.lists(st.sampled_from([(160, 240), (128, 128), (96, 480)]), min_size=1, max_size=4),
)
def test_caps_hold_whatever_the_streams_do(tmp_path_factory, seed, rate, max_tokens, shapes):
    directory = tmp_path_factory.mktemp("memory")
    shutil.rmtree(directory)
    rng = np.random.default_rng(seed)
    time = 0.0
    with VisualMemory(directory, rate, MEGABYTE, max_tokens) as memory:
        for _ in range(25):
            time += float(rng.choice([-0.1, 0.0, 0.05, 1.0, 30.0]))
            height, width = shapes[int(rng.integers(len(shapes)))]
            picture = rng.integers(0, 255, (height, width, 3), dtype=np.uint8)
            memory.observe_image(f"camera{rng.integers(3)}", time, picture)
            memory.note(Event(time, "x", "note", "y" * int(rng.integers(2000))))
            usage = memory.usage
            assert usage.tokens <= max_tokens
            assert size_on_disk(directory) <= MEGABYTE
    assert size_on_disk(directory) <= MEGABYTE
    with VisualMemory(directory, read_only=True) as again:
        assert again.usage.tokens == usage.tokens


def test_the_past_is_thinned_and_not_only_forgotten(tmp_path):
    with VisualMemory(tmp_path / "tokens", 600, max_tokens=1500) as memory:
        for lap in range(6):
            feed(memory, crossing(30), start=lap * 5.0)
        starts = memory.store.table.rows["start"]
        assert starts.min() < 5 < 25 < starts.max()
    rng = np.random.default_rng(0)
    with VisualMemory(tmp_path / "bytes", 5000, MEGABYTE) as memory:
        feed(memory, [rng.integers(0, 255, (240, 320, 3), dtype=np.uint8) for _ in range(30)], rate=2)
        assert memory.store.log.tier("old")
        starts = memory.store.table.rows["start"]
        assert starts.min() < 10 < 14 < starts.max()


def test_what_does_not_change_costs_nothing(tmp_path):
    with VisualMemory(tmp_path / "m", 600) as memory:
        picture = room()
        feed(memory, [picture] * 20)
        before = memory.usage.tokens
        end = feed(memory, [picture] * 40, start=1.0)
        assert memory.usage.tokens == before
        seen = memory.reconstruct("desk", end)
        assert (seen.staleness == 0).all()
        assert np.abs(seen.image.astype(int) - picture).mean() < 3


def test_a_reconstruction_says_what_it_does_not_know(tmp_path):
    with VisualMemory(tmp_path / "m", 8) as memory:
        feed(memory, [room()] * 3)
        seen = memory.reconstruct("desk", 0.1)
        unknown = np.isinf(seen.staleness)
        assert 0 < unknown.mean() < 1
        assert (seen.image[unknown] == 128).all()


def test_staleness_counts_from_the_moment_a_patch_ceased_to_hold(tmp_path):
    with VisualMemory(tmp_path / "m", 2000) as memory:
        feed(memory, [room()] * 30)
        starved(memory)
        end = feed(memory, [with_square(room(), 128, 96, 64)] * 10, start=1.5)
        staleness = memory.reconstruct("desk", end).staleness
    assert staleness[120, 160] == pytest.approx(end - 29 / 20, abs=0.06)
    assert staleness[20, 20] == 0


def starved(memory):
    """Leave nothing to spend from now on."""
    for bucket in (memory.budget.joint, memory.budget.snapshots, *memory.budget.floors):
        bucket.level = bucket.rate = bucket.capacity = 0
    memory.budget.joint.capacity = 1


def test_a_coarse_patch_is_stale_only_where_it_changed(tmp_path):
    picture = room(480, 640)
    with VisualMemory(tmp_path / "m", 60) as memory:
        feed(memory, [picture])
        assert (memory.store.table.rows["scale"] == 128).sum() >= 12
        starved(memory)
        end = feed(memory, [picture, picture] + [with_square(picture, 128, 128, 32)] * 20, start=0.05)
        seen = memory.reconstruct("desk", end)
        before = memory.reconstruct("desk", 0.1)
    assert seen.staleness[144, 144] == pytest.approx(end - 0.1, abs=0.01)
    assert seen.staleness[144, 180] == seen.staleness[180, 144] == seen.staleness[180, 180] == 0
    assert (before.staleness == 0).all()


def test_what_was_hidden_for_a_while_was_not_verified_then(tmp_path):
    picture = room()
    with VisualMemory(tmp_path / "m", 2000) as memory:
        end = feed(memory, [picture] * 30)
        starved(memory)
        hidden = feed(memory, [with_square(picture, 128, 96, 64)] * 20, start=end + 0.05)
        again = feed(memory, [picture] * 10, start=hidden + 0.05)
        open_now = memory.reconstruct("desk", hidden - 0.2)
        memory.flush()
        with VisualMemory(tmp_path / "m", read_only=True) as reopened:
            views = [reopened.reconstruct("desk", time) for time in (end, hidden - 0.2, again)]
    for staleness in (open_now.staleness, views[1].staleness):
        assert staleness[120, 160] == pytest.approx(hidden - 0.2 - end, abs=0.01)
        assert staleness[20, 20] == 0
    assert views[0].staleness[120, 160] == views[2].staleness[120, 160] == 0


def test_a_thing_that_left_is_remembered_where_it_was_last(tmp_path):
    rate, pictures = 20.0, [room()] * 30 + crossing(60) + [room()] * 40
    with VisualMemory(tmp_path / "m", 400) as memory:
        feed(memory, pictures, rate)
        answer = memory.recall("red thing")
    assert answer.sightings, answer.text
    last = answer.sightings[0]
    truth_x = (320 + 48) * (last.start * rate - 30) / 60 - 48
    assert last.camera == "desk"
    assert last.start > 85 / rate - 1
    assert abs(last.box[0] - truth_x) < 20
    assert np.median(last.crop.reshape(-1, 3)[:, 0]) > 100


def test_words_that_match_nothing_say_so(tmp_path):
    with VisualMemory(tmp_path / "m") as memory:
        feed(memory, [with_square(room(), 50, 50)] * 10)
        answer = memory.recall("purple elephant")
        assert not answer.sightings
        assert "nothing purple and elephant-like was seen" in answer.text


def test_labels_answer_by_name_and_colour(tmp_path):
    with VisualMemory(tmp_path / "m", 2000) as memory:
        picture = with_square(with_square(room(), 40, 40), 200, 120, colour=BLUE)
        feed(memory, [picture] * 10)
        memory.label(Label(0.4, "desk", "mug", 0.9, (40, 40, 88, 88)))
        memory.label(Label(0.4, "desk", "mug", 0.9, (200, 120, 248, 168)))
        assert [s.box for s in memory.recall("blue mugs").sightings] == [(200, 120, 248, 168)]
        nothing = memory.recall("red banana")
        assert not nothing.sightings
        assert nothing.nearest is not None


def test_an_example_finds_its_like(tmp_path):
    from bunraku.vision import Query

    picture = with_square(with_square(room(), 40, 40), 200, 120, colour=BLUE)
    with VisualMemory(tmp_path / "m", 2000) as memory:
        feed(memory, [picture] * 10)
        best = memory.recall(Query(example=picture[110:178, 190:258])).sightings[0]
    assert abs(best.box[0] - 190) < 8
    assert abs(best.box[1] - 110) < 8


def test_a_turning_camera_does_not_spend_the_budget(tmp_path):
    panorama = room(480, 960, seed=4)

    def pan(known):
        with VisualMemory(tmp_path / f"m{known}", 5000) as memory:
            for i in range(40):
                x = 3 * i
                angle = x / 400
                rotation = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
                view = Orientation(rotation, 400.0) if known else None
                memory.observe_image("head", i / 20, panorama[:240, x : x + 320], view)
            seen = memory.reconstruct("head", 39 / 20)
            error = np.abs(seen.image.astype(int) - panorama[:240, 117:437])[~np.isinf(seen.staleness)].mean()
            return memory.usage.tokens, error

    for known in (False, True):
        tokens, error = pan(known)
        # The pan uncovers 117 more columns of 320: anything like a whole new picture per step would be thousands.
        assert tokens < 2.5 * (240 / 16) * (320 / 16)
        assert error < 8


def test_a_change_of_light_is_not_a_change_of_scene(tmp_path):
    with VisualMemory(tmp_path / "m", 5000) as memory:
        end = feed(memory, [room()] * 40)
        before = memory.usage.tokens
        brighter = np.clip(room() * 1.15 + 6, 0, 255).astype(np.uint8)
        feed(memory, [brighter] * 40, start=end + 0.05)
        assert memory.usage.tokens < before * 1.3


def test_a_resolution_change_in_mid_stream_is_survived(tmp_path):
    with VisualMemory(tmp_path / "m", 5000) as memory:
        feed(memory, [room()] * 5)
        end = feed(memory, [room(480, 640)] * 5, start=1.0)
        assert memory.reconstruct("desk", end).image.shape == (480, 640, 3)
        assert memory.reconstruct("desk", 0.2).image.shape == (240, 320, 3)


def test_reopening_finds_all_that_was_flushed(tmp_path):
    with VisualMemory(tmp_path / "m", 600) as memory:
        end = feed(memory, crossing(40))
        before = memory.tokens()
        image = memory.reconstruct("desk", end).image
    with VisualMemory(tmp_path / "m", read_only=True) as again:
        assert again.tokens() == before
        assert (again.reconstruct("desk", end).image == image).all()
    with VisualMemory(tmp_path / "m", 600) as more:
        feed(more, crossing(10), start=10.0)
        assert len(more.tokens()) > len(before)
        assert more.reconstruct("desk", end).image.shape == image.shape


KILLED = """
import sys
from bunraku.vision import VisualMemory
from tests.vision.scenes import crossing
memory = VisualMemory(sys.argv[1], 600, 1 << 20)
for lap in range(1000):
    for i, picture in enumerate(crossing(20)):
        memory.observe_image("desk", lap + i / 20, picture)
        memory.flush()
        print(memory.tokens()[-1].id, flush=True)
"""


@pytest.mark.parametrize("count", [5, 90])
def test_a_killed_process_loses_nothing_acknowledged(tmp_path, count):
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path / "m")], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    acknowledged = [int(process.stdout.readline()) for _ in range(count)][-1]
    process.send_signal(signal.SIGKILL)
    process.wait()
    with VisualMemory(tmp_path / "m", read_only=True) as memory:
        tokens = memory.tokens()
        assert tokens[-1].id >= acknowledged
        assert all(image.shape == (tokens[0].scale,) * 2 + (3,) or image.size for image in memory.images(tokens[-20:]))


@settings(max_examples=20, deadline=None)
@given(cut=st.floats(0, 1))
def test_cut_off_at_any_byte_it_opens_and_goes_on(tmp_path_factory, cut):
    directory = tmp_path_factory.mktemp("cut") / "m"
    with VisualMemory(directory, 600) as memory:
        feed(memory, crossing(12))
        whole = [token.id for token in memory.tokens()]
    path = next((directory / "log").glob("*.log"))
    path.write_bytes(path.read_bytes()[: round(cut * path.stat().st_size)])
    with VisualMemory(directory, 600) as memory:
        kept = [token.id for token in memory.tokens()]
        assert kept == whole[: len(kept)]
        feed(memory, crossing(4), start=5.0)
        assert len(memory.tokens()) > len(kept)


@pytest.mark.parametrize("version", [1, 99])
def test_another_version_is_refused_in_one_sentence(tmp_path, version):
    VisualMemory(tmp_path / "m").close()
    settings_path = tmp_path / "m" / "memory.json"
    settings_path.write_text(json.dumps(json.loads(settings_path.read_text()) | {"version": version}))
    for read_only in (False, True):
        with pytest.raises(UserError, match=f"a memory of version {version}, and this program reads version 2 only"):
            VisualMemory(tmp_path / "m", read_only=read_only)


def test_somebody_elses_folder_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(UserError, match="not empty"):
        VisualMemory(tmp_path)
    assert (tmp_path / "thesis.tex").exists()


def test_everything_is_glanced_at_first(tmp_path):
    """However tight the budget, no part of any camera stays unknown after its first picture."""
    pictures = {f"camera{n}": room(480, 640, seed=n) for n in range(4)}
    with VisualMemory(tmp_path / "m", 60) as memory:
        for camera, picture in pictures.items():
            memory.observe_image(camera, 0.0, picture)
        for camera, picture in pictures.items():
            seen = memory.reconstruct(camera, 0.0)
            assert np.isfinite(seen.staleness).mean() > 0.95
            assert np.abs(seen.image.astype(int) - picture).mean() < 12


def test_a_thing_as_bright_as_the_ground_is_seen_by_its_colour(tmp_path):
    grey = np.full((240, 320, 3), 76, np.uint8)
    thing = grey.copy()
    thing[96:144, 128:176] = (180, 25, 75)  # of the grey's own luma
    with VisualMemory(tmp_path / "m", 300) as memory:
        end = feed(memory, [grey] * 10 + [thing] * 20)
        seen = memory.reconstruct("desk", end).image
        assert (np.abs(seen[100:140, 132:172].astype(int) - (180, 25, 75)).mean(-1) < 40).mean() > 0.9


def test_a_stay_ends_when_the_thing_leaves_though_its_surroundings_stay(tmp_path):
    picture = room(480, 640)
    with VisualMemory(tmp_path / "m", 300) as memory:
        end = feed(memory, [picture] * 10, rate=10)
        end = feed(memory, [with_square(picture, 210, 150, 90)] * 30, rate=10, start=end + 0.1)
        feed(memory, [picture] * 30, rate=10, start=end + 0.1)
        example = with_square(picture, 210, 150, 90)[150:240, 210:300]
        best = memory.recall(Query(example=example)).sightings[0]
        assert abs(best.end - end) <= 0.3
        assert abs((best.box[0] + best.box[2]) / 2 - 255) < 16


def test_a_busy_scene_before_a_resting_camera_is_no_camera_motion():
    rng = np.random.default_rng(0)
    still = room(480, 640)[..., 0]
    canvas = Canvas(Grid(480, 640))
    none = np.zeros((0, 0), np.uint8)
    for tick in range(30):
        luma = still.copy()
        luma[:, 320:] = np.roll(room(480, 320, seed=1)[..., 0], 9 * tick + int(rng.integers(3)), axis=1)
        canvas.observe(Frame("x", tick / 10, luma, (none, none)))
        canvas.keep(np.ones(canvas.grid.shape, bool) if tick == 0 else rng.random(canvas.grid.shape) < 0.03)
    assert np.array_equal(canvas.canvas_from_picture, [[1, 0, 0], [0, 1, 0]])


def test_variances_are_exact():
    image = np.random.default_rng(0).integers(90, 110, (32, 48), dtype=np.uint8)
    blocks = image.reshape(4, 8, 6, 8).astype(float)
    np.testing.assert_allclose(cell_variances(image, 8), blocks.var(axis=(1, 3)), atol=0.05)
