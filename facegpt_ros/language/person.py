"""Names for the person that a question or an answer is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facegpt_ros.language.fact import Fact


@dataclass(frozen=True)
class Person:
    """subject "the person", possessive "the person's", their "their", and after a verb "him"; plural takes "are"."""

    subject: str
    possessive: str
    their: str = "their"
    plural: bool = False
    after_verb: str = ""

    @property
    def object(self) -> str:
        return self.after_verb or self.subject


THE_PERSON = Person("the person", "the person's")
#: Someone who asks about their own face, and what the answer calls them.
ME, YOU = Person("I", "my", "my", after_verb="me"), Person("you", "your", "your", plural=True)
THEY = Person("they", "their", plural=True, after_verb="them")
_ASKED = (THE_PERSON, Person("this person", "this person's"), THEY, Person("he", "his", "his", after_verb="him"),
Person("she", "her", "her", after_verb="her"),
          Person("the person in the picture", "this person's"), Person("the subject", "the subject's"),
          Person("the visitor", "the visitor's"))  # fmt: skip
_ORDINALS = {"second": "second", "2nd": "second", "third": "third", "3rd": "third", "fourth": "fourth", "4th": "fourth",
             "fifth": "fifth", "5th": "fifth", "sixth": "sixth", "seventh": "seventh", "eighth": "eighth"}  # fmt: skip
_WHO = (
    r"(?:person|people|one|face|guy|man|woman|lady|head|visitor|kid|subject"
    r"|boy|girl|child|gentleman|fellow)"
)
#: "the person on the left", "the left face", "the second from the left", "the nearest one".
_REFERENCE = re.compile(
    rf"\b(?:the|that) (?:(?:far |very )?(?P<a>left|right|middle|centre|center)(?:most|-hand)? {_WHO}\b"
    rf"|(?P<b>leftmost|rightmost)(?: {_WHO}\b)?"
    rf"|(?P<c>nearest|closest|nearer|closer) {_WHO}\b"
    rf"|(?P<d>\w+)(?: {_WHO})? from (?:the|my) (?P<e>left|right)\b"
    rf"|(?P<g>second|third|fourth|fifth|2nd|3rd|4th|5th) {_WHO}\b"
    rf"|{_WHO} (?:(?:who|that) is |who's |standing |sitting )?(?:on|to|at|in) (?:the|my) (?:far |very )?"
    rf"(?P<f>left|right|middle|centre|center)(?:(?: |-)(?:hand )?side(?! (?:of|or)\b))?"
    r"(?! (?:or|part|side|half|third|of)\b)"
    r")(?:'s\b)?",
    re.IGNORECASE,
)
_COUNTED = {"one": 0, "two": 1, "three": 2, "four": 3, "five": 4, "first": 0, "1st": 0, "last": -1}
#: Rarer ways to name a face, which only count where there are several: "face 2", "on the left: is she smiling?".
_RARE = re.compile(
    rf"^\W*(?:on|to) the (?:far )?(?P<side>left|right)[,:]|^\W*(?P<bare>left|right) {_WHO}\b"
    rf"|^\W*{_WHO} (?:on|to) the (?P<start>left|right)\b"
    rf"|\b{_WHO} (?:to|at) the (?P<of>left|right) of the (?:image|picture)"
    rf"|\b(?:the|that) {_WHO} (?:who is )?furthest (?:to the )?(?P<far>left|right)\b"
    rf"|\b(?P<near>the {_WHO} (?:who is |that is )?(?:closest|nearest))\b"
    rf"|\b(?:number|no\.?|{_WHO}) #?(?P<n>[1-9]|one|two|three|four|five)\b(?!\.?\d| {_WHO})"
    rf"|\bthe (?P<rank>first|1st|last) {_WHO}\b|\bthe (?P<mid>central) {_WHO}\b",
    re.IGNORECASE,
)


def labelled(word: str) -> list[Person]:
    """How to name a face among several, by its word of order."""
    if word in ("left", "right"):
        return [Person(f"the person on the {word}", f"the {word} person's"), Person(f"the one on the {word}",
        f"the {word} person's"),
                Person(f"the {word} person", f"the {word} person's")]  # fmt: skip
    if word == "middle":
        return [
            Person("the person in the middle", "the middle person's"),
            Person("the one in the middle", "the middle person's"),
        ]
    return [
        Person(f"the {word} person from the left", f"the {word} person's"),
        Person(f"the {word} one from the left", f"the {word} person's"),
    ]


def asked_person(rng: np.random.Generator, word: str = "only") -> Person:
    """Someone in a question; word is the fact "order"."""
    people = list(_ASKED) if word == "only" else labelled(word)
    return people[int(rng.integers(len(people)))]


def told_person(rng: np.random.Generator | None, word: str = "only") -> Person:
    """Someone in an answer."""
    people = [THE_PERSON, THEY] if word == "only" else labelled(word)
    return people[int(rng.integers(len(people)))] if rng is not None else people[0]


def without_references(text: str) -> str:
    """Text in which "the one on the left" and the like are just "the person"; "the nearest one" stays."""

    def plain(match: re.Match[str]) -> str:
        if match["c"]:
            return match[0]
        return "the person's" if match[0].lower().endswith("'s") else "the person"

    return _REFERENCE.sub(plain, text)


def face_asked_about(question: str, facts: Sequence[Fact]) -> str | None:
    """face_id of the one that a question names by place ("the one on the left"); None where it names nobody.

    With one face there is nobody to tell apart: its id, whatever the question says.
    """
    order = {fact.value: fact.face for fact in facts if fact.key == "order"}
    ids = list(order.values())
    if len(ids) == 1:
        return ids[0]
    match = _REFERENCE.search(question[:2000])
    if match is None or not ids:
        return _named_rarely(question[:2000], facts, order) if ids else None
    part = {name: value.lower() for name, value in match.groupdict().items() if value}
    side = part.get("a") or part.get("f") or part.get("b", "").removesuffix("most")
    if "c" in part:
        nearest = next((fact.value for fact in facts if fact.key == "nearest"), None)
        return order.get(nearest) if nearest else None
    if "d" in part or "g" in part:
        word = part.get("d") or part["g"]
        word = "first" if word in ("first", "1st") else _ORDINALS.get(word, "")
        places = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"]
        if word not in places or places.index(word) >= len(ids):
            return None
        return ids[::-1][places.index(word)] if part.get("e") == "right" else ids[places.index(word)]
    if side == "left":
        return ids[0]
    if side == "right":
        return ids[-1]
    return ids[len(ids) // 2] if len(ids) % 2 else None


def _named_rarely(question: str, facts: Sequence[Fact], order: dict[str, str]) -> str | None:
    match = _RARE.search(question)
    if match is None:
        return None
    ids, part = list(order.values()), {name: value.lower() for name, value in match.groupdict().items() if value}
    if "near" in part:
        return order.get(next((fact.value for fact in facts if fact.key == "nearest"), ""))
    if "mid" in part:
        return ids[len(ids) // 2] if len(ids) % 2 else None
    if "n" in part or "rank" in part:
        word = part.get("n") or part["rank"]
        place = int(word) - 1 if word.isdigit() else _COUNTED[word]
        return ids[place] if place < len(ids) else None
    return ids[0] if "left" in part.values() else ids[-1]
