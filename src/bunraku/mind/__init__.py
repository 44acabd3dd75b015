"""The mind: words in, checked tool calls out. Minds, personas, voice and conversation over one registry of tools."""

from bunraku.mind.body import Action, Outcome, Picture, RobotBody
from bunraku.mind.robot_tools import robot_registry
from bunraku.mind.rules import Context, Reply, RuleMind
from bunraku.mind.seeing import Clarification, SeenObject, resolve
from bunraku.mind.tools import Denied, ObjectQuery, PlaceQuery, Registry, ToolCall
from bunraku.mind.vocabulary import Vocabulary, default_vocabulary

__all__ = [
    "Action",
    "Clarification",
    "Context",
    "Denied",
    "ObjectQuery",
    "Outcome",
    "Picture",
    "PlaceQuery",
    "Registry",
    "Reply",
    "RobotBody",
    "RuleMind",
    "SeenObject",
    "ToolCall",
    "Vocabulary",
    "default_vocabulary",
    "resolve",
    "robot_registry",
]
