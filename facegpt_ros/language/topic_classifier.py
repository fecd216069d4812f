"""What a question is about: regularised least squares over word and letter n-grams of the training phrasings."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from facegpt_ros.language.expected import GENERAL, UNKNOWABLE
from facegpt_ros.language.frames import follow_ups, frames
from facegpt_ros.language.general import general_questions
from facegpt_ros.language.more_phrasings import MORE_PHRASINGS
from facegpt_ros.language.person import ME, THE_PERSON
from facegpt_ros.language.question_words import concepts, of_faces, plain_question, same_verbs, strange
from facegpt_ros.language.questions import may_be_me
from facegpt_ros.language.reading import named_facts
from facegpt_ros.language.topics import TOPICS
from facegpt_ros.language.unknowable import unknowable_questions
from facegpt_ros.language.wording import filled_in

_BINS = 4096
_RIDGE = 0.1
_GENERIC_EACH = 1  # of the phrasings that fit any fact: they tell nothing apart, and time is short
_MADE_UP = 0.5  # how much phrasings that fit any fact count beside those made for theirs
_UNLIKE = 0.12  # no topic reaches more than this: about nothing that faces have


def topic_of(question: str) -> str | None:
    """One of TOPICS, UNKNOWABLE or GENERAL; None where a question is empty or holds no word."""
    text = plain_question(question)
    if not re.search(r"\w", text):
        return None
    weights, names = _classifier()
    scores = _counted(text) @ weights
    best = int(np.argmax(scores))
    return names[best] if scores[best] >= _UNLIKE else GENERAL


def labelled_questions(split: str, generic: int = 99) -> list[tuple[str, str]]:
    """Phrasings of a split with their topics, of those that fit any fact so many of each kind."""
    pairs = [(question, UNKNOWABLE) for question in (_spoken(t) for t in unknowable_questions(split))]
    pairs += [(question, GENERAL) for question in general_questions(split)]
    for name in TOPICS:
        made: dict[str, int] = {}
        for frame in frames(name, split):
            if not frame.generic:
                pairs.append((_spoken(frame.text), name))
                continue
            made[frame.kind] = made.get(frame.kind, 0) + 1
            if made[frame.kind] > generic:
                continue
            for phrases in TOPICS[name].phrases.values():
                asked = phrases.asked()
                subject = _spoken(phrases.subject)
                be = "are" if phrases.plural else "is"
                words = {"subj": subject, "Subj": subject.capitalize(), "be": be, "Be": be.capitalize()}
                for i, (_, phrase) in enumerate(asked):
                    other = asked[(i + 1) % len(asked)][1]
                    pairs.append((_spoken(frame.text, **words, v=_spoken(phrase), w=_spoken(other)), name))
        pairs += [(frame.text, name) for frame in follow_ups(name, split)]
    return list(dict.fromkeys(pairs))


def accuracy(pairs: Sequence[tuple[str, str]]) -> float:
    """Share of (question, topic) that topic_of gets right."""
    return float(np.mean([topic_of(question) == topic for question, topic in pairs]))


@lru_cache(maxsize=1)
def _classifier() -> tuple[np.ndarray, tuple[str, ...]]:
    """Weights (BINS, T) and names (T,). Learnt when first asked for, in about two seconds."""
    own = labelled_questions("train", generic=0)
    own += [
        (filled_in(f.text, ME, question=True), f.topic)
        for t in TOPICS
        for f in frames(t, "train")
        if not f.generic and may_be_me(f)
    ]
    own += [(question, topic) for topic, questions in MORE_PHRASINGS.items() for question in questions]
    pairs = list(dict.fromkeys([*own, *labelled_questions("train", _GENERIC_EACH), *_said()]))
    names = (*TOPICS, UNKNOWABLE, GENERAL)
    labels = np.array([names.index(topic) for _, topic in pairs])
    counts = np.bincount(labels, minlength=len(names))
    share = (counts.sum() / (len(names) * counts[labels])) ** 0.25  # so that topics weigh more alike
    share[len(set(own)) :] *= _MADE_UP
    share = share.astype(np.float32)[:, None]
    targets = np.zeros((len(pairs), len(names)), np.float32)
    targets[np.arange(len(pairs)), labels] = 1
    x, y = np.stack([_counted(plain_question(question)) for question, _ in pairs]) * share, targets * share
    kernel = x @ x.T
    kernel[np.diag_indices_from(kernel)] += _RIDGE
    return x.T @ np.linalg.solve(kernel, y), names


def _said() -> list[tuple[str, str]]:
    """What answers say, for its words."""
    return [
        (_spoken(text, n="5"), name)
        for name, topic in TOPICS.items()
        for phrases in topic.phrases.values()
        for texts in phrases.sentences.values()
        for text in texts
    ]


def _counted(text: str) -> np.ndarray:
    """(BINS,) float32 of unit length: hashed words, word pairs and letter fours; what words stand for, alone and in
    pairs; whether it speaks of somebody, of faces, of anything else; and which facts it has words for."""
    out = np.zeros(_BINS, np.float32)
    spoken = text.split()
    words = ["<", *same_verbs(spoken), ">"]
    grams = [(w, 1.0) for w in words[1:-1]] + [(f"{a} {b}", 0.6) for a, b in zip(words[:-1], words[1:], strict=True)]
    for word in words[1:-1]:
        marked = f"_{word}_"
        grams += [(f"#{marked[i : i + 4]}", 0.4) for i in range(max(len(marked) - 3, 1))]
    found = sorted(concepts(spoken))
    grams += [(f"={concept}", 1.0) for concept in found]
    grams += [(f"={a}={b}", 1.0) for i, a in enumerate(found) for b in found[i + 1 :]]
    somebody, facial, others = "person" in spoken or "persons" in spoken, of_faces(found), min(strange(spoken), 3)
    grams += [(f"@{somebody} {facial} {bool(found)}", 1.5), (f"@first {words[1]}", 0.7)]
    grams += [(f"@{others}", 0.7), (f"@{others} {somebody}", 0.7), (f"@{others} {somebody} {facial}", 0.7)]
    grams += [(f"@{key}", 1.0) for key in named_facts(text)]
    for gram, weight in grams:
        out[zlib.crc32(gram.encode()) % _BINS] += weight
    return out / max(float(np.linalg.norm(out)), 1e-6)


def _spoken(template: str, **words: str) -> str:
    return filled_in(template, THE_PERSON, question=True, **words)
