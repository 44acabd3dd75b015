import numpy as np
import pytest
from tests.vision.scenes import crossing, room, write_video

from bunraku.errors import UserError
from bunraku.vision import Event, Frame
from bunraku.vision.clock import CameraClock
from bunraku.vision.frame import to_rgb
from bunraku.vision.stream import CameraReader


def read(path, **options):
    items = list(CameraReader("desk", str(path), **options))
    return [i for i in items if isinstance(i, Frame)], [i for i in items if isinstance(i, Event)]


def test_frames_carry_the_times_of_their_pictures(tmp_path):
    pictures = crossing(20)
    frames, events = read(write_video(tmp_path / "a.mp4", pictures))
    assert [frame.time for frame in frames] == pytest.approx([i / 20 for i in range(20)])
    assert not events
    assert np.abs(to_rgb(frames[12]).astype(int) - pictures[12]).mean() < 6


def test_a_gap_is_noted_and_time_stays_true(tmp_path):
    times = [*range(10), *range(15, 25)]
    frames, events = read(write_video(tmp_path / "a.mp4", crossing(20), times=times))
    assert [frame.time for frame in frames] == pytest.approx([t / 20 for t in times])
    assert [(event.kind, event.text[:1]) for event in events] == [("gap", "5")]


def test_a_file_cut_off_gives_what_is_whole(tmp_path):
    path = write_video(tmp_path / "a.mkv", crossing(40))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    frames, events = read(path)
    assert 5 < len(frames) < 40
    assert [event.kind for event in events] == ["truncated"]
    assert "of 2.0 s" in events[0].text


def test_damage_in_the_middle_is_survived(tmp_path):
    path = write_video(tmp_path / "a.mkv", crossing(60))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 300] = bytes(np.random.default_rng(0).integers(0, 255, 300, dtype=np.uint8))
    path.write_bytes(data)
    frames, _ = read(path)
    assert len(frames) > 30
    assert frames[-1].time > 2.5


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("missing.mp4", None, "there is no file"),
        ("text.mp4", b"not a video at all" * 50, "is not a video that can be read"),
        ("empty.mp4", b"", "is not a video that can be read"),
    ],
)
def test_a_bad_file_is_one_sentence(tmp_path, name, content, sentence):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=sentence):
        CameraReader("desk", str(tmp_path / name))


def test_sound_without_pictures_is_refused(tmp_path):
    import av

    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
    with pytest.raises(UserError, match="has no video"):
        CameraReader("desk", str(path))


def test_an_unreachable_address_is_one_sentence():
    with pytest.raises(UserError, match="could not be reached"):
        CameraReader("desk", "http://127.0.0.1:9/nothing.mp4")


def test_a_camera_that_dies_and_comes_back_is_watched_on(tmp_path):
    """A local server sends half a video, hangs up, refuses once, and is there again."""
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    data = write_video(tmp_path / "a.mkv", [room(seed=i % 5) for i in range(40)]).read_bytes()
    answers = iter([data[: len(data) // 2], None, data])

    class Camera(BaseHTTPRequestHandler):
        def do_GET(self):
            body = next(answers, None)
            self.send_response(503 if body is None else 200)
            self.end_headers()
            if body is not None:
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Camera)
    Thread(target=server.serve_forever, daemon=True).start()
    reader = CameraReader("desk", f"http://127.0.0.1:{server.server_port}/a.mkv")
    frames, kinds = 0, []
    for item in reader:
        if isinstance(item, Event):
            kinds.append(item.kind)
        else:
            frames += 1
        if "back" in kinds and frames > 30:
            break
    server.shutdown()
    assert [kind for kind in kinds if kind in ("lost", "back")][:2] == ["lost", "back"]


def test_a_clock_that_drifts_is_measured_and_followed():
    rng = np.random.default_rng(3)
    clock, drift, offset = CameraClock(), 200e-6, 1000.0
    errors = []
    for i in range(3000):
        stamp = i / 30
        capture = offset + stamp * (1 + drift)
        clock.arrived(stamp, capture + 0.02 + rng.exponential(0.01))
        errors.append(clock.capture_time(stamp) - capture)
    assert clock.drift == pytest.approx(drift, rel=0.3)
    assert np.abs(np.array(errors[300:]) - 0.02).max() < 0.005
    assert (np.diff([e + i / 30 for i, e in enumerate(errors)]) > 0).all()
