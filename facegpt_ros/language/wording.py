"""Answers in words, made from facts."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from facegpt_ros.language.aspects import asked_keys, asks_amount, keys_meant
from facegpt_ros.language.expected import EITHER, MUCH, NEGATED, WHAT, WHETHER, Expected
from facegpt_ros.language.fact import GUESS, SURE, Fact
from facegpt_ros.language.person import Person, told_person
from facegpt_ros.language.reading import read_answer
from facegpt_ros.language.topics import DESCRIBE, PHRASES, PLAIN, TOPICS

NO_FACE_ANSWERS = (
    "I see no face.", "There is no face in the image.", "I can't see anybody, so I can't say.",
    "I don't see a face right now.",
    "No face is visible at the moment.", "I see nobody in front of the camera.",
)  # fmt: skip
_UNKNOWN = (
    "I can't tell from this view.", "That is hard to see here, I can't say.", "I can't make that out.",
    "I'm not able to tell that here.",
    "I can't see that well enough to say.",
)  # fmt: skip
_DOUBT = (
    "I can't tell for sure, but {0}", "Hard to say, but {0}", "I'm not certain, but {0}",
    "I am not quite sure, but I think {0}",
    "It is not easy to see, but I would say {0}",
)  # fmt: skip
_PLAIN = ("{Subject} {be} {v}.", "{Subject} {be} {v}.", "It looks like {subject} {be} {v}.",
"As far as I can see, {subject} {be} {v}.",
          "I see that {subject} {be} {v}.")  # fmt: skip
_YES = ("Yes, {0}", "Yes, {0}", "Yes: {0}", "Yes, that is right: {0}")
_NO = ("No, {0}", "No, {0}", "No: {0}", "No, I don't think so: {0}")
_RIGHT = ("Right, {0}", "That is right: {0}", "Correct: {0}", "Exactly, {0}")
_ACTUALLY = ("Actually, {0}", "On the contrary: {0}", "Not quite: {0}", "That's wrong: {0}")
_NEITHER = ("Neither: {0}", "Neither of the two: {0}")
_UNITS = {"deg": ("degrees",), "m": ("m", "metres"), "mm": ("mm", "millimetres"), "%": ("%", "percent")}


def filled_in(template: str, person: Person, *, question: bool, **more: str) -> str:
    """A phrase of topic.py with its slots filled, its first letter as it was."""
    plural = person.plural
    return template.format(
        p=person.subject, pobj=person.object, ps=person.possessive, P=_upper(person.subject),
        Ps=_upper(person.possessive), their=person.their,
        has="have" if plural else "has", s="" if plural else "s", es="" if plural else "es",
        your="my" if question else "your", you="I" if question else "you", you_obj="me" if question else "you",
        **{"is": "are" if plural else "is", **more},
    )  # fmt: skip


def statement(
    fact: Fact, person: Person, rng: np.random.Generator | None = None, *, own: bool = False, short: bool = False
) -> str:
    """One sentence that says a fact, without any reservation.

    Args:
        rng: varies the words.
        own: tell sides as the person's own, where there is a choice; else as the viewer's.
        short: nothing like "it looks like" before it.
    """
    phrases = PHRASES[fact.key]
    told = _of_side(phrases.told(fact.value), own)
    sentences = _of_side(phrases.sentences.get(fact.value, ()), own)
    number = spoken(fact, rng)
    if told and (not sentences or _chance(rng, len(told) / (len(told) + len(sentences)))):
        plain = _PLAIN[0] if short else _pick(_PLAIN, rng)
        subject = filled_in(phrases.subject, person, question=False)
        many = phrases.plural or (phrases.subject == "{p}" and person.plural)
        value = filled_in(_pick(told, rng), person, question=False)
        text = plain.format(subject=subject, Subject=_upper(subject), be="are" if many else "is", v=value)
        if number and fact.unit in ("deg", "mm") and fact.value not in ("straight", "level", "upright", "camera",
        "closed") \
                and rng is not None and fact.key not in _NO_NUMBER and rng.random() < 0.35:  # fmt: skip
            text = f"{text[:-1]}, by about {number}." if fact.unit == "deg" else f"{text[:-1]}, about {number}."
    else:
        text = filled_in(_pick(sentences, rng), person, question=False, n=number)
    return _agreeing(_upper(text))


def _of_side(phrases: Sequence[str], own: bool) -> list[str]:
    either = [text for text in phrases if "{your}" in text and " own " in text]
    fit = [text for text in phrases if text not in either and (" own " in text) == own]
    return [*fit, *either] or list(phrases)


_NO_NUMBER = ("facing", "eye_contact", "gaze_side", "gaze_height", "light_side", "light_height")


def spoken(fact: Fact, rng: np.random.Generator | None = None) -> str:
    """A fact's number with its unit in words, rounded to what it is worth; empty where it has none."""
    if fact.number is None or fact.unit not in _UNITS:
        return ""
    size, unit = abs(fact.number), _pick(_UNITS[fact.unit], rng)
    if fact.unit == "m":
        return f"{100 * size:.0f} cm" if size < 0.3 else f"{size:.1f} {unit}"
    if fact.unit == "deg":
        return f"{5 * round(size / 5):.0f} {unit}"
    return f"{10 * round(size / 10) if fact.unit == '%' and size > 15 else round(size):.0f} {unit}"


def reserved(text: str, confidence: float, rng: np.random.Generator | None = None) -> str:
    """A sentence with the reservation that its confidence asks for."""
    if confidence >= SURE:
        return text
    return _pick(_UNKNOWN, rng) if confidence < GUESS else _pick(_DOUBT, rng).format(_lower(text))


def notable(facts: Sequence[Fact]) -> list[Fact]:
    """Those of a topic's facts that answer "what", at most two: what is no news is left out where something is."""
    if any(fact.key == "eye_contact" and fact.value == "yes" for fact in facts):
        return [fact for fact in facts if fact.key == "eye_contact"]
    news = [fact for fact in facts if PLAIN.get(fact.key) != fact.value]
    known = [fact for fact in news if fact.confidence >= SURE] or [fact for fact in news if fact.confidence >= GUESS]
    aside = [fact for fact in known if fact.key != "eye_contact"]
    if known and not aside:
        return known[:1]
    if any(fact.key == "wink" for fact in aside):
        aside = [fact for fact in aside if fact.key == "wink"]
    shapes = [fact for fact in aside if fact.unit == "sigma"]
    if len(shapes) > 2:
        aside = sorted(shapes, key=lambda fact: -fact.confidence)
    return (aside or news or list(facts))[:2] if aside else (news or list(facts))[:1]


def worded(
    topic: str,
    expected: Expected,
    rng: np.random.Generator | None = None,
    *,
    order: str = "only",
    own: bool = False,
    person: Person | None = None,
) -> str:
    """The whole answer to a question.

    Args:
        topic: of TOPICS.
        expected: kind and facts of the question; without a fact the answer is that no face is seen.
        rng: varies the words; None takes the plainest.
        order: the person's word of order.
        own: the question was about the person's own left or right.
        person: what to call them; None draws.
    """
    facts, kind = list(expected.facts), expected.kind
    if not facts:
        return _pick(NO_FACE_ANSWERS, rng)
    person = person or told_person(rng, order)
    if topic == DESCRIBE:
        return _description(facts, person, rng)
    if kind in (WHETHER, NEGATED) and expected.fact is not None:
        fact = expected.fact
        text = statement(fact, person, rng, own=own, short=True)
        if fact.confidence < SURE:
            return reserved(text, fact.confidence, rng)
        holds = fact.value in expected.asked
        frames = (_YES if holds else _NO) if kind == WHETHER else (_RIGHT if not holds else _ACTUALLY)
        return _pick(frames, rng).format(_lower(text))
    told = notable(facts)
    first = told[0]
    if kind == MUCH and spoken(first) and first.confidence >= GUESS:
        lead = f"About {spoken(first, rng)}"
        text = (
            statement(Fact(first.key, first.value, first.confidence), person, rng, own=own, short=True)
            if first.unit != "m"
            else ""
        )
        said = f"{lead}: {_lower(text)}" if text and first.key not in ("distance", "size") else f"{lead}."
        return reserved(said, first.confidence, rng)
    if kind == EITHER and first.confidence >= SURE and expected.asked and first.value not in expected.asked:
        return _pick(_NEITHER, rng).format(_lower(statement(first, person, rng, own=own, short=True)))
    sentences = []
    for i, fact in enumerate(told):
        text = statement(fact, person, rng, own=own, short=i > 0 or fact.confidence < SURE)
        sentences.append(reserved(text, fact.confidence, rng))
    return " ".join(dict.fromkeys(sentences))


def answer_from_facts(topic: str, facts: Sequence[Fact], face: str | None = None, question: str = "") -> str:
    """The plain answer to a question of that topic, true to the facts; says so when there is no face.

    Args:
        topic: of TOPICS; any other is answered with a description.
        face: face_id of whom it is about; None takes the first from the left.
        question: narrows the answer to what it asks of the topic.
    """
    ids = list(dict.fromkeys(fact.face for fact in facts if fact.face))
    who = face if face in ids else (ids[0] if ids else None)
    own = TOPICS.get(topic, TOPICS[DESCRIBE])
    known = [fact for fact in facts if fact.key in own.keys and fact.face in ("", who)]
    if own.name == "count":
        who = None
    elif not ids:
        known = []
    elif not known and own.several:
        return "I see only one person."
    elif not known:
        return _UNKNOWN[0]
    meant = keys_meant(own.name, question)
    named = set(meant) or {claim.key for claim in read_answer(question, own.keys).claims}
    named = named or set(asked_keys(own.name, question))
    rest = [fact for fact in known if fact.key not in named]
    known = [fact for fact in known if fact.key in named] or known
    known.sort(key=lambda fact: own.keys.index(fact.key))
    order = next((fact.value for fact in facts if fact.key == "order" and fact.face == who), "only")
    kind = MUCH if asks_amount(own.name, question) else WHAT
    said = worded(own.name, Expected(kind, tuple(known)), None, order=order)
    if meant and rest and all(PLAIN.get(fact.key) == fact.value for fact in known):  # no wink: then what of the eyes?
        said = f"{said} {worded(own.name, Expected(WHAT, tuple(rest)), None, order=order)}"
    return said


def _description(facts: Sequence[Fact], person: Person, rng: np.random.Generator | None) -> str:
    sure = [fact for fact in facts if fact.confidence >= SURE and fact.key in TOPICS[DESCRIBE].keys]
    keys = {fact.key for fact in sure}
    sure = [fact for fact in sure if not (fact.key == "expression" and fact.value == "happy" and "smile" in keys)]
    if not sure:
        return _UNKNOWN[0]
    if rng is not None and len(sure) > 3:
        chosen = sorted(rng.permutation(len(sure))[: int(rng.integers(3, 5))])
        sure = [sure[i] for i in chosen]
    return " ".join(statement(fact, person, rng, short=i > 0) for i, fact in enumerate(sure[:4]))


def _agreeing(text: str) -> str:
    return re.sub(r"\b([Tt]hey|[Yy]ou) is\b", r"\1 are", text)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower(text: str) -> str:
    return text if re.match(r"I\b", text) else text[:1].lower() + text[1:]


def _chance(rng: np.random.Generator | None, probability: float) -> bool:
    return rng is None or bool(rng.random() < probability)


def _pick(options: Sequence[str], rng: np.random.Generator | None) -> str:
    return options[0] if rng is None else options[int(rng.integers(len(options)))]
