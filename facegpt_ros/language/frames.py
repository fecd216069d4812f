"""Every way to ask, told apart by split: whole phrasings are held out, not just samples of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from facegpt_ros.errors import ConfigError
from facegpt_ros.language.expected import EITHER, MUCH, NEGATED, WHAT, WHETHER
from facegpt_ros.language.topics import TOPICS

SPLITS = ("train", "val", "test")
T = TypeVar("T")

#: {subj} {be} {v} of Phrases; any value.
_WHETHER = {
    "train": (
        "{Be} {subj} {v}?",
        "{Be} {subj} {v}?",
        "Would you say that {subj} {be} {v}?",
        "Can you see whether {subj} {be} {v}?",
        "{Subj} {be} {v}, right?",
        "Tell me if {subj} {be} {v}.",
        "Does it look like {subj} {be} {v}?",
        "I think {subj} {be} {v}. Do you agree?",
        "Is it true that {subj} {be} {v}?",
        "{Subj}: {v}, yes or no?",
        "Do you think {subj} {be} {v}?",
        "{be} {subj} {v}",
        "Could it be that {subj} {be} {v}?",
        "So {subj} {be} {v}?",
    ),
    "val": (
        "Can you confirm that {subj} {be} {v}?",
        "It seems to me that {subj} {be} {v}. True?",
        "Please check if {subj} {be} {v}.",
    ),
    "test": (
        "Correct me if I am wrong: {subj} {be} {v}?",
        "Have a look: {be} {subj} {v} or not?",
        "Do we agree that {subj} {be} {v}?",
    ),
}
_NEGATED = {
    "train": (
        "{Be} {subj} not {v}?",
        "Is it true that {subj} {be} not {v}?",
        "So {subj} {be}n't {v}?",
        "{Subj} {be} not {v}, right?",
        "Would you say that {subj} {be} not {v}?",
        "{subj} {be}n't {v}, correct?",
    ),
    "val": ("Can you confirm that {subj} {be} not {v}?", "Is it so that {subj} {be}n't {v}?"),
    "test": ("{Be} {subj} NOT {v}?", "Do we agree that {subj} {be} not {v}?"),
}
_EITHER = {
    "train": (
        "{Be} {subj} {v} or {w}?",
        "Which is it: {subj} {be} {v} or {w}?",
        "Would you say {subj} {be} {v} or rather {w}?",
        "{Subj}, {v} or {w}?",
        "{be} {subj} more {v} or more {w}?",
    ),
    "val": ("Which fits better: {subj} {be} {v}, or {w}?",),
    "test": ("Should I say that {subj} {be} {v}, or {w}?", "Tell me which: {be} {subj} {v} or {w}?"),
}
_FOLLOW = {
    "train": ("And {noun}?", "What about {noun}?", "How about {noun}?", "and {noun}?", "Then {noun}?",
    "Also {noun}, please."),
    "val": ("Now {noun}?", "And next, {noun}?"),
    "test": ("And as for {noun}?", "OK, and {noun}?", "Let's go on to {noun}."),
}  # fmt: skip


@dataclass(frozen=True)
class Frame:
    """One way to ask about a topic.

    Attributes:
        topic: of TOPICS.
        kind: of expected.py.
        text: with the slots of topic.py; {subj}, {be}, {v} and {w} too where `generic`; {noun} where it follows up.
        key, asked: of a question for yes or no that is not generic.
        generic: made from any words of the topic's facts.
    """

    topic: str
    kind: str
    text: str
    key: str = ""
    asked: frozenset[str] = frozenset()
    generic: bool = False


def of_split(items: Sequence[T], split: str) -> list[T]:
    """Every fifth of six is for validation, every sixth for the test. Raises ConfigError when there is no such "
    "split."""
    if split not in SPLITS:
        raise ConfigError(f"split is '{split}'; use one of {', '.join(SPLITS)}")
    places = {"train": (0, 1, 2, 3), "val": (4,), "test": (5,)}[split]
    return [item for i, item in enumerate(items) if i % 6 in places]


@cache
def frames(topic: str, split: str) -> tuple[Frame, ...]:
    """All ways of a split to ask about a topic."""
    t = TOPICS[topic]
    found = [Frame(topic, WHAT, text) for text in of_split(t.what, split)]
    found += [Frame(topic, MUCH, text) for text in of_split(t.much, split)]
    found += [Frame(topic, WHETHER, text, key, values(asked)) for text, key, asked in of_split(t.whether, split)]
    if any(phrases.asked() for phrases in t.phrases.values()) and not t.several:
        for kind, table in ((WHETHER, _WHETHER), (NEGATED, _NEGATED), (EITHER, _EITHER)):
            found += [Frame(topic, kind, text, generic=True) for text in table[split]]
    return tuple(found)


def follow_ups(topic: str, split: str) -> list[Frame]:
    """Ways to ask about a topic in the middle of a conversation."""
    return [Frame(topic, WHAT, text.replace("{noun}", noun)) for noun in TOPICS[topic].nouns for text in _FOLLOW[split]]


def values(text: str) -> frozenset[str]:
    """ "a|b" → both; "+2" → "2" and every greater count."""
    if text.startswith("+"):
        return frozenset(str(n) for n in range(int(text), 65))
    return frozenset(text.split("|"))
