"""Questions about known faces, with true answers: for training and for exact scoring."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from facegpt_ros.language.aspects import asked_keys
from facegpt_ros.language.expected import EITHER, NO_FACE, UNKNOWABLE, WHAT, WHETHER, Expected
from facegpt_ros.language.fact import Fact
from facegpt_ros.language.frames import Frame, follow_ups, frames
from facegpt_ros.language.person import ME, YOU, Person, asked_person
from facegpt_ros.language.topics import DESCRIBE, PHRASES, TOPICS
from facegpt_ros.language.unknowable import decline, unknowable_questions
from facegpt_ros.language.wording import filled_in, worded

T = TypeVar("T")

#: Share of samples that ask what a face cannot tell, and that ask for a description.
_UNKNOWABLE_SHARE, _DESCRIBE_SHARE = 0.08, 0.05
_OF_IMAGE = ("faces", "nearest", "most_smiling")
#: What people ask about themselves too. Not what has a left and a right: theirs is not the viewer's.
_ABOUT_ME = ("smile", "mouth", "mouth_shape", "brows", "expression", "distance", "head_pitch")
_ABOUT_ME_SHARE = 0.2
_VIEWER = re.compile(r"\{you|\b(?:me|I|my|us)\b|this person|the person")
_KINDS = {"what": 0.42, "whether": 0.34, "negated": 0.06, "either": 0.1, "much": 0.08}
_POLITE = (
    "Please: {0}",
    "Hey, {0}",
    "{0} Please answer briefly.",
    "One question: {0}",
    "Hello! {0}",
    "Robot, {0}",
    "{0} Thanks.",
)


@dataclass(frozen=True)
class Sample:
    """A question and its answer.

    Attributes:
        question, answer: in words.
        topic: of TOPICS, or UNKNOWABLE.
        expected: what any answer must agree with.
        face: face_id of whom it is about; empty: the whole image.
    """

    question: str
    answer: str
    topic: str
    expected: Expected
    face: str = ""

    def __iter__(self) -> Iterator[str | Expected]:
        return iter((self.question, self.answer, self.topic, self.expected))


def sample(rng: np.random.Generator, split: str, facts: Sequence[Fact], topic: str | None = None) -> Sample:
    """One question about the faces that facts describe; unpacks to question, answer, topic, expected.

    Args:
        split: train, val or test; their phrasings are disjoint.
        topic: None draws one that the facts can answer, or a question that no face can.

    Raises:
        ConfigError: there is no such split or topic.
    """
    if topic == UNKNOWABLE or (topic is None and rng.random() < _UNKNOWABLE_SHARE):
        person, _, _ = _whom(rng, facts)
        text = _pick(unknowable_questions(split), rng)
        question = _spoken(filled_in(text, person, question=True), rng)
        return Sample(question, decline(rng), UNKNOWABLE, Expected(UNKNOWABLE))
    name = topic or _topic(rng, facts)
    options = _naming(frames(name, split), facts)
    kinds = sorted({frame.kind for frame in options})
    shares = np.array([_KINDS[kind] for kind in kinds])
    kind = kinds[int(rng.choice(len(kinds), p=shares / shares.sum()))]
    fitting = [frame for frame in options if frame.kind == kind]
    if kind in (WHETHER, EITHER) and len({frame.generic for frame in fitting}) == 2:
        generic = bool(rng.random() < 0.5)
        fitting = [frame for frame in fitting if frame.generic == generic]
    return _asked(rng, _pick(fitting, rng), facts)


def sample_dialogue(
    rng: np.random.Generator, split: str, facts: Sequence[Fact], turns: int | None = None
) -> list[Sample]:
    """Two or three questions of one conversation: later ones may be as short as "And the eyes?"."""
    count = turns or int(rng.integers(2, 4))
    first = sample(rng, split, facts, _topic(rng, facts))
    said, told = [first], {first.topic}
    while len(said) < count:
        if rng.random() < _UNKNOWABLE_SHARE:
            said.append(sample(rng, split, facts, UNKNOWABLE))
            continue
        left = [name for name in _topics(facts) if name not in told and TOPICS[name].nouns]
        name = _pick(left, rng)
        told.add(name)
        if rng.random() < 0.6:
            said.append(_asked(rng, _pick(follow_ups(name, split), rng), facts, whom=said[-1].face or None))
        else:
            said.append(sample(rng, split, facts, name))
    return said


def _asked(rng: np.random.Generator, frame: Frame, facts: Sequence[Fact], whom: str | None = None) -> Sample:
    topic = TOPICS[frame.topic]
    person, face, order = _whom(rng, facts, whom)
    if order == "only" and rng.random() < _ABOUT_ME_SHARE and may_be_me(frame):
        person = ME
    image = all(key in _OF_IMAGE for key in topic.keys)
    own = [fact for fact in facts if fact.face == ("" if image else face) and fact.key in topic.keys]
    if frame.topic == DESCRIBE:
        own = [fact for fact in facts if face and fact.face == face]
    own.sort(key=lambda fact: topic.keys.index(fact.key) if fact.key in topic.keys else len(topic.keys))
    key, asked = frame.key, frame.asked
    words: dict[str, str] = {}
    if frame.generic:
        key = _generic_key(rng, frame, [fact.key for fact in own] or list(topic.keys))
        key, asked, words = _predicates(rng, frame.kind, key, own, person)
    if key and frame.kind == EITHER:
        own = [fact for fact in own if fact.key == key]
    if frame.kind == WHAT:
        named = asked_keys(frame.topic, frame.text)
        own = [fact for fact in own if fact.key in named or frame.topic == DESCRIBE]
    question = _spoken(filled_in(frame.text, person, question=True, **words), rng)
    if frame.topic == "count":
        face, order = "", "only"
    if not own:
        return Sample(question, worded(frame.topic, Expected(NO_FACE), rng), frame.topic, Expected(NO_FACE))
    expected = Expected(frame.kind, tuple(own), key, asked)
    own_side = " own " in question.lower()
    answer = worded(frame.topic, expected, rng, order=order, own=own_side, person=YOU if person is ME else None)
    return Sample(question, answer, frame.topic, expected, face)


def may_be_me(frame: Frame) -> bool:
    """Whether people ask that about themselves too."""
    names = "{p" in frame.text or (frame.generic and "{p" in PHRASES[TOPICS[frame.topic].keys[0]].subject)
    return frame.topic in _ABOUT_ME and names and not _VIEWER.search(frame.text)


def _naming(options: Sequence[Frame], facts: Sequence[Fact]) -> list[Frame]:
    """With several faces, those that say whom they are about, or need not."""
    several = any(fact.key == "nearest" for fact in facts)
    shared = not several or all(key.startswith("light_") or key in _OF_IMAGE for key in TOPICS[options[0].topic].keys)
    naming = [
        f
        for f in options
        if shared or "{p" in f.text or (f.generic and "{p" in PHRASES[TOPICS[f.topic].keys[0]].subject)
    ]
    return naming or list(options)


def _generic_key(rng: np.random.Generator, frame: Frame, keys: list[str]) -> str:
    least = 2 if frame.kind == EITHER else 1
    fit = [key for key in keys if key in PHRASES and len({v for v, _ in PHRASES[key].asked() if len(v) == 1}) >= least]
    return _pick(fit or list(TOPICS[frame.topic].keys[:1]), rng)


def _predicates(
    rng: np.random.Generator, kind: str, key: str, facts: Sequence[Fact], person: Person
) -> tuple[str, frozenset[str], dict[str, str]]:
    """What a generic question asks about: true in half the cases."""
    phrases = PHRASES[key]
    fact = next((fact for fact in facts if fact.key == key), None)
    options = phrases.asked()
    true = [option for option in options if fact is not None and fact.value in option[0]]
    false = [option for option in options if option not in true]
    one, other = (true or options), (false or options)
    if kind == EITHER:
        single = [option for option in options if len(option[0]) == 1]
        one = [option for option in single if option in true] or single
        first = _pick(one, rng)
        second = _pick([option for option in single if option[0] != first[0]] or single, rng)
        pair = [first, second] if rng.random() < 0.5 else [second, first]
        asked, v, w = first[0] | second[0], pair[0][1], pair[1][1]
    else:
        asked, v = _pick(one if rng.random() < 0.5 else other, rng)
        w = ""
    be = "are" if phrases.plural or (phrases.subject == "{p}" and person.plural) else "is"
    subject = filled_in(phrases.subject, person, question=True)
    v, w = (filled_in(text, person, question=True) for text in (v, w))
    words = {
        "subj": subject,
        "Subj": subject[:1].upper() + subject[1:],
        "be": be,
        "Be": be.capitalize(),
        "v": v,
        "w": w,
    }
    return key, asked, words


def _whom(rng: np.random.Generator, facts: Sequence[Fact], whom: str | None = None) -> tuple[Person, str, str]:
    people = [fact for fact in facts if fact.key == "order" and whom in (None, fact.face)]
    if not people:
        return asked_person(rng), "", "only"
    one = people[int(rng.integers(len(people)))]
    return asked_person(rng, one.value), one.face, one.value


def _topics(facts: Sequence[Fact]) -> list[str]:
    keys = {fact.key for fact in facts}
    alone = not keys & {"nearest"}
    return [
        name for name, topic in TOPICS.items()
        if name != DESCRIBE and not (topic.several and alone) and (keys & set(topic.keys) or keys <= {"faces"})
    ]  # fmt: skip


def _topic(rng: np.random.Generator, facts: Sequence[Fact]) -> str:
    if rng.random() < _DESCRIBE_SHARE:
        return DESCRIBE
    return _pick(_topics(facts), rng)


def _spoken(question: str, rng: np.random.Generator) -> str:
    """As people type it: "they" agrees with its verb, some write in lower case, without a question mark,
    or politely."""
    text = _VERB_FIRST.sub(lambda m: f"{_with(m[1], m[2])} {m[2]}", question)
    text = _SUBJECT_FIRST.sub(
        lambda m: f"{m[1]} {_with(m[2], m[1])}{(' not' if m[1] == 'I' else m[3]) if m[3] else ''}", text
    )
    text = text[:1].upper() + text[1:] if rng.random() < 0.9 else text
    draw = rng.random()
    if draw < 0.08:
        text = _pick(_POLITE, rng).format(text if rng.random() < 0.5 else text[:1].lower() + text[1:])
    elif draw < 0.18:
        text = text.lower().rstrip("?.")
    elif draw < 0.22:
        text = text.rstrip("?")
    elif draw < 0.235:
        text = text.upper()
    return text


_VERB_FIRST = re.compile(r"\b([Ii]s|[Dd]oes|[Hh]as) (they|I)\b")
_SUBJECT_FIRST = re.compile(r"\b([Tt]hey|I) (is|does|has)(n't)?\b")


def _with(verb: str, subject: str) -> str:
    """ "is" with "I" is "am"; its capital stays."""
    other = {"is": "am" if subject == "I" else "are", "does": "do", "has": "have"}[verb.lower()]
    return other.capitalize() if verb[0].isupper() else other


def _pick(options: Sequence[T], rng: np.random.Generator) -> T:
    return options[int(rng.integers(len(options)))]
