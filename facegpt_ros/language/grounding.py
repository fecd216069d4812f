"""Holding an answer to the facts at run time: what a language model says is kept where it agrees with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from facegpt_ros.language.answers import answer_from_facts, contradicts, topic_of
from facegpt_ros.language.expected import GENERAL, UNKNOWABLE
from facegpt_ros.language.fact import Fact
from facegpt_ros.language.facts import face_ids, relevant
from facegpt_ros.language.person import face_asked_about
from facegpt_ros.language.topics import TOPICS
from facegpt_ros.language.unknowable import decline, declines
from facegpt_ros.language.wording import NO_FACE_ANSWERS


@dataclass(frozen=True)
class Asked:
    """What a question is about.

    Attributes:
        question: as asked.
        topic: of TOPICS, UNKNOWABLE or GENERAL; None for an empty question.
        face: face_id of whom it is about; None where that is nobody in particular.
        facts: that it is answered from: for the prompt, and for the message.
    """

    question: str
    topic: str | None
    face: str | None
    facts: tuple[Fact, ...]


def understand(question: str, facts: Sequence[Fact], face: str | None = None) -> Asked:
    """What a question is about.

    Args:
        question: anything.
        facts: of face_facts.
        face: face_id, where the caller knows whom the question is about.
    """
    topic = topic_of(question)
    who = face if face in face_ids(facts) else face_asked_about(question, facts)
    about = relevant(facts, topic, who) if topic in TOPICS else []
    return Asked(question, topic, who, tuple(about))


def grounded(asked: Asked, answer: str, facts: Sequence[Fact]) -> tuple[str, bool]:
    """An answer that does not contradict the facts, and whether it is the given one.

    What cannot be known is declined, what is wrong or empty is said from the facts instead.
    """
    said = answer.strip()
    if asked.topic == UNKNOWABLE:
        return (said, True) if declines(said) else (decline(), False)
    if asked.topic not in TOPICS:
        wrong = contradicts(said, facts, face=asked.face) if asked.topic != GENERAL else None
        return said, not wrong
    if not face_ids(facts) and asked.topic != "count":
        return (NO_FACE_ANSWERS[0], False)
    if said and contradicts(said, facts, asked.topic, asked.face, asked.question) is None:
        return said, True
    return answer_from_facts(asked.topic, facts, asked.face, asked.question), False
