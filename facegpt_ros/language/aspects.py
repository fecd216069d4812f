"""Which of a topic's facts a question asks about, where it says so: "is the nose long?" is not about its width."""

from __future__ import annotations

import re

from facegpt_ros.language.topics import TOPICS

_WORDS = {
    "eye_distance": r"\bapart\b|\bspac\w+|\bset\b|-set\b|\bclose together\b|\bbetween\b|\bclose ones\b",
    "eye_width": r"\blarge\b|\bsmall\b|\bbig\b|\bsize\b",
    "brow_height": r"\bbrows?\b",
    "lower_lip_fullness": r"\blips?\b",
    "mouth_width": r"\bmouth\b",
    "nose_width": r"\bwide\b|\bbroad\b|\bnarrow\b|\bslim\b|\bthin\b|\bwidth\b",
    "nose_length": r"\blong\b|\bshort\b|\blength\b",
    "face_width": r"\b(?:wide|narrow|width|broad|slender|round)\b(?=[^?]*\bface\b)"
    r"|\bface\b[^?]*\b(?:wide|narrow|width)\b",
    "face_length": r"\b(?:long|short) (?:face|one)\b|\bface\b[^?]*\b(?:long|short)\b",
    "jaw_width": r"\bjaw\b",
    "chin_protrusion": r"\bchin\b",
    "cheek_fullness": r"\bcheeks?\b",
}
_PATTERNS = {key: re.compile(words, re.IGNORECASE) for key, words in _WORDS.items()}


def asked_keys(topic: str, question: str) -> tuple[str, ...]:
    """Facts of a topic that a question names, or all of them."""
    keys = TOPICS[topic].keys if topic in TOPICS else ()
    named = tuple(key for key in keys if key in _PATTERNS and _PATTERNS[key].search(question))
    return named or keys
