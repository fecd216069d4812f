"""How to read each fact out of a text: lexicon_table.py compiled, and the words that other tables already list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from facegpt_ros.language.lexicon_table import NORMAL, TABLE
from facegpt_ros.language.place_facts import order_words
from facegpt_ros.language.topics import PHRASES, TOPICS

_SHAPE_CUES = {
    "face_width": r"\bface\b",
    "face_length": r"\bface\b",
    "jaw_width": r"\bjaw\b",
    "chin_protrusion": r"\bchin\b",
    "cheek_fullness": r"\bcheeks?\b",
    "nose_width": r"\bnose\b",
    "nose_length": r"\bnose\b",
    "lower_lip_fullness": r"\blips?\b",
    "mouth_width": r"\bmouth\b",
    "eye_distance": r"\beyes\b",
    "eye_width": r"\beyes\b",
    "brow_height": r"\bbrows?\b",
}
_NOUNS = "width|length|prominence|fullness|spacing|size|height"
_ORDER = tuple(dict.fromkeys(word for count in range(2, 10) for word in order_words(count)))


@dataclass(frozen=True)
class Entry:
    """How to read one fact.

    Attributes:
        cue: what a clause about it holds.
        patterns: what it says, and the values that leaves possible.
        values: all that there are.
    """

    cue: re.Pattern[str]
    patterns: tuple[tuple[re.Pattern[str], frozenset[str]], ...]
    values: frozenset[str]


@lru_cache(maxsize=1)
def lexicon() -> dict[str, Entry]:
    """fact → how to read it."""
    entries = {key: _entry(cue, patterns) for key, (cue, patterns) in TABLE.items()}
    for key, cue in _SHAPE_CUES.items():
        words = [(value, phrases) for value, phrases in PHRASES[key].predicates.items() if value != "average"]
        noun = next(p for p in PHRASES[key].predicates["average"] if " average " in p).split()[-1]
        average = rf"{NORMAL}(?: in)? {noun}\b|{NORMAL}(?!(?: in)? (?:{_NOUNS})\b)"
        patterns = [(rf"\bneither {words[0][0]} nor {words[1][0]}\b|{average}", "average")]
        patterns += [
            (rf"(?<!stretched )\b(?:{'|'.join(re.escape(p) for p in phrases)})\b(?! open| closed)", value)
            for value, phrases in words
        ]
        entries[key] = _entry(cue, patterns)
    places = [
        (rf"\b{word} (?:\w+ )?from the (?:bare_|view_)?left\b|\b(?:the )?{word} (?:one|person|face)\b", word)
        for word in _ORDER[2:]
        if word != "middle"
    ]
    places += [
        (r"\b(?:bare|view)_left\b|\bleft\b", "left"),
        (r"\b(?:bare|view)_right\b|\bright\b", "right"),
        (r"\bmiddle\b|\bcent(?:re|er)\b", "middle"),
    ]
    entries["nearest"] = _entry(r"\bnear\w*|\bclos\w*|\bfront\b", places)
    entries["most_smiling"] = _entry(
        r"\bmost\b|\bmore\b|\bbigge(?:r|st)\b|\bbroade(?:r|st)\b",
        [*places, (r"\bnobody\b|\bno one\b|\bnone\b|\bneither\b|\bno smile\b", "nobody")],
    )
    return entries


def topic_keys(topic: str) -> tuple[str, ...]:
    """Facts that answers on a topic are read for."""
    return TOPICS[topic].keys if topic in TOPICS else ()


def _entry(cue: str, patterns: list[tuple[str, str]]) -> Entry:
    read = tuple(
        (re.compile(pattern.replace(" nor ", " n?or ")), frozenset(values.split("|"))) for pattern, values in patterns
    )
    phrases = frozenset().union(*(values for _, values in read))
    return Entry(re.compile(cue), read, phrases)
