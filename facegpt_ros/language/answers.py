"""Exact scoring of answers: do they agree with what is true of the faces?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from facegpt_ros.language.expected import EITHER, GENERAL, MUCH, NEGATED, NO_FACE, UNKNOWABLE, WHETHER, Expected
from facegpt_ros.language.fact import SURE, Fact
from facegpt_ros.language.lexicon import lexicon, topic_keys
from facegpt_ros.language.person import face_asked_about
from facegpt_ros.language.reading import Claim, Reading, read_answer
from facegpt_ros.language.topic_classifier import topic_of
from facegpt_ros.language.topics import DESCRIBE, PLAIN
from facegpt_ros.language.unknowable import declines
from facegpt_ros.language.wording import answer_from_facts

__all__ = ["answer_from_facts", "contradicts", "judge", "tells", "topic_of"]

#: unit → (absolute, relative): the greater of both is how far off a number may be.
TOLERANCE = {"deg": (6.0, 0.3), "m": (0.06, 0.25), "mm": (3.0, 0.3), "%": (6.0, 0.3)}
#: Values that "what" need not tell apart.
_ALIKE = {
    "smile": ({"slight", "broad"},), "mouth": ({"slightly open", "open", "wide open"},), "eyes": ({"open",
    "wide open"},),
    "facing": ({"partly away", "profile"},), "distance": ({"very close", "close"},),
}  # fmt: skip
_NOBODY = re.compile(
    r"\b(?:no|any|not a|not any) (?:face|faces|person|people|one|body)\b|\bnobody\b|\bno one\b|\banybody\b|\banyone\b"
    r"|\bnot see (?:a|any)\b|n't see (?:a|any)",
    re.IGNORECASE,
)  # fmt: skip


def judge(answer_text: str, topic: str, expected: Expected) -> bool:
    """Whether a free-text answer is right: it says what was asked for, and nothing that is not so.

    Args:
        topic: of TOPICS, UNKNOWABLE or GENERAL (any text is right then).
        expected: as `sample` gives it.
    """
    text = answer_text.strip()
    if not text:
        return False
    if expected.kind == GENERAL:
        return True
    if expected.kind == UNKNOWABLE:
        return declines(text)
    if expected.kind == NO_FACE or not expected.facts:
        return bool(_NOBODY.search(text))
    if topic == DESCRIBE:
        return _describes(text, expected.facts)
    keys = topic_keys(topic)
    reading = read_answer(text, keys)
    facts = {fact.key: fact for fact in expected.facts}
    if any(_against(claim, facts[claim.key]) for claim in reading.claims if claim.key in facts):
        return False
    claims = [claim for claim in reading.claims if claim.key in facts]
    if expected.kind in (WHETHER, NEGATED) and expected.fact is not None:
        return _settles(reading, claims, expected, expected.fact)
    unsure = all(fact.confidence < SURE for fact in expected.facts)
    if unsure and reading.hedged:
        return True
    if expected.kind == MUCH:
        fact = expected.facts[0]
        numbers = [claim for claim in claims if claim.key == fact.key and claim.number is not None]
        small = fact.value in ("straight", "level", "upright", "closed")
        return bool(numbers) or (small and any(claim.allowed for claim in claims))
    if expected.kind == EITHER and reading.yes is None and text.lower().startswith("neither") and expected.asked:
        return expected.facts[0].value not in expected.asked
    telling = _telling(expected.facts)
    return any(claim.key in telling and _informs(claim, facts[claim.key]) for claim in claims)


def contradicts(
    answer_text: str, facts: Sequence[Fact], topic: str | None = None, face: str | None = None, question: str = ""
) -> str | None:
    """Names the first fact that an answer contradicts; None where it agrees or says nothing about any.

    Args:
        facts: as face_facts gives them; those below SURE contradict nothing.
        topic: of the question, if known: clauses without a subject are taken to be about it.
        face: face_id that the answer is about; None takes the only one, or whom the question names, or the answer.
        question: lets a bare "yes" or "no" be understood.
    """
    for claim, fact in _claimed(answer_text, facts, topic, face, question):
        if fact.confidence >= SURE and _against(claim, fact):
            return fact.key
    return None


def tells(answer_text: str, facts: Sequence[Fact], topic: str, face: str | None = None, question: str = "") -> bool:
    """Whether an answer says something of its topic, two things where it describes, and all of it as the facts have it.

    Args: as of contradicts; here a fact that is not sure speaks against an answer too.
    """
    claimed = _claimed(answer_text, facts, topic, face, question)
    keys = {fact.key for fact in facts} if topic == DESCRIBE else set(topic_keys(topic))
    told = {fact.key for _, fact in claimed if fact.key in keys}
    least = min(2, len({fact.key for fact in facts if fact.confidence >= SURE})) if topic == DESCRIBE else 1
    return len(told) >= least and not any(_against(claim, fact) for claim, fact in claimed)


def _claimed(
    answer_text: str, facts: Sequence[Fact], topic: str | None, face: str | None, question: str
) -> list[tuple[Claim, Fact]]:
    """What an answer claims, beside the fact that it is about."""
    who = face or (face_asked_about(question, facts) if question else None) or face_asked_about(answer_text, facts)
    ids = {fact.face for fact in facts if fact.face}
    if len(ids) > 1 and who is None:
        facts = [fact for fact in facts if not fact.face]
    known = {fact.key: fact for fact in facts if fact.face in ("", who or fact.face)}
    keys = topic_keys(topic or "") if topic != DESCRIBE else ()
    reading = read_answer(answer_text, keys)
    claims = _implied(reading, question, keys) + list(reading.claims)
    return [(claim, known[claim.key]) for claim in claims if claim.key in known]


def _implied(reading: Reading, question: str, keys: Iterable[str]) -> list[Claim]:
    """What yes or no says to a question that asks one thing, without a negation of its own."""
    if reading.yes is None or not question or re.search(r"\bnot\b|n't\b|\bor\b", question, re.IGNORECASE):
        return []
    asked = [claim for claim in read_answer(question, keys).claims if claim.key in keys and claim.allowed]
    if len({claim.key for claim in asked}) != 1 or (asked[0].key == "faces" and not reading.yes):
        return []
    key = asked[0].key
    both = frozenset.intersection(*(claim.allowed for claim in asked))
    if not both:
        return []
    everything = lexicon()[key].values if key in lexicon() else frozenset()
    return [Claim(key, both)] if reading.yes else [Claim(key, _beside(key, everything) - both)]


def _beside(key: str, values: frozenset[str]) -> frozenset[str]:
    silent = {"wink": "no", "smile": "no", "gaze_side": "straight", "gaze_height": "level"}
    return values | {silent[key]} if key in silent else values


def _against(claim: Claim, fact: Fact) -> bool:
    if claim.number is not None:
        if fact.number is None or claim.unit != fact.unit:
            return False
        least, share = TOLERANCE[claim.unit]
        return abs(abs(claim.number) - abs(fact.number)) > max(least, share * abs(fact.number))
    return not claim.allowed & fact.possible


def _settles(reading: Reading, claims: list[Claim], expected: Expected, fact: Fact) -> bool:
    """Whether an answer to a question for yes or no is right, given that none of its claims is wrong."""
    both_ways = bool(fact.possible & expected.asked) and bool(fact.possible - expected.asked)
    if fact.confidence < SURE and (reading.hedged or both_ways):
        return True
    said = [claim for claim in claims if claim.key == fact.key]
    worded = [claim for claim in said if claim.allowed]
    decided = any(claim.allowed <= expected.asked or not claim.allowed & expected.asked for claim in worded)
    if expected.kind == NEGATED or reading.yes is None:
        # "Yes" to "is it not …?" means either, and is not read.
        return decided or any(_informs(claim, fact) for claim in said)
    return both_ways or reading.yes == (fact.value in expected.asked)


def _informs(claim: Claim, fact: Fact) -> bool:
    if claim.number is not None:
        return True
    if not claim.allowed:
        return False
    return len(claim.allowed) == 1 or any(claim.allowed <= alike for alike in _ALIKE.get(fact.key, ()))


def _telling(facts: Sequence[Fact]) -> set[str]:
    """Facts of a topic of which an answer must name one: those that are news, if any is."""
    contact = next((fact for fact in facts if fact.key == "eye_contact"), None)
    if contact is not None and contact.value == "yes":
        return {"eye_contact"}
    news = {fact.key for fact in facts if PLAIN.get(fact.key) != fact.value and fact.confidence >= SURE}
    return news or {fact.key for fact in facts}


def _describes(text: str, facts: Sequence[Fact]) -> bool:
    if contradicts(text, facts, face=facts[0].face) is not None:
        return False
    known = {fact.key: fact for fact in facts if fact.confidence >= SURE}
    if len(known) < 2:
        return True
    told = {claim.key for claim in read_answer(text).claims if claim.key in known}
    return len(told) >= 2
