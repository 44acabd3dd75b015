"""`stack`: set a small thing upon a carton hardly wider than itself, and let it stand there."""

from __future__ import annotations

import numpy as np

from bunraku.objects import SURFACES, Surface
from bunraku.sim import random_scene
from bunraku.tasks.assignment import Assignment
from bunraku.tasks.episode import STACK as INFO
from bunraku.tasks.following import follow_words
from bunraku.tasks.stage import Manipulation
from bunraku.tasks.wordings import worded

SET = ("cube", "sponge", "can")
"""Kinds that are stacked."""
CARTON = "small box"
AREA = Surface("middle of the counter", SURFACES["counter"].top, (0.30, 0.50), (-0.30, 0.30))
ROOM = 0.09
"""Least free width (m) between two things."""
WORDINGS = (
    "stack the {object} on the {target}",
    "put the {object} on top of the {target}",
    "please set the {object} on the {target}",
    "{object_ja}を{target_ja}の上に置いて",
)


def draw(seed: int) -> Assignment:
    """A thing to stack, a carton to stack it on, and one more thing that is in the way."""
    rng = np.random.default_rng([seed, 0x22])
    wanted, other = (SET[i] for i in rng.choice(len(SET), 2, replace=False))
    scene = random_scene(rng, (wanted, CARTON, other), area=AREA, clearance=ROOM)
    thing, carton, _ = scene.objects
    return Assignment(scene, thing.name, "on", carton.name, worded(rng, WORDINGS, object=thing, target=carton))


STACK = Manipulation(INFO, draw, follow_words, longest=90.0)
