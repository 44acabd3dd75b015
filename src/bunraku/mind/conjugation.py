"""Japanese verbs: the forms in which one asks for something, or asks not to do it.

Classes follow school grammar: godan ("u"), ichidan ("ru"), する and 来る. A verb in 行く or いく has the te-form って.
"""

from __future__ import annotations

import re
from functools import cache

# Final kana of a godan verb → (negative stem, polite stem, potential and imperative stem, te-form).
_GODAN = {
    "う": ("わ", "い", "え", "って"),
    "つ": ("た", "ち", "て", "って"),
    "る": ("ら", "り", "れ", "って"),
    "む": ("ま", "み", "め", "んで"),
    "ぶ": ("ば", "び", "べ", "んで"),
    "く": ("か", "き", "け", "いて"),
    "ぐ": ("が", "ぎ", "げ", "いで"),
    "す": ("さ", "し", "せ", "して"),
}

_THANKS = (
    "助かる",
    "助かります",
    "嬉しい",
    "嬉しいです",
    "うれしい",
    "うれしいです",
    "ありがたい",
    "ありがたいです",
    "幸いです",
)
_HOPE = (
    "",
    "です",
    "な",
    "なあ",
    "んだ",
    "んです",
    "んだけど",
    "んですけど",
    "のですけど",
    "ですけど",
    "けど",
    "のですが",
    "んですが",
    "のだが",
    "と思います",
    "の",
    "のだけど",
    "んだけどな",
    "なぁ",
    "よ",
    "ねん",
    "んだよね",
)
_GIVING = (
    *(
        "ください",
        "くださいませ",
        "くださいませんか",
        "くださいますか",
        "くださる",
        "くださらない",
        "下さい",
        "下さいませんか",
        "下さいますか",
    ),
    *(
        "くれ" + end
        for end in (
            *(
                "",
                "る",
                "ない",
                "ますか",
                "ませんか",
                "るかな",
                "ないかな",
                "ないか",
                "るか",
                "たまえ",
                "や",
                "よ",
                "よな",
            ),
            *("へん", "へんか", "へんかな", "へんかなあ", "ん", "んか", "んかな", "るの", "ないの", "ますでしょうか"),
        )
    ),
    *(
        "もら" + end
        for end in ("える", "えない", "えますか", "えませんか", "えるかな", "えないかな", "えないでしょうか")
    ),
    *("くん" + end for end in ("ない", "ないか", "ないかな", "ないの")),
    *("もろ" + end for end in ("てええ", "てもええ", "ていい", "えん")),
    *("もら" + end for end in ("えますでしょうか", "えるか", "おう", "おうか", "おうかな")),
    *("いただけ" + end for end in ("ますか", "ませんか", "ないでしょうか", "ますでしょうか", "ればと思います")),
    *("頂けますか", "頂けませんか", "ちょうだい", "ちょーだい", "頂戴", "おくれ", "みせて", "よ", "ね"),
    *("や", "やー", "よね", "よー", "ねー", "ー", "よな", "んか", "くださいな", "くださいね", "くださいよ"),
    *(
        f"{verb}と{thanks}"
        for verb in ("くれる", "もらえる", "いただける", "いただけます", "もらえます", "くださる")
        for thanks in _THANKS
    ),
    *(
        f"{verb}たら{thanks}"
        for verb in ("くれ", "もらえ", "いただけ", "いただけまし", "くださっ")
        for thanks in _THANKS
    ),
    *(f"{verb}ば{thanks}" for verb in ("くれれ", "もらえれ", "いただけれ") for thanks in _THANKS),
    *(
        "いただくこと" + end
        for end in ("はできますか", "はできる", "は可能ですか", "はできますでしょうか", "はできませんか")
    ),
    *(f"{wish}{end}" for wish in ("ほしい", "欲しい", "もらいたい", "いただきたい") for end in _HOPE),
    *(
        f"{may}{good}{end}"
        for may in ("もらって", "もらっても", "いただいて", "いただいても")
        for good in ("いい", "よい", "よろしい")
        for end in ("", "ですか", "でしょうか", "かな", "か")
    ),
)
_GIVE = "(?:" + "|".join(sorted(_GIVING, key=len, reverse=True)) + "|な(?=$|[、。!?]))"


def forms(verb: str, verb_class: str) -> dict[str, str]:
    """The stems of a dictionary form: "nai", "masu", "te", "imperative", "potential" (up to る)."""
    match verb_class:
        case "u":
            stem, last = verb[:-1], verb[-1]
            nai, masu, e, te = _GODAN[last]
            if verb.endswith(("行く", "いく")):
                te = "って"
            return {
                "nai": stem + nai,
                "masu": stem + masu,
                "te": stem + te,
                "imperative": stem + e,
                "potential": stem + e,
            }
        case "ru":
            stem = verb[:-1]
            return {
                "nai": stem,
                "masu": stem,
                "te": stem + "て",
                "imperative": stem + "ろ",
                "potential": stem + "られ",
            }
        case "suru":
            stem = verb[:-2]
            return {
                "nai": stem + "し",
                "masu": stem + "し",
                "te": stem + "して",
                "imperative": stem + "しろ",
                "potential": stem + "でき",
            }
        case "kuru":
            stem, kanji = verb[:-2], verb.endswith("来る")
            k, o = ("来", "来") if kanji else ("き", "こ")
            return {
                "nai": stem + o,
                "masu": stem + k,
                "te": f"{stem}{k}て",
                "imperative": f"{stem}{o}い",
                "potential": f"{stem}{o}られ",
            }
    raise ValueError(f"unknown verb class '{verb_class}'; expected u, ru, suru or kuru")


_POLITE = "(?:ください|下さい|くださいませ|願います|願えますか|いただけますか|いただけませんか|頂けますか)"
_BAD = (
    "(?:いけない|いけません|だめ|ダメ|駄目|ならない|なりません|いかん|困る|困ります|いや|嫌)"
    "(?:です|だ|よ|ね|だよ|ですよ)*"
)
_END = "(?=$|[、。!])"

_ASKING: dict[str, re.Pattern[str]] = {
    "te": re.compile(
        f"(?:から|おくべき(?:だ|です)?(?:よ|ね)*{_END}|(?:(?:み|おい|しまっ|あげ)て|と?いて)?{_GIVE}?)(?:な(?=$|[、。!]))?"
    ),
    "kept": re.compile(
        f"(?:いて|って|け|いてや|いてな|きなさい)(?:な(?=$|[、。!])|{_GIVE})?"
    ),  # 置いておいて → 置いといて, 置いとって
    "then": re.compile("(?:ら|後で|後に|あとで|あとに|のち)(?=、?[^?？どだい])"),
    "suggested": re.compile(f"らどう(?:かな|ですか|でしょうか|だろう|かしら)?{_END.replace('!', '!?')}"),
    "advised": re.compile(f"(?:ほう|方)が(?:いい|良い|よい)(?:です|よ|ね|な|と思う|と思います)*{_END}"),
    "casual": re.compile(f"って{_GIVE}?"),
    "masu": re.compile("(?:なさい|ましょうか?|ますか|ませんか|に行って(?:ください)?)"),
    "polite": re.compile(_POLITE),
    "potential": re.compile("(?:ますか|ませんか|るかな|ないかな|ますでしょうか|る(?=[?]))"),
    "imperative": re.compile("(?=$|[、。!?よ])よ?"),
    "dictionary": re.compile(
        f"(?:ように(?:して(?:ください)?|お願いします|頼む)?|ことは?(?:できますか|できる(?=[?])|可能ですか|できるかな)"
        f"|だけで(?:いい|よい|OK|ok)(?:です|よ|から|ね)*|べき(?:だ|です)(?:よ|ね)*{_END}"
        f"|のを(?:お願いします|手伝って(?:ください)?|お願い(?:できますか)?)|んだ{_END}|こと(?=$|[、。])|{_END})"
    ),
}
_FORBIDDING: dict[str, re.Pattern[str]] = {
    "nai": re.compile(
        f"(?:ないで(?:おいて|いて)?{_GIVE}?|なくて?も?(?:いい|よい|良い|大丈夫|結構|構わない|構いません)(?:です|よ|ですよ|から)*"
        f"|ない(?:こと|ように(?:して)?(?:{_GIVE})?|(?:ほう|方)がいい(?:です)?)|ずに(?:いて|おいて)?{_GIVE}?|ないよね?)"
    ),
    "te": re.compile(f"(?:は{_BAD}|(?:ほしくない|欲しくない)(?:です|な)?)"),
    "contracted": re.compile(_BAD),
    "dictionary": re.compile(
        f"(?:な(?:よ|って)?|のは(?:やめて|止めて|禁止|なし|だめ|ダメ)(?:{_GIVE}|です)?|必要は(?:ない|ありません)"
        "|べきでは(?:ない|ありません)|んじゃない(?:よ|ぞ)?)"
    ),
}


@cache
def instructions(verb: str, verb_class: str) -> tuple[tuple[str, re.Pattern[str], bool], ...]:
    """Every way to ask for the action, as (stem, what may follow it, whether it asks *not* to do it).

    取って(ください…), 取れ, お取りください, 取ることはできますか; 取らないで, 取るな, 取ってはいけない, 取らなくていい.
    """
    f = forms(verb, verb_class) | {"dictionary": verb}
    f["polite"] = "お" + f["masu"]
    f["contracted"] = f["te"][:-1] + ("ちゃ" if f["te"].endswith("て") else "じゃ")
    f["casual"] = f["contracted"]
    f["kept"] = f["te"][:-1] + ("と" if f["te"].endswith("て") else "ど")
    f["then"] = f["suggested"] = f["advised"] = f["te"][:-1] + ("た" if f["te"].endswith("て") else "だ")
    asking = [(f[name], tail, False) for name, tail in _ASKING.items()]
    return (*asking, *((f[name], tail, True) for name, tail in _FORBIDDING.items()))
