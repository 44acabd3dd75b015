import pytest

from bunraku.tasks.manipulations import run_expert


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "seed"),
    [("pour", 0), ("sort", 0), ("wipe", 1), ("tray", 1), ("cap", 0), ("door", 0), ("cells", 0), ("plug", 0)],
)
def test_an_expert_does_in_the_end_what_it_once_failed_at(task, seed):
    result = run_expert(task, seed)
    assert result.success, result.reason
