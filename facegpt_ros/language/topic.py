"""How people ask about one topic, and the words for what is true of it.

Slots of phrases: {p} the person, {pobj} the same after a verb, {ps} the person's, {their} whose, {is} is or are, {s}
the verb's ending. {your} and {you} are the viewer: "my" and "I" in a question, "your" and "you" in an answer.

Sides. A bare "left" of a direction or a place is the viewer's, a bare "left" of a part of the body is its owner's.
Answers always say whose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Phrases:
    """The words for one fact.

    Attributes:
        subject: what the predicates are said of.
        predicates: value, or values joined by |, → phrases that follow "is". One that starts with ? stands in
            questions only, one that starts with ! in answers only.
        sentences: value → whole answers.
        plural: the subject takes "are".
    """

    subject: str
    predicates: Mapping[str, tuple[str, ...]]
    sentences: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    plural: bool = False

    def asked(self) -> list[tuple[frozenset[str], str]]:
        """Every phrase that a question may ask about, with the values for which it is true."""
        return [
            (frozenset(values.split("|")), phrase.removeprefix("?"))
            for values, phrases in self.predicates.items()
            for phrase in phrases
            if not phrase.startswith(("!", "not ", "neither "))
        ]

    def told(self, value: str) -> list[str]:
        """Every phrase that an answer may use for a value."""
        return [phrase.removeprefix("!") for phrase in self.predicates.get(value, ()) if not phrase.startswith("?")]


@dataclass(frozen=True)
class Topic:
    """What questions may be about.

    Attributes:
        name: of the topic.
        keys: facts that answer them, the foremost first.
        phrases: key → words.
        what: questions for the value.
        whether: questions for yes or no: (question, key, values for which it is yes, joined by |).
        much: questions for an amount.
        nouns: what follows "And …?" or "What about …?".
        several: needs two faces.
    """

    name: str
    keys: tuple[str, ...]
    phrases: Mapping[str, Phrases]
    what: tuple[str, ...]
    whether: tuple[tuple[str, str, str], ...] = ()
    much: tuple[str, ...] = ()
    nouns: tuple[str, ...] = ()
    several: bool = False
