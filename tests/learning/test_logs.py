import base64
import json

import cv2
import numpy as np
import pytest

from bunraku.errors import UserError
from bunraku.learning.lerobot import finalise
from bunraku.learning.logs import export_log

pytest.importorskip("pyarrow")


def test_an_mcap_file_holds_every_frame_as_it_was_recorded(recorded, tmp_path):
    reader = pytest.importorskip("mcap.reader")
    root, frames = recorded
    finalise(root)
    assert export_log(root, 1, tmp_path / "one.mcap") == len(frames[1])
    vectors: dict[str, list] = {}
    pictures: dict[str, list] = {}
    with (tmp_path / "one.mcap").open("rb") as file:
        for schema, channel, message in reader.make_reader(file).iter_messages():
            content = json.loads(message.data)
            if schema.name == "foxglove.CompressedImage":
                coded = np.frombuffer(base64.b64decode(content["data"]), np.uint8)
                pictures.setdefault(channel.topic, []).append(cv2.imdecode(coded, cv2.IMREAD_COLOR))
            elif "values" in content:
                vectors.setdefault(channel.topic, []).append(content["values"])
    for name in ("observation.state", "action", "observation.time"):
        expected = np.array([frame[name] for frame in frames[1]])
        np.testing.assert_allclose(vectors["/" + name.replace(".", "/")], expected, rtol=1e-6)
    assert set(pictures) == {"/camera/head_left", "/camera/palm_right"}
    brightness = [float(picture.mean()) for picture in pictures["/camera/head_left"]]
    assert len(brightness) == len(frames[1]) and np.all(np.diff(brightness) > 2)


def test_a_rerun_recording_is_written(recorded, tmp_path):
    pytest.importorskip("rerun")
    root, frames = recorded
    finalise(root)
    assert export_log(root, 0, tmp_path / "zero.rrd") == len(frames[0])
    content = (tmp_path / "zero.rrd").read_bytes()
    assert content[:4] == b"RRF2" and content.count(b"camera/head_left") >= 1


def test_an_unknown_log_or_episode_is_one_sentence(recorded, tmp_path):
    root, _ = recorded
    finalise(root)
    with pytest.raises(UserError, match=r"neither in .mcap nor in .rrd"):
        export_log(root, 0, tmp_path / "a.bag")
    with pytest.raises(UserError, match="has no episode 7: it has 3"):
        export_log(root, 7, tmp_path / "a.mcap")
