import json

import numpy as np
import pytest
from tests.learning.conftest import frame, header, images

from bunraku.errors import UserError
from bunraku.learning.lerobot import DataSet, finalise
from bunraku.learning.samples import load_samples, palms

pytest.importorskip("pyarrow")


def test_a_data_set_of_another_robot_is_refused(recorded):
    root, _ = recorded
    finalise(root)
    info = root / "meta/info.json"
    info.write_text(json.dumps(json.loads(info.read_text()) | {"robot_type": "so100"}))
    with pytest.raises(UserError, match="so100"):
        load_samples(root, "right")


def test_a_data_set_of_another_hand_is_refused(recorded):
    root, _ = recorded
    finalise(root)
    info = root / "meta/info.json"
    info.write_text(json.dumps(json.loads(info.read_text()) | {"bunraku": {"hand": "h11"}}))
    with pytest.raises(UserError, match="h11"):
        load_samples(root, "right")


def test_actions_that_are_not_finite_are_refused_and_named(recorded):
    from bunraku.learning.episodes import Ending, Recorder

    root, _ = recorded
    recorder = Recorder(root / "episodes/pick-up", header(5))
    rng = np.random.default_rng(0)
    for index in range(4):
        broken = frame(index, rng)
        broken["action"][3] = np.nan
        recorder.write(broken, images(index))
    recorder.end(Ending(True, "success"))
    finalise(root)
    with pytest.raises(UserError, match="episode 3 holds numbers that are not finite"):
        load_samples(root, "right")


def test_the_measured_palm_is_where_the_action_starts(recorded):
    from bunraku.learning.frames import difference

    root, _ = recorded
    finalise(root)
    entry = next(DataSet(root).entries())
    for side, part in (("left", slice(0, 6)), ("right", slice(13, 19))):
        for measured, wanted, action in zip(*palms(entry, side), entry.vectors["action"][:, part], strict=True):
            np.testing.assert_allclose(difference(measured, wanted)[:3], action[:3], atol=1e-5)
            if np.linalg.norm(action[3:]) < np.pi:
                np.testing.assert_allclose(difference(measured, wanted)[3:], action[3:], atol=1e-4)


def test_words_of_rooms_that_were_only_drawn_mean_what_they_name():
    from bunraku.acting import understand
    from bunraku.learning.samples import _more_words
    from bunraku.learning.tokens import COLOUR_NAMES, KIND_NAMES

    drawn = set(_more_words(["pick-up"]))
    assert len({words for words, _ in drawn}) > 100
    for words, (kind, colour) in sorted(drawn)[::20]:
        assert understand(words).thing == (KIND_NAMES[kind], COLOUR_NAMES[colour])
