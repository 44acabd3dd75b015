import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tests.vision.scenes import crossing, room, with_square, write_video

from bunraku.cli import main
from bunraku.errors import UserError
from bunraku.vision import VisualMemory
from bunraku.vision.watch import DEGRADATION, LoadShedder, Watch, parse_sources


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    folder = tmp_path_factory.mktemp("watched")
    left = write_video(folder / "left.mp4", [room()] * 20 + crossing(40) + [room()] * 20)
    right = write_video(folder / "right.mp4", [with_square(room(seed=2), 60, 60, colour=(25, 60, 200))] * 60)
    arguments = ["watch", f"left={left}", f"right={right}", "--memory", str(folder / "m")]
    assert main(arguments) == 0
    return folder / "m"


def test_watch_then_recall(watched, capsys, tmp_path):
    assert main(["recall", str(watched), "red thing", "--crops", str(tmp_path / "crops")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("red: left")
    assert "video/left/" in out
    assert list((tmp_path / "crops").glob("*.png"))
    assert main(["recall", str(watched), "blue"]) == 0
    assert "right" in capsys.readouterr().out.splitlines()[0]


def test_a_query_that_matches_nothing_fails_in_words(watched, capsys):
    assert main(["recall", str(watched), "purple elephant"]) == 1
    assert "nothing purple and elephant-like was seen" in capsys.readouterr().out


def test_a_camera_that_the_memory_does_not_know_is_named(watched, capsys):
    assert main(["recall", str(watched), "red", "--camera", "attic"]) == 2
    assert "there is no camera “attic” in this memory; it knows left, right." in capsys.readouterr().err


def test_every_pointer_leads_to_a_recorded_picture(watched):
    with VisualMemory(watched, read_only=True) as memory:
        sources = {token.source for token in memory.tokens()}
    assert sources
    assert all(source is not None and (watched / source.file).is_file() for source in sources)


def test_the_report_is_one_page(watched, tmp_path):
    page = tmp_path / "report.html"
    assert main(["memory", "report", str(watched), "--html", str(page)]) == 0
    text = page.read_text()
    data = json.loads(text.split("const data = ", 1)[1].split(";\n", 1)[0].replace("<\\/", "</"))
    assert [camera["name"] for camera in data["cameras"]] == ["left", "right"]
    assert "http://" not in text
    assert "https://" not in text


def test_exports_agree_with_the_memory(watched, tmp_path):
    assert main(["memory", "export", str(watched), "--out", str(tmp_path / "m.json"), "--budget", "50"]) == 0
    message = json.loads((tmp_path / "m.json").read_text())
    assert message["role"] == "user"
    assert {part["type"] for part in message["content"]} == {"text", "image_url"}
    assert main(["memory", "export", str(watched), "--out", str(tmp_path / "m.npz"), "--form", "numpy"]) == 0
    arrays = np.load(tmp_path / "m.npz")
    with VisualMemory(watched, read_only=True) as memory:
        tokens = memory.tokens(256)
    assert arrays["id"].tolist() == [token.id for token in tokens]
    assert arrays["patch"].shape == (len(tokens), 32, 32, 3)
    assert (arrays["position_ids"][:, 1] == [token.y // token.scale for token in tokens]).all()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["watch", "a=/nowhere.mp4", "--memory", "M"], "there is no file"),
        (["watch", "a=b.mp4", "a=c.mp4", "--memory", "M"], "two cameras are called a"),
        (["watch", "a=b.mp4", "--memory", "M", "--tokens-per-second", "0"], "above 0"),
        (["watch", "a=b.mp4", "--memory", "M", "--max-bytes", "12 parsecs"], "no amount of bytes"),
        (["watch", "a=b.mp4", "--memory", "M", "--max-tokens", "0"], "at least one token"),
        (["watch", "a=b.mp4", "--memory", "M", "--analysed-per-second", "0"], "more than 0 pictures per second"),
        (["watch", "a=http://127.0.0.1:9/a.mp4", "--memory", "M"], "could not be reached"),
        (["recall", "/nowhere", "red cup"], "there is no memory"),
    ],
)
def test_bad_input_is_one_sentence(arguments, sentence, tmp_path, capsys):
    arguments = [str(tmp_path / "m") if word == "M" else word for word in arguments]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1


def test_a_file_that_is_cut_off_is_told_and_what_it_has_is_kept(tmp_path, capsys):
    path = write_video(tmp_path / "a.mkv", crossing(60))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert main(["watch", f"desk={path}", "--memory", str(tmp_path / "m")]) == 0
    assert "camera desk: the file is cut off: it ends at " in capsys.readouterr().out
    assert main(["recall", str(tmp_path / "m"), "red"]) == 0


def test_a_full_disk_is_one_sentence_and_what_was_kept_stays_readable(tmp_path):
    """No file may grow above 40 kB, as if the disk ended there."""
    path = write_video(tmp_path / "a.mkv", crossing(60))
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000));"
        "from bunraku.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    arguments = ["watch", f"desk={path}", "--memory", str(tmp_path / "m"), "--video-bytes", "0"]
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "could not be written" in done.stderr
    assert done.stderr.count("\n") == 1
    with VisualMemory(tmp_path / "m", read_only=True) as memory:
        assert memory.usage.tokens > 50
        assert memory.reconstruct("desk", 0.0).staleness.min() == 0


def test_load_is_shed_in_the_stated_order_and_taken_back():
    shedder, said = LoadShedder(), []
    for second in range(12):
        said.append(shedder.update(1.0 if second < 6 else 0.0, second * 1.5))
    expected = [*DEGRADATION[1:], None, None, *DEGRADATION[-2::-1], None, None]
    assert said == expected


def test_names_of_cameras(tmp_path):
    assert parse_sources(["desk=/dev/video0", "clips/door.mp4"]) == {"desk": "/dev/video0", "door": "clips/door.mp4"}
    with pytest.raises(UserError, match="has no source"):
        parse_sources(["desk="])


def test_a_labeller_names_what_moves(tmp_path):
    from bunraku.vision.labelling import Named

    def labeller(image):
        red = (image[..., 0] > 150) & (image[..., 1] < 90)
        if red.sum() < 200:
            return []
        rows, columns = np.nonzero(red)
        return [Named("toy", 0.9, (int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())))]

    path = write_video(Path(tmp_path) / "a.mp4", [room()] * 20 + crossing(60))
    with VisualMemory(tmp_path / "m", 600) as memory:
        watching = Watch({"desk": str(path)}, memory, labeller=labeller)
        watching.start()
        watching.join()
        answer = memory.recall("red toy")
    assert answer.sightings[0].label == "toy"


def test_a_file_played_at_its_own_speed_gives_no_picture_before_its_time(tmp_path):
    path = write_video(tmp_path / "a.mp4", crossing(20))
    with VisualMemory(tmp_path / "m", 600) as memory:
        watching = Watch({"desk": str(path)}, memory, realtime=True, analysed_per_second=20)
        began = time.time()
        watching.start()
        watching.join()
        assert time.time() - began >= 0.95
        starts = memory.store.table.rows["start"]
    assert watching.status["desk"].analysed > 1
    assert min(watching.status["desk"].latency) >= 0
    assert began <= starts.min() <= starts.max() <= time.time()


def test_cameras_in_step_are_looked_at_by_turns(tmp_path, monkeypatch):
    path = write_video(tmp_path / "a.mp4", crossing(40))
    looked = []
    with VisualMemory(tmp_path / "m", 600) as memory:
        watching = Watch(dict.fromkeys("abcd", str(path)), memory, analysed_per_second=5)
        monkeypatch.setattr(watching, "_observe", lambda item, status: looked.append((item.camera, item.time)))
        watching.start()
        watching.join()
    times = {camera: sorted(t for name, t in looked if name == camera) for camera in "abcd"}
    assert len({t[0] for t in times.values()}) == 1  # the first picture of each is seen at once
    assert len({round(t[1], 3) for t in times.values()}) == 4
    for of_one in times.values():
        assert np.diff(of_one)[1:] == pytest.approx(0.2, abs=0.01)
