"""From what is wanted to what the motors do: state estimation, the whole-body program, inverse kinematics, grasp
postures, and the supervisor below everything.

Modules are imported by name (`from bunraku.control.whole_body import WholeBodyController`), since most need MuJoCo.
"""
