"""What a pick-and-place episode asks for: a room, a thing, a target, and words for it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bunraku.acting import TO_PERSON
from bunraku.errors import UserError
from bunraku.house import blocks
from bunraku.objects import KINDS, SURFACES
from bunraku.sim import Scene, random_scene
from bunraku.sim.person import PERSON, Person
from bunraku.sim.person import PLATE as PERSON_PLATE
from bunraku.skills.paths import FloorMap
from bunraku.skills.walking import Stance

DISTRACTORS = 2
FURNITURE = ("shelf", "side table")
WORDINGS = (
    "put the {object} {relation} the {target}",
    "please put the {object} {relation} the {target}",
    "could you place the {object} {relation} the {target}?",
    "pick up the {object} and put it {relation} the {target}",
    "take the {object} and set it {relation} the {target}, please",
)
ERRANDS = (
    "bring me the {object} from the kitchen",
    "please bring me the {object}",
    "fetch the {object} from the kitchen, please",
    "could you hand me the {object}?",
)
PLATE = "plate"


@dataclass(frozen=True)
class Assignment:
    """One episode. `object` names a thing of the `scene`; `target` a piece of furniture or another thing, in, on or
    beside which (`relation`) it shall rest, or the "person" to whom it shall be brought.

    A `target` of "" asks only to hold the object, an `object` of "" for nothing that the room would show. `order` names
    props in the order in which something shall be done to them. `act` is what the whole body shall do: "follow",
    "climb" to the levels in `order`, "get_up"; "" when it is about things.
    """

    scene: Scene
    object: str
    relation: str
    target: str
    instruction: str
    order: tuple[str, ...] = ()
    act: str = ""

    @property
    def kind(self) -> str:
        """Kind of the object, or of the first prop; the act, or "", without either."""
        if self.object:
            return self.scene.find(self.object).kind
        return self.act or (self.order[0].rpartition(" ")[2] if self.order else "")


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


def draw_errand(seed: int) -> Assignment:
    """Something on the kitchen counter for a person in the living room, who holds out a plate for it."""
    rng = np.random.default_rng([seed, 0xB2])
    kinds = [kind.name for kind in KINDS.values() if kind.graspable]
    wanted = rng.choice([kind for kind in kinds if fits(kind, PLATE)])
    others = rng.choice([kind for kind in kinds if kind != wanted], DISTRACTORS, replace=False)
    scene = random_scene(rng, (str(wanted), *map(str, others)))
    words = ERRANDS[rng.integers(len(ERRANDS))].format(object=scene.objects[0].name)
    return errand(rng, scene, scene.objects[0].name, words)


def errand(rng: np.random.Generator, kitchen: Scene, name: str, instruction: str) -> Assignment:
    """The errand of bringing the thing called `name` from the `kitchen` to a person somewhere in the living room."""
    colours = [colour for colour in KINDS[PLATE].colours if colour not in {thing.colour for thing in kitchen.objects}]
    colour = colours[rng.integers(len(colours))]
    floor = FloorMap(blocks())
    while True:
        x, y, yaw = rng.uniform(-5.4, -4.3), rng.uniform(-2.0, 0.4), rng.uniform(-0.6, 1.4)
        person = Person(((float(x), float(y)),), float(yaw), plate=colour)
        before = Stance(x, y, yaw).then(Stance(rng.uniform(1.5, 1.8), rng.uniform(-0.25, 0.25), np.pi))
        served = Stance(x, y, yaw).then(Stance(0.9, 0.0, np.pi))
        if floor.clearance(before.position) > 0.45 and floor.clearance(served.position) > 0.40:
            scene = replace(kitchen, house=True, person=person, start=(before.x, before.y, before.yaw))
            return Assignment(scene, name, TO_PERSON, PERSON, instruction)


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
    if name == PERSON:
        return PERSON_PLATE
    return name.replace(" ", "_") if name in SURFACES else name


def _preposition(dish: str) -> str:
    support = KINDS[dish].support
    return support.preposition if support else "on"
