"""Text as people type or speak it, brought into the one form that the grammar reads."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

Language = Literal["english", "japanese"]

LONGEST = 400
"""Characters in one instruction; a person's spoken instruction has fewer."""

_JAPANESE = re.compile("[぀-ヿ㐀-鿿ｦ-ﾟ]")
_SPOKEN = [
    (r"\bcan'?t\b|\bcannot\b", "can not"),
    (r"\bwon'?t\b", "will not"),
    (r"\b(do|does|did|is|are|was|were|should|would|could|must|need|have|has|had|ought|might)n'?t\b", r"\1 not"),
    (r"\bi'?d\b", "i would"),
    (r"\b(what|where|how|that|it|there|who|here|everything|when)'s\b", r"\1 is"),
    (r"\b(whats)\b", "what is"),
    (r"\b(wheres)\b", "where is"),
    (r"\b(hows)\b", "how is"),
    (r"\blet's\b|\blets\b", "let us"),
    (r"\bi'm\b|\bim\b", "i am"),
    (r"\b(you|we|they|what|where)'re\b", r"\1 are"),
    (r"\b(i|you|we)'ve\b", r"\1 have"),
    (r"\b(i|you|it|we|that)'ll\b", r"\1 will"),
    (r"\byou'd\b", "you would"),
    (r"\bgimme\b", "give me"),
    (r"\blemme\b", "let me"),
    (r"\bwanna\b", "want to"),
    (r"\bgonna\b", "going to"),
    (r"\b(ya|u)\b", "you"),
    (r"\bcolours\b", "colors"),
    (r"\by'?all\b", "you"),
    (r"\bwhatcha\b|\bwhat'?cha\b", "what are you"),
    (r"\bd'you\b|\bd'ya\b", "do you"),
    (r"\b(it|that|there|who|he|she|we|they)'d\b", r"\1 would"),
    (r"\b(where|how|why)'d\b", r"\1 did"),
    (r"\b([a-z]{2,})in'(?=$|\W)", r"\1ing"),
    (r"(?<!\w)'?cos\b|(?<!\w)'cause\b", "because"),
    (r"\boutta\b", "out of"),
    (r"\b(kinda|sorta)\b", ""),
]
_CONTRACTIONS = [(re.compile(pattern), replacement) for pattern, replacement in _SPOKEN]
_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "‐": "-", "‑": "-", "–": "-", "—": "-"})


def language_of(text: str) -> Language:
    """Japanese where the text holds kana or kanji, else English."""
    return "japanese" if _JAPANESE.search(text) else "english"


def normalise(text: str) -> str:
    """NFKC, lower case, visible characters only, single spaces. The words and their order stay."""
    normal = unicodedata.normalize("NFKC", text).lower().translate(_QUOTES)
    visible = (c for c in normal if c in "\n\r\t" or unicodedata.category(c)[0] != "C")
    return " ".join("".join(visible).split())


def english_words(normal: str) -> str:
    """Normalised English with contractions spelled out, and words and punctuation one space apart."""
    for pattern, replacement in _CONTRACTIONS:
        normal = pattern.sub(replacement, normal)
    spaced = re.sub(r"(\.\.\.|--|(?<![a-z0-9])-|-(?![a-z0-9])|[^\w\s'%-])", r" \1 ", normal)
    return " ".join(spaced.split())


def japanese_words(normal: str) -> str:
    """Normalised Japanese without spaces."""
    return normal.replace(" ", "")
