"""The world: scenes of household objects, honest physics, cameras, and the simulated robot that lives there.

`random_scene` draws a scene from a seed, `build_model` compiles it with a robot, `SimulatedRobot` is that robot behind
`bunraku.robot.Robot`. `bunraku.sim.truth` answers what only a referee may know; nothing above the tasks
imports this room.
"""

from bunraku.sim.scene import Placed, Scene, random_scene

__all__ = ["Placed", "Scene", "random_scene"]
