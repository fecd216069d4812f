"""The notation of wishes in tables of words: "-age cheek_fullness+ smile~? frown!".

A leading "-" is the low word; after the key "+" is very, "~" slightly (or at least slightly, where told so), "%"
average, "!" not; a final "?" marks what often comes along and is not asked for.
"""

from __future__ import annotations

from functools import cache

from facegpt_ros.language.degrees import AVERAGE, NOT, PLAIN, SLIGHTLY, SOME, VERY
from facegpt_ros.language.matches import Wish

_DEGREES = {"+": VERY, "~": SLIGHTLY, "%": AVERAGE, "!": NOT}


@cache
def parse(text: str, *, at_least: bool = False) -> tuple[tuple[Wish, ...], tuple[Wish, ...]]:
    """What a row of words asks for, and what often comes along.

    Args:
        at_least: "~" is at least slightly.

    Raises:
        ConfigError: the text names no attribute.
    """
    asked: list[Wish] = []
    often: list[Wish] = []
    for word in text.split():
        listed = often if word.endswith("?") else asked
        key = word.removesuffix("?")
        degree = PLAIN
        if key.startswith("!"):
            key, degree = key[1:], NOT
        elif key[-1] in _DEGREES:
            key, degree = key[:-1], _DEGREES[key[-1]]
        if at_least and degree == SLIGHTLY:
            degree = SOME
        listed.append(Wish(key.removeprefix("-"), -1 if key.startswith("-") else 1, degree))
    return tuple(asked), tuple(often)
