"""Skills: from what the robot sees and feels to what its body shall do next.

Each is a generator over control ticks that can be closed at any of them and returns an `Outcome` that it measured.
"""

from bunraku.skills.body import Body, Outcome, Skill
from bunraku.skills.perception import Eyes, Seen

__all__ = ["Body", "Eyes", "Outcome", "Seen", "Skill"]
