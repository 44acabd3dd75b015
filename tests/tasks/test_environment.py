import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import bunraku.tasks.environment  # noqa: F401  (registers)
from bunraku.errors import UserError
from bunraku.tasks import registry, run_episode


def test_gymnasium_knows_every_task() -> None:
    assert {task.gym_id for task in registry().values() if task.gym_id} <= set(gymnasium.registry)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_environment_keeps_the_contract_of_gymnasium() -> None:
    env = gymnasium.make("bunraku/PickPlace-v0", render_mode="rgb_array").unwrapped
    check_env(env)
    env.close()


def test_the_same_seed_and_actions_give_the_same_readings() -> None:
    env = gymnasium.make("bunraku/PickPlace-v0")

    def readings() -> list[np.ndarray]:
        _, info = env.reset(seed=5)
        assert info["instruction"]
        action = np.zeros(env.action_space.shape, np.float32)
        action[4] = -0.3
        return [env.step(action)[0]["joint_position"] for _ in range(5)]

    for first, second in zip(readings(), readings(), strict=True):
        np.testing.assert_array_equal(first, second)
    env.close()


def test_an_unknown_task_is_one_sentence() -> None:
    with pytest.raises(UserError, match="pick-place"):
        run_episode("swim", 0)
