import time
from collections.abc import Iterator

import numpy as np
import pytest

from bunraku.live import SimulatedBody, demonstration_scene
from bunraku.mind.tools import ObjectQuery, ToolCall
from bunraku.sim import Scene
from bunraku.tasks.assignment import Assignment


@pytest.fixture(scope="module")
def body() -> Iterator[SimulatedBody]:
    body = SimulatedBody(demonstration_scene(0))
    yield body
    body.close()


def wait_until(condition, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_time_passes_with_the_wall_clock_but_never_ahead_of_it(body: SimulatedBody) -> None:
    start, simulated = time.monotonic(), body.state().time_s
    wait_until(lambda: body.state().time_s > simulated + 0.3)
    assert body.state().time_s - simulated <= time.monotonic() - start + 0.05


def test_it_names_what_is_in_view_from_pictures(body: SimulatedBody) -> None:
    wait_until(lambda: len(body.frames()) == 7)
    outcome = body.start(ToolCall("what_do_you_see")).wait(60)
    assert outcome and outcome.ok
    placed = {(thing.kind, thing.colour): thing.position for thing in demonstration_scene(0).objects}
    for seen in outcome.seen:
        assert (seen.kind, seen.colour) in placed
        assert np.linalg.norm(seen.position_stance - placed[seen.kind, seen.colour]) < 0.03
    assert ("mug", "red") in {(seen.kind, seen.colour) for seen in outcome.seen}


def test_a_question_does_not_hold_the_robot_up(body: SimulatedBody, monkeypatch: pytest.MonkeyPatch) -> None:
    spent, answer = [], body._answer

    def timed(actor) -> None:
        began = time.thread_time()
        answer(actor)
        spent.append(time.thread_time() - began)

    monkeypatch.setattr(body, "_answer", timed)
    wait_until(lambda: len(body.frames()) == 7)
    outcome = body.start(ToolCall("what_do_you_see")).wait(60)
    assert outcome and outcome.ok and body.seen()
    assert max(spent) < 0.02


def test_stop_ends_a_reach_and_the_robot_stays_up(body: SimulatedBody) -> None:
    action = body.start(ToolCall("pick", {"object": ObjectQuery("mug", "red")}))
    wait_until(lambda: "reaching" in action.progress)
    body.stop()
    outcome = action.wait(30)
    assert outcome and not outcome.ok
    then = body.state()
    wait_until(lambda: body.state().time_s > then.time_s + 0.5)
    now = body.state()
    assert now.doing == "standing"
    assert now.position[2] == pytest.approx(then.position[2], abs=0.02)


def test_what_is_not_there_is_not_picked(body: SimulatedBody) -> None:
    outcome = body.start(ToolCall("where_is", {"object": ObjectQuery("plate", "green")})).wait(60)
    assert outcome and not outcome.ok


def test_a_scene_that_cannot_be_built_is_raised_where_the_body_is_made() -> None:
    with pytest.raises((AttributeError, TypeError, ValueError)):
        SimulatedBody(Scene((None,)))  # pyright: ignore[reportArgumentType]


def test_the_task_has_the_last_word_about_what_was_told_first() -> None:
    """The robot says that all is well, and the referee sees that the mug stands where it stood."""
    scene = Scene((demonstration_scene(0).objects[0],))
    body = SimulatedBody(scene, assignment=Assignment(scene, "red mug", "on", "shelf", "put the red mug on the shelf"))
    assert body.state().verdict is None
    outcome = body.start(ToolCall("home", {})).wait(60)
    assert outcome and outcome.ok
    wait_until(lambda: body.state().verdict is not None)
    verdict = body.state().verdict
    body.close()
    assert verdict and not verdict.success and "shelf" in verdict.reason


def test_after_the_end_calls_fail_at_once() -> None:
    body = SimulatedBody(demonstration_scene(1))
    body.close()
    outcome = body.start(ToolCall("home")).wait(1)
    assert outcome and not outcome.ok
