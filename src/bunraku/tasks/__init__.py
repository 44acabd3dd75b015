"""Tasks: what the robot can be asked to do, and the referee who knows whether it was done.

`registry` lists them, `run_episode` runs one seeded episode of one, and Gymnasium finds the environments by their ids.
"""

from bunraku.tasks.episode import EpisodeResult, Progress, TaskInfo, register_environments, registry, run_episode

__all__ = ["EpisodeResult", "Progress", "TaskInfo", "register_environments", "registry", "run_episode"]
