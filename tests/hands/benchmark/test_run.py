import json
from dataclasses import asdict, replace

import pytest

from bunraku.errors import UserError
from bunraku.hands.benchmark import run as runner
from bunraku.hands.benchmark.ablation import variants
from bunraku.hands.benchmark.grasps import GRASPS
from bunraku.hands.benchmark.page import write_page
from bunraku.hands.benchmark.run import QUICK, Job, Settings, compare, jobs, run_job
from bunraku.hands.benchmark.summary import Row, judge, rows
from bunraku.hands.cables import check_balance
from bunraku.hands.spec import hand_to_yaml, load_hand, validate

TINY = Settings(seeds=2, fits=1, grasps=(14,))


def test_an_interrupted_comparison_goes_on_where_it_stopped(tmp_path, monkeypatch):
    store = tmp_path / "results.json"
    done = []

    def stop_after_two(job, settings):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(job)
        return run_job(job, settings)

    monkeypatch.setattr(runner, "run_job", stop_after_two)
    with pytest.raises(KeyboardInterrupt):
        compare(["h22", "h11"], ("C", "V"), TINY, store)
    assert len(json.loads(store.read_text())) == 2
    monkeypatch.setattr(runner, "run_job", lambda job, settings: (done.append(job), run_job(job, settings))[1])
    results = compare(["h22", "h11"], ("C", "V"), TINY, store)
    assert len(results) == 4 and len(done) == 4 and len(set(done)) == 4


def test_a_changed_hand_is_measured_again(tmp_path):
    file, store = tmp_path / "mine.yaml", tmp_path / "results.json"

    for mass in (0.36, 0.5):
        file.write_text(hand_to_yaml(replace(load_hand("h22"), mass=mass)))
        runner._content.cache_clear()
        runner.load_kinematics.cache_clear()
        results = compare([str(file)], ("C",), TINY, store)
        assert results[f"{file}/C/"]["mass"] == mass


def test_unknown_names_are_refused(tmp_path):
    with pytest.raises(UserError, match="no test 'Z'"):
        compare(["h22"], ("Z",), TINY)
    with pytest.raises(UserError, match="no hand 'h23'"):
        compare(["h23"], ("C",), TINY)
    broken = tmp_path / "results.json"
    broken.write_text("{")
    with pytest.raises(UserError, match="not a result file"):
        compare(["h22"], ("C",), TINY, broken)


def test_page_and_rows_from_a_real_result(tmp_path):
    results = compare(["h22"], ("C", "V", "X", "W", "G"), TINY)
    (row,) = rows(results)
    assert (row.dof, row.dof_with_wrist, row.trials, row.formed) == (22, 24, 2, 1)
    assert row.crosstalk and row.crosstalk > 5 and results["h22/X/"]["compensated_deg"] < 1
    write_page(tmp_path / "page.html", results)
    text = (tmp_path / "page.html").read_text()
    assert text.count("data:image/jpeg") == 1 and "Tripod" in text and "http" not in text


def test_the_verdict_falls_both_ways():
    human = Row("human", held=100, trials=100, k1=10, stall={"tip": 80, "key": 117, "palmar": 112, "grip": 530})
    good, poor = (
        Row(name, held=held, trials=100, k1=k1, stall=dict.fromkeys(human.stall, force))
        for name, held, k1, force in (("h22", 95, 10, 100), ("h11", 40, 4, 10))
    )
    assert [f.holds for f in judge([human, good, poor])] == [True, True, True]
    swapped = [human, Row(**{**asdict(poor), "hand": "h22"}), Row(**{**asdict(good), "hand": "h11"})]
    assert [f.holds for f in judge(swapped)] == [False, False, False]
    assert judge([human]) == []


def test_every_ablation_is_a_valid_hand():
    for name, (_, hand) in variants(load_hand("h22")).items():
        validate(hand, name)
        check_balance(hand, name)


def test_a_hand_without_a_little_finger_does_not_form_the_grasp_and_may_yet_hold(tmp_path):
    file = tmp_path / "four.yaml"
    file.write_text(hand_to_yaml(variants(load_hand("h22"))["four-fingers"][1]))
    result = run_job(Job(str(file), "G", "13"), Settings(seeds=2, searches=1, fits=1))
    assert not result["feasible"] and "has no little" in result["error"] and result["held"] == 2


def test_a_hand_without_a_thumb_is_one_sentence(tmp_path):
    hand = load_hand("h22")
    fingers = replace(
        hand,
        digits=tuple(digit for digit in hand.digits if digit.name != "thumb"),
        cables=tuple(cable for cable in hand.cables if not any("thumb" in joint for joint in cable.arms)),
    )
    file = tmp_path / "fingers.yaml"
    file.write_text(hand_to_yaml(fingers))
    with pytest.raises(UserError, match="need a thumb"):
        compare([str(file)], ("C",), TINY)


def test_what_a_grasp_keeps_on_fewer_digits():
    wrap, pinch = (next(grasp for grasp in GRASPS if grasp.number == number) for number in (1, 9))
    fewer = ("thumb", "index", "middle")
    assert wrap.with_digits(fewer).contacts == ("palm", "thumb.pad", "index.wrap", "middle.wrap")
    assert pinch.with_digits(fewer) == pinch
    assert pinch.with_digits(("thumb", "middle")) is pinch, "the index is all there is on that side"


def test_each_object_is_turned_by_several_searches():
    items = [job.item for job in jobs(["h22"], ("M",), Settings(gaits=2))]
    assert items == ["sphere", "sphere 1", "cube", "cube 1"]


def test_peers_are_scored_or_asked_for_in_one_sentence():
    from bunraku.hands.benchmark.peers import PEERS, read_map

    assert "shadow" in PEERS
    with pytest.raises(UserError, match="pip install"):
        read_map(PEERS["shadow"].read_text().replace("gymnasium_robotics", "no_such_package_here"))
    pytest.importorskip("gymnasium_robotics")
    result = run_job(Job("shadow", "G", "14"), TINY)
    assert result["feasible"]
    assert run_job(Job("shadow", "C"), QUICK)["dof"] == 22
