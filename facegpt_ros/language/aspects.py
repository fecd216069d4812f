"""Which of a topic's facts a question asks about, where it says so: "is the nose long?" is not about its width."""

from __future__ import annotations

import re

from facegpt_ros.language.person import without_references
from facegpt_ros.language.topics import DESCRIBE, TOPICS

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
_ALONE = {
    "wink": r"\bwink\w*|\bone eye\b",
    "tongue": r"\btongue\b",
    "eye_contact": r"\bat (?:me|us|you|the camera)\b|\beye contact\b|\bavoid\w*|\baway\b|\b(?:my|our) (?:eyes|gaze)\b"
    r"|\b(?:into|meet|on) the (?:camera|lens)\b",
    "light_side": r"\bleft\b|(?<!, )\bright\b(?! or not)|\bfront\b|\bcamera\b|\bbehind\b|\bback(?:lit)?\b|\bside\w*",
    "light_height": r"\babove\b|\bbelow\b|\boverhead\b|\bceiling\b|\bfloor\b|\b(?:be|under)neath\b|\blevel\b"
    r"|\bheight\b",
    "brow_height": r"\bbrows?\b",
}
_ALONE_PATTERNS = {key: re.compile(words, re.IGNORECASE) for key, words in _ALONE.items()}
_AMOUNT = re.compile(
    r"\bhow (?:many|much|far|strong\w*|big|large|wide\w*|high|steep\w*|slanted|hard|close|near|distant)\b|\bdegrees?\b"
    r"|\bangle\b|\bper ?cent(?:age)?\b|\bdistance\b|\bgap\b|\b(?:milli|centi)?met(?:re|er)s?\b|\bmm\b|\byaw\b|\bpitch\b"
    r"|\broll\b|\bnumber\b",
    re.IGNORECASE,
)


def asked_keys(topic: str, question: str) -> tuple[str, ...]:
    """Facts of a topic that a question names, or all of them."""
    keys = TOPICS[topic].keys if topic in TOPICS else ()
    named = tuple(key for key in keys if key in _PATTERNS and _PATTERNS[key].search(question))
    return named or keys


def keys_meant(topic: str, question: str) -> tuple[str, ...]:
    """Facts of a topic that a question has words of their own for: a wink, among all about the eyes. Or none."""
    keys = TOPICS[topic].keys if topic in TOPICS and topic != DESCRIBE else ()
    text = without_references(question)
    return tuple(key for key in keys if key in _ALONE_PATTERNS and _ALONE_PATTERNS[key].search(text))


def asks_amount(topic: str, question: str) -> bool:
    """Whether an answer should hold a number: the topic has one, and the question is for it."""
    return topic in TOPICS and bool(TOPICS[topic].much) and _AMOUNT.search(question) is not None
