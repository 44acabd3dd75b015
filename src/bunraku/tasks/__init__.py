"""Tasks: what the robot can be asked to do, and the referee who knows whether it was done.

`registry` lists them, `run_episode` runs one seeded episode of one. For Gymnasium, import
`bunraku.tasks.environment` and make an environment by its id.
"""

from bunraku.tasks.episode import EpisodeResult, Progress, TaskInfo, registry
from bunraku.tasks.running import run_episode

__all__ = ["EpisodeResult", "Progress", "TaskInfo", "registry", "run_episode"]
