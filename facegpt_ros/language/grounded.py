"""Answers that agree with the facts: a language model's words are kept where they tell what was asked, and rightly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from facegpt_ros.language.answers import contradicts, judge, tells, topic_of
from facegpt_ros.language.expected import GENERAL, NO_FACE, UNKNOWABLE, Expected
from facegpt_ros.language.fact import Fact
from facegpt_ros.language.facts import face_ids, facts_text, relevant
from facegpt_ros.language.person import face_asked_about
from facegpt_ros.language.topics import TOPICS
from facegpt_ros.language.unknowable import decline, declines
from facegpt_ros.language.wording import answer_from_facts

#: Reasons to answer in the model's place, beside the key of a fact that it contradicts.
SILENT, UNDECLINED, NOBODY = "silent", "not declined", "nobody"


@dataclass(frozen=True)
class Question:
    """What a question is about.

    Attributes:
        text: as it was asked.
        topic: of TOPICS, UNKNOWABLE or GENERAL.
        face: face_id of whom it is about; None: nobody in particular.
        facts: what a model is told with the question; empty for GENERAL.
        about: the facts behind that text.
    """

    text: str
    topic: str
    face: str | None
    facts: str
    about: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class Grounded:
    """An answer.

    Attributes:
        text: what is said.
        own: what the model itself said.
        replaced: why its words are not what is said: a fact's key, SILENT, UNDECLINED or NOBODY; empty: they are.
    """

    text: str
    own: str
    replaced: str = ""


def understand(question: str, facts: Sequence[Fact], face: str | None = None) -> Question:
    """What a question about the faces of an image is about, and the facts to answer it from.

    Args:
        facts: of all faces, as face_facts gives them.
        face: face_id of whom it is about, where that is known; a face that no fact is about is nobody's.
    """
    topic = topic_of(question) or GENERAL
    if topic == GENERAL:
        return Question(question, GENERAL, None, "")
    face = face if face in face_ids(facts) else face_asked_about(question, facts)
    told = relevant(facts, topic, face)
    if face is None and len(face_ids(facts)) > 1:
        told = [fact for fact in facts if fact.key == "order"] + told
    return Question(question, topic, face, facts_text(told), tuple(told))


def answer(question: str, facts: Sequence[Fact], say: Callable[[Question], str], face: str | None = None) -> Grounded:
    """The model's answer where it agrees with the facts, else one made from them.

    Args:
        facts: of all faces, as face_facts gives them.
        say: the model: what it answers to a question and the facts that come with it.
        face: as understand's.

    Example:
        >>> answer("Is he smiling?", facts, lambda asked: "No.").text
    """
    asked = understand(question, facts, face)
    return checked(asked, facts, say(asked))


def checked(asked: Question, facts: Sequence[Fact], own: str) -> Grounded:
    """What is said where a model has answered so; as answer, for models that answer many questions together.

    Args:
        own: in the model's words. Where no face tells what was asked, they stay if they decline; in general talk they
            always stay.
    """
    own = own.strip()
    why = _objection(asked, facts, own)
    return Grounded(_true_answer(asked, facts, own) if why else own, own, why)


def _objection(asked: Question, facts: Sequence[Fact], own: str) -> str:
    if asked.topic == GENERAL:
        return ""
    if not own:
        return SILENT
    if asked.topic == UNKNOWABLE:
        return "" if declines(own) else UNDECLINED
    if not face_ids(facts):
        return "" if _says_nobody(asked, own) else NOBODY
    against = contradicts(own, facts, asked.topic, asked.face, asked.text)
    return against or ("" if tells(own, facts, asked.topic, asked.face, asked.text) else SILENT)


def _says_nobody(asked: Question, own: str) -> bool:
    return judge(own, asked.topic, Expected(NO_FACE))


def _true_answer(asked: Question, facts: Sequence[Fact], own: str) -> str:
    if asked.topic == UNKNOWABLE:
        return decline()
    if asked.topic not in TOPICS:
        return own
    return answer_from_facts(asked.topic, facts, asked.face, asked.text)
