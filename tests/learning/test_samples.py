import json

import numpy as np
import pytest
from tests.learning.conftest import frame, header, images

from bunraku.errors import UserError
from bunraku.learning.frames import Synergies, fields, synergies
from bunraku.learning.lerobot import DataSet, Entry, finalise, recast
from bunraku.learning.samples import _samples, load_samples, palms
from bunraku.learning.steps import Segment, step
from bunraku.learning.tokens import FINGERS
from bunraku.robot import JOINTS, SIDES

pytest.importorskip("pyarrow")


def test_a_data_set_of_another_robot_is_refused(recorded):
    root, _ = recorded
    finalise(root)
    info = root / "meta/info.json"
    info.write_text(json.dumps(json.loads(info.read_text()) | {"robot_type": "so100"}))
    with pytest.raises(UserError, match="so100"):
        load_samples([root])


def test_a_data_set_of_another_hand_is_refused(recorded):
    root, _ = recorded
    finalise(root)
    info = root / "meta/info.json"
    info.write_text(json.dumps(json.loads(info.read_text()) | {"bunraku": {"hand": "h11"}}))
    with pytest.raises(UserError, match="h11"):
        load_samples([root])


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
        load_samples([root])


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
    from bunraku.learning.steps import COLOUR_NAMES, KIND_NAMES, NOTHING, VERB_NAMES

    drawn = set(_more_words(["pick-up"]))
    assert len({words for words, _ in drawn}) > 100
    for words, ((verb, kind, colour, *target),) in sorted(drawn)[::20]:
        assert VERB_NAMES[verb] == "take"
        assert understand(words).thing == (KIND_NAMES[kind], COLOUR_NAMES[colour])
        assert tuple(target) == NOTHING


BASIS = Synergies(np.zeros(22), np.eye(FINGERS, 22))
TAKE = step("take", "red cube")


def entry(places: list[float], hands: list[float], side: str = "right") -> Entry:
    """An episode in which the palm on a `side` is wanted at `places` (m, along y) and its first joint at `hands`."""
    count, which = len(places), SIDES.index(side)
    vectors = {name: np.zeros((count, length), np.float32) for name, length in fields(22, 22).items()}
    vectors["action.command"][:, 5 * len(JOINTS) + 22 * which] = hands
    vectors["action.palm"][:, 7 * which + 1] = places
    vectors["action.palm"][:, [3, 10]] = 1.0
    return Entry({}, vectors)


def planned(episode: Entry, first: int = 0, last: int | None = None, side: str = "") -> tuple[np.ndarray, ...]:
    count = len(episode.vectors["action"])
    tokens = np.tile(np.array([[*TAKE[1:3], 0.4, 0.0, 0.9, 0.0]]), (count, 1, 1))
    return _samples(episode, tokens, Segment(TAKE, side, first, count if last is None else last), BASIS)


def test_waiting_is_not_planned():
    _, chunks, over, _ = planned(entry([0.0, 0.1, 0.2] + [0.2] * 6, [0.0] * 7 + [0.5, 1.0]))
    assert np.isfinite(chunks[:8]).all()
    assert not over.any()
    # From where the palm has arrived, the hand closes at once, however long the expert stood there.
    for sample in range(2, 7):
        np.testing.assert_allclose(chunks[sample, :2, 6], [0.5, 1.0])


def test_what_came_before_a_step_is_not_learned_and_what_comes_after_says_that_it_is_done():
    places = [0.01 * step for step in range(12)]
    everything, *_ = planned(entry(places, [0.0] * 12))
    part, chunks, over, _ = planned(entry(places, [0.0] * 12), first=3, last=8)
    assert (len(everything), len(part)) == (12, 9)
    assert np.isnan(chunks[:, 0, 0]).tolist() == [False] * 4 + [True] * 5
    assert over.tolist() == [False] * 5 + [True] * 4
    assert not len(planned(entry([0.0] * 12, [0.0] * 12))[0])


def test_a_left_hand_is_learned_from_as_the_right_hand_in_a_mirror():
    places = np.linspace(0.0, 0.2, 12)
    right, left = (
        planned(entry(list(places), [0.3] * 12)),
        planned(entry(list(-places), [0.3] * 12, "left"), side="left"),
    )
    for ours, theirs in zip(right, left, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_actions_in_other_synergies_move_the_fingers_as_they_did(recorded):
    from bunraku.learning.frames import SIDE_ACTION, SYNERGIES

    rng = np.random.default_rng(0)
    old = synergies("h22")
    mixed = np.linalg.qr(rng.standard_normal((SYNERGIES, SYNERGIES)))[0]
    new = Synergies(old.mean, mixed @ old.basis)
    action = rng.standard_normal((5, 2 * SIDE_ACTION))
    again = recast(action, old, new)
    for side in range(2):
        hand = slice(side * SIDE_ACTION + 6, side * SIDE_ACTION + 6 + SYNERGIES)
        np.testing.assert_allclose(new.posture(again[:, hand]), old.posture(action[:, hand]), atol=1e-9)
        np.testing.assert_array_equal(again[:, side * SIDE_ACTION], action[:, side * SIDE_ACTION])


def test_a_data_set_keeps_the_synergies_of_its_actions(recorded, monkeypatch):
    root, _ = recorded
    finalise(root)
    before = DataSet(root).synergies
    monkeypatch.setattr("bunraku.learning.lerobot.synergies", lambda hand: None)
    np.testing.assert_array_equal(DataSet(root).synergies.basis, before.basis)
