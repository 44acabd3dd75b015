"""What a pick-and-place episode asks for: a room, a thing, a target, and words for it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bunraku.errors import UserError
from bunraku.objects import KINDS, SURFACES
from bunraku.sim import Scene, random_scene

DISTRACTORS = 2
FURNITURE = ("shelf", "side table")
WORDINGS = (
    "put the {object} {relation} the {target}",
    "please put the {object} {relation} the {target}",
    "could you place the {object} {relation} the {target}?",
    "pick up the {object} and put it {relation} the {target}",
    "take the {object} and set it {relation} the {target}, please",
)


@dataclass(frozen=True)
class Assignment:
    """One episode. `object` names a thing of the `scene`; `target` a piece of furniture or another thing, in, on or
    beside which (`relation`) it shall rest. A `target` of "" asks only to hold the object, an `object` of "" for
    nothing that the room would show."""

    scene: Scene
    object: str
    relation: str
    target: str
    instruction: str

    @property
    def kind(self) -> str:
        """Kind of the object; "" without one."""
        return self.scene.find(self.object).kind if self.object else ""


def draw_assignment(seed: int) -> Assignment:
    """A random thing among distractors and a dish, a random target that suits it, and random words."""
    rng = np.random.default_rng(seed)
    graspable = [kind.name for kind in KINDS.values() if kind.graspable]
    wanted, *others = (graspable[i] for i in rng.choice(len(graspable), 1 + DISTRACTORS, replace=False))
    dishes = [kind.name for kind in KINDS.values() if not kind.graspable]
    dish = dishes[rng.integers(len(dishes))]
    scene = random_scene(rng, (wanted, *others, dish))
    thing, plate = scene.objects[0], scene.objects[-1]
    targets = [("on", place) for place in FURNITURE]
    if fits(wanted, dish):
        targets.append((_preposition(dish), plate.name))
    relation, target = targets[rng.integers(len(targets))]
    words = WORDINGS[rng.integers(len(WORDINGS))].format(object=thing.name, relation=relation, target=target)
    return Assignment(scene, thing.name, relation, target, words)


def fits(kind: str, dish: str) -> bool:
    """Whether a thing of `kind` rests on or in a `dish`."""
    support = KINDS[dish].support
    return support is not None and max(KINDS[kind].size[:2]) / 2 <= support.radius


def room_for(seed: int, things: tuple[tuple[str | None, str | None], ...]) -> Scene:
    """A room in which each of `things` (kind, colour), None where words left it open, stands among distractors.

    Raises `UserError` when a thing does not exist in that colour.
    """
    rng = np.random.default_rng(seed)
    named = [kind for kind, _ in things if kind]
    graspable = [kind.name for kind in KINDS.values() if kind.graspable and kind.name not in named]
    others = [graspable[i] for i in rng.choice(len(graspable), max(0, 4 - len(named)), replace=False)]
    scene = random_scene(rng, (*named, *others))
    wanted = [(kind, colour) for kind, colour in things if kind]
    objects = list(scene.objects)
    for index, (kind, colour) in enumerate(wanted):
        if colour is None:
            continue
        if colour not in KINDS[kind].colours:
            raise UserError(
                f"there is no {colour} {kind} in this room: a {kind} is {' or '.join(KINDS[kind].colours)}."
            )
        objects[index] = replace(objects[index], name=f"{colour} {kind}", colour=colour)
    return Scene(tuple(objects))


def surface(name: str) -> str:
    """The name under which the world knows a piece of furniture."""
    return name.replace(" ", "_") if name in SURFACES else name


def _preposition(dish: str) -> str:
    support = KINDS[dish].support
    return support.preposition if support else "on"
