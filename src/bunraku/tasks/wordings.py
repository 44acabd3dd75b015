"""Words for assignments, in English and in Japanese: a template is drawn and the names of things are put into it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bunraku.sim.props import Prop
from bunraku.sim.scene import Placed
from bunraku.skills import Seen

COLOURS_JA = {
    "red": "赤い",
    "orange": "オレンジ色の",
    "yellow": "黄色い",
    "green": "緑の",
    "cyan": "水色の",
    "blue": "青い",
    "purple": "紫の",
    "pink": "ピンクの",
}
KINDS_JA = {
    "cube": "立方体",
    "ball": "ボール",
    "apple": "りんご",
    "mug": "マグカップ",
    "bowl": "ボウル",
    "can": "缶",
    "sponge": "スポンジ",
    "small box": "小さい箱",
    "button": "ボタン",
    "stain": "しみ",
    "tray": "お盆",
    "cap": "ふた",
    "cell": "電池",
    "rack": "ラック",
    "plug": "プラグ",
    "socket": "コンセント",
}


def worded(rng: np.random.Generator, wordings: Sequence[str], **things: Placed | Prop) -> str:
    """One of `wordings` with the names of `things` in it: `{object}` is the English name of `object`, `{object_ja}`
    the Japanese one."""
    names = {key: f"{thing.colour} {thing.kind}" for key, thing in things.items()}
    japanese = {f"{key}_ja": in_japanese(thing) for key, thing in things.items()}
    return wordings[int(rng.integers(len(wordings)))].format(**names, **japanese)


def in_japanese(thing: Placed | Prop | Seen) -> str:
    """Colour and kind: 赤い立方体."""
    return COLOURS_JA.get(thing.colour, "") + KINDS_JA.get(thing.kind, thing.kind)
