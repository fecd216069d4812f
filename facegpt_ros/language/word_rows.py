"""Rows of words, as tables list them, and how they are read. Further words of the same rows stand in further/."""

from __future__ import annotations

from dataclasses import dataclass

from facegpt_ros.errors import ConfigError
from facegpt_ros.language.pools import EXTRA


@dataclass(frozen=True)
class Words:
    """What can be said for one wish, or for several that one word names together.

    In a table a row is a line with the wishes, and indented lines "part: …", "is: …", "with: …", "be: …" and
    "before: …", with " / " between phrases.

    Attributes:
        wishes: in the notation of wish_notation.py; for shapes and tones at the plain degree.
        nouns: "part", names of the part of the face, "+" before those in the plural. Empty: said of the person.
        predicates: "is", adjectives after "is" and, but for those with "^", before the noun; "=" stands before those
            that are not graded.
        with_: "with", noun phrases after "with" or "has".
        be: "be", what stands after "is" of the person.
        adjective: "before", adjectives before the person.
    """

    wishes: str
    nouns: tuple[str, ...] = ()
    predicates: tuple[str, ...] = ()
    with_: tuple[str, ...] = ()
    be: tuple[str, ...] = ()
    adjective: tuple[str, ...] = ()


_FIELDS = ("part", "is", "with", "be", "before")


def rows(table: str, more: str = "") -> tuple[Words, ...]:
    """What tables list; phrases of `more`, which has rows with the same wishes and fields, are for training alone.

    Raises:
        ConfigError: a line is none of a row, or a row of `more` is none of the table's, or has what that has not.
    """
    extra = dict(_rows(more))
    out = []
    for wishes, fields in _rows(table):
        own = {name: _phrases(fields.get(name, "")) for name in _FIELDS}
        for name, text in extra.pop(wishes, {}).items():
            if name == "part" or not own[name]:
                raise ConfigError(f"{wishes!r} has '{name}' among its further words; give what the table's row has")
            own[name] += tuple(phrase + EXTRA for phrase in _phrases(text) if phrase not in own[name])
        out.append(Words(wishes, *own.values()))
    if extra:
        raise ConfigError(f"{next(iter(extra))!r} is no row of the table that it has more words for")
    return tuple(out)


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(phrase for phrase in text.split(" / ") if phrase)


def _rows(table: str) -> list[tuple[str, dict[str, str]]]:
    found: list[tuple[str, dict[str, str]]] = []
    field = ""
    for line in table.strip().splitlines():
        name, colon, rest = line.strip().partition(": ")
        if not line.startswith(" "):
            found.append((line.strip(), {}))
        elif colon and name in _FIELDS:
            field = name
            found[-1][1][field] = rest
        elif found and field in found[-1][1]:
            found[-1][1][field] += " " + line.strip()
        else:
            raise ConfigError(f"{line!r} is no line of a row; begin it with one of {', '.join(_FIELDS)} and a colon")
    return found
