"""Rows of words, as tables list them, and how they are read."""

from __future__ import annotations

from dataclasses import dataclass

from facegpt_ros.errors import ConfigError


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


def rows(table: str) -> tuple[Words, ...]:
    """Raises ConfigError when a line is none of a row."""
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
    return tuple(
        Words(wishes, *(tuple(p for p in fields.get(name, "").split(" / ") if p) for name in _FIELDS))
        for wishes, fields in found
    )
