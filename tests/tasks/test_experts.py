from itertools import count

import pytest

from bunraku.tasks import door, drawer
from bunraku.tasks.manipulations import run_expert


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "seed"),
    [("pour", 0), ("sort", 0), ("wipe", 1), ("tray", 6), ("cap", 0), ("door", 0), ("cells", 3), ("plug", 0)],
)
def test_an_expert_does_in_the_end_what_it_once_failed_at(task, seed):
    result = run_expert(task, seed)
    assert result.success, result.reason


@pytest.mark.slow
@pytest.mark.parametrize(("task", "module", "work"), [("drawer", drawer, "pull_open"), ("door", door, "open_door")])
def test_what_is_seen_to_be_half_open_is_opened_all_the_way(monkeypatch, task, module, work):
    whole, calls = getattr(module, work), count()
    monkeypatch.setattr(
        module, work, lambda body, seen, way: whole(body, seen, way / 2 if next(calls) == 0 else way), raising=True
    )
    result = run_expert(task, 1)
    assert result.success, result.reason
    assert next(calls) == 2
