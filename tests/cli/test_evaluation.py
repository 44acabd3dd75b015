import json
import multiprocessing
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.episodes import KINDS, dying_episode, episode, slow_episode

from bunraku.cli.evaluation import (
    EvaluationFile,
    measures,
    rate_of,
    rates_by_kind,
    real_time_factor,
    run_seeds,
    summary,
)
from bunraku.cli.records import make_folder, write_json
from bunraku.errors import UserError
from bunraku.tasks import EpisodeResult

ROWS = st.lists(
    st.builds(
        lambda seed, outcome, kind, wall: EpisodeResult(
            "any", seed, "", outcome == "success", outcome, "", kind, kind, "shelf", 10.0, wall
        ),
        st.integers(0, 10**6),
        st.sampled_from(["success", "slipped", "not seen"]),
        st.sampled_from(KINDS),
        st.floats(0.1, 100.0),
    ),
    max_size=30,
)


@given(ROWS)
def test_kinds_and_outcomes_add_up(rows: list[EpisodeResult]) -> None:
    total, kinds = rate_of(rows), rates_by_kind(rows).values()
    assert total.episodes == len(rows) == sum(kind.episodes for kind in kinds)
    assert total.successes == sum(kind.successes for kind in kinds)
    assert total.successes + sum(total.failures.values()) == total.episodes
    low, high = total.interval
    assert 0 <= low <= total.rate <= high <= 1 or not rows


@given(ROWS)
def test_the_real_time_factor_weighs_episodes_by_their_length(rows: list[EpisodeResult]) -> None:
    assert real_time_factor(rows) * sum(row.wall_s for row in rows) == pytest.approx(10.0 * len(rows))


def test_the_file_is_whole_after_every_episode_and_can_be_continued(tmp_path: Path) -> None:
    path = tmp_path / "new" / "evaluation.json"
    file = EvaluationFile.open(path, "pick-place", resume=False)
    for seed in (3, 1, 2):
        file.add(episode(seed))
        content = json.loads(path.read_text(encoding="utf-8"))
        assert content["episodes"] == len(content["rows"]) == len(file.rows)
    assert EvaluationFile.open(path, "pick-place", resume=True).rows == [episode(seed) for seed in (1, 2, 3)]
    assert not list(path.parent.glob("*.part"))


def test_the_summary_holds_what_the_readme_reports() -> None:
    content = summary("pick-place", [episode(seed) for seed in range(9)])
    assert content["success_rate"] == pytest.approx(6 / 9)
    assert content["wilson_low"] < 6 / 9 < content["wilson_high"]
    assert content["real_time_factor"] == pytest.approx(2.0)
    assert content["by_kind"]["mug"]["failures"] == {"slipped": 2}
    assert json.loads(json.dumps(content)) == content


def test_nothing_recorded_is_overwritten_or_mixed(tmp_path: Path) -> None:
    path = tmp_path / "evaluation.json"
    EvaluationFile.open(path, "pick-place", resume=False).add(episode(0))
    before = path.read_bytes()
    with pytest.raises(UserError, match="--resume"):
        EvaluationFile.open(path, "pick-place", resume=False)
    with pytest.raises(UserError, match="pick-place"):
        EvaluationFile.open(path, "walk", resume=True)
    path.with_name("other.json").write_text("[1, 2]", encoding="utf-8")
    with pytest.raises(UserError, match="not the record"):
        EvaluationFile.open(path.with_name("other.json"), "pick-place", resume=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize("place", ["file/below", "/proc/nowhere"])
def test_an_impossible_path_is_one_sentence(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot write to"):
        make_folder(tmp_path / place)


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_json(path, {"kept": True})
    with pytest.raises(TypeError):
        write_json(path, {"kept": object()})
    assert json.loads(path.read_text(encoding="utf-8")) == {"kept": True}


def test_workers_give_the_rows_of_one_process() -> None:
    alone = list(run_seeds(episode, range(6), workers=1))
    shared = sorted(run_seeds(episode, range(6), workers=2), key=lambda row: row.seed)
    assert shared == alone


def test_a_worker_that_dies_is_reported() -> None:
    with pytest.raises(UserError, match="worker"):
        list(run_seeds(dying_episode, range(2), workers=2))


def test_stopping_early_leaves_no_worker_behind() -> None:
    rows = run_seeds(slow_episode, range(3), workers=2)
    assert next(rows).seed == 0
    workers = [process.pid for process in multiprocessing.active_children()]
    assert workers
    rows.close()
    deadline = time.monotonic() + 10
    while any(is_running(pid) for pid in workers):
        assert time.monotonic() < deadline, "a worker outlives the evaluation"
        time.sleep(0.05)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "127.0.0.1:port", "127.0.0.1:99999"])
def test_a_cluster_that_is_not_there_is_one_sentence(address: str) -> None:
    with pytest.raises(UserError, match=f"no Ray cluster at {address}"):
        next(run_seeds(episode, range(2), ray=address))


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_referees_measure_besides_is_summed_up() -> None:
    rows = [
        EpisodeResult(
            "any", i, "", True, "success", "", "mug", "mug", "", 1.0, 1.0, {"slosh_mm": 5.0 + i, "spilled": i > 1}
        )
        for i in range(3)
    ] + [EpisodeResult("any", 9, "", True, "success", "", "can", "can", "", 1.0, 1.0)]
    assert measures(rows) == {"slosh_mm": "5 to 7, median 6", "spilled": "1 of 3"}
    assert measures(rows[3:]) == {}
