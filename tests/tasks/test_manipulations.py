import mujoco
import numpy as np
import pytest

from bunraku.acting import understand
from bunraku.errors import UserError
from bunraku.objects import KINDS
from bunraku.sim.world import create_world
from bunraku.tasks import pick_up, put, registry, sort, stack
from bunraku.tasks.manipulations import MANIPULATIONS, assignment_in, manipulation, task_of


def test_every_task_that_is_an_environment_has_an_expert():
    assert set(MANIPULATIONS) == {task.name for task in registry().values() if task.gym_id}


@pytest.mark.parametrize("name", sorted(MANIPULATIONS))
def test_a_seed_is_one_episode_and_seeds_differ(name):
    draw = MANIPULATIONS[name].draw
    drawn = [draw(seed) for seed in range(40)]
    assert drawn == [draw(seed) for seed in range(40)]
    assert len({given.scene.to_json() for given in drawn}) == 40


def test_whoever_understands_the_words_finds_the_one_thing_that_is_asked_for():
    for seed in range(150):
        given = pick_up.draw(seed)
        wanted = given.scene.find(given.object)
        assert understand(given.instruction).thing == (wanted.kind, wanted.colour), given.instruction
        assert sum((thing.kind, thing.colour) == (wanted.kind, wanted.colour) for thing in given.scene.objects) == 1


def test_every_wording_is_drawn():
    heard = {given.instruction for given in map(pick_up.draw, range(300))}
    for wording in pick_up.WORDINGS:
        fixed = max(wording.replace("{object_ja}", "{object}").split("{object}"), key=len)
        assert any(fixed in words for words in heard), wording


def test_what_is_stacked_fits_on_the_carton():
    for seed in range(40):
        given = stack.draw(seed)
        carton, thing = KINDS[given.scene.find(given.target).kind], KINDS[given.kind]
        assert carton.support is not None
        request = understand(given.instruction)
        assert request.thing is not None and request.other is not None
        assert f"{request.other[1]} {request.other[0]}" == given.target
        assert thing.size[2] < 0.12


def set_up(seed: int):
    given = sort.draw(seed)
    world = create_world(given.scene)
    for _ in range(10):  # until the soles press on the floor
        mujoco.mj_step(world.model, world.data)
    return given, world


def test_nothing_is_sorted_before_the_robot_has_moved():
    given, world = set_up(0)
    referee = sort.SORT.referee(world, given)
    assert any(kind in referee.complaint() for kind in sort.ROUND)
    assert not referee.done


def test_a_ball_in_the_bowl_is_not_enough_to_be_sorted():
    given, world = set_up(0)
    referee = sort.SORT.referee(world, given)
    bowl = np.array(given.scene.find(given.target).position)
    ball = next(thing for thing in given.scene.objects if thing.kind == "ball")
    world.data.joint(f"object/{ball.name}").qpos[:3] = bowl + [0, 0, 0.02]
    assert any(kind in referee.complaint() for kind in sort.ROUND)


def test_an_unknown_task_is_one_sentence():
    with pytest.raises(UserError, match="pick-up"):
        manipulation("swim")


def test_words_pick_a_thing_of_the_room():
    given = manipulation("pick-up").draw(0)
    for thing in given.scene.objects:
        asked = assignment_in("pick-up", 0, f"pick up the {thing.name}")
        assert (asked.object, asked.scene) == (thing.name, given.scene)
    with pytest.raises(UserError, match="name one of them"):
        assignment_in("pick-up", 0, "pick up the banana")


def test_words_to_put_something_name_the_thing_and_the_bowl():
    for given in map(put.draw, range(60)):
        asked = understand(given.instruction)
        assert asked.thing is not None and asked.other is not None
        assert [f"{colour} {kind}" for kind, colour in (asked.thing, asked.other)] == [given.object, given.target]


def test_words_choose_among_the_tasks_that_a_policy_knows():
    assert task_of(("pick-up", "put"), 3, "take the red cube") == "pick-up"
    assert task_of(("pick-up", "put"), 3, "put the red cube in the blue bowl") == "put"
    assert task_of(("pick-up",), 3, "put the red cube in the blue bowl") == "pick-up"
