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
from facegpt_ros.language.person import THE_PERSON, without_references
from facegpt_ros.language.reading import named_facts
from facegpt_ros.language.topics import TOPICS
from facegpt_ros.language.unknowable import unknowable_questions
from facegpt_ros.language.wording import filled_in

_LONGEST = 400  # characters; what a question is about stands in there
_BINS = 2048
_RIDGE = 0.1
_GENERIC_EACH = 1  # of the phrasings that fit any fact: they tell nothing apart, and time is short
_UNLIKE = 0.12  # no topic reaches more than this: about nothing that faces have

_SOMEBODY = re.compile(
    r"\b(?:the|this|that|my) (?:person|visitor|subject)\b|\b(?:they|he|she|him|them|the one in the "
    r"picture)\b"
)
_FACIAL = re.compile(
    r"\b(?:persons?|people|faces?|facial|facing|heads?|eyes?|gaz\w*|mouth|lips?|nose|chin|jaw|cheeks?|brows?|eyebrows?"
    r"|smil\w*|grin\w*|light\w*|lit|lamp"
    r"|shadows?|who|whose|his|her|their|look\w*|expression|skin|complexion|image|picture|frame|camera|them|anybody"
    r"|anyone|somebody|tongue|illuminat\w*)\b"
)


def topic_of(question: str) -> str | None:
    """One of TOPICS, UNKNOWABLE or GENERAL; None where a question is empty or holds no word."""
    text = _plain(question)
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
    """Weights (BINS, T) and names (T,). Learnt when first asked for, in about a second."""
    pairs = [*labelled_questions("train", _GENERIC_EACH), *_said()]
    names = (*TOPICS, UNKNOWABLE, GENERAL)
    labels = np.array([names.index(topic) for _, topic in pairs])
    counts = np.bincount(labels, minlength=len(names))
    share = np.sqrt(counts.sum() / (len(names) * counts[labels])).astype(np.float32)[:, None]  # topics weigh alike
    targets = np.zeros((len(pairs), len(names)), np.float32)
    targets[np.arange(len(pairs)), labels] = 1
    x, y = np.stack([_counted(_plain(question)) for question, _ in pairs]) * share, targets * share
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


def _plain(question: str) -> str:
    text = re.sub(r"\s+", " ", question[:_LONGEST].replace("’", "'")).strip().lower()
    text = re.sub(r"[^\w' ]+", " ", without_references(text))
    text = _SOMEBODY.sub("person", text)
    return re.sub(r"\s+", " ", text).strip()


def _counted(text: str) -> np.ndarray:
    """(BINS,) float32 of unit length: hashed words, word pairs and letter fours, and which facts it has words for."""
    out = np.zeros(_BINS, np.float32)
    words = ["<", *text.split(), ">"]
    grams = [(w, 1.0) for w in words[1:-1]] + [(f"{a} {b}", 0.6) for a, b in zip(words[:-1], words[1:], strict=True)]
    for word in words[1:-1]:
        marked = f"_{word}_"
        grams += [(f"#{marked[i : i + 4]}", 0.6) for i in range(max(len(marked) - 3, 1))]
    grams.append(("@face" if _FACIAL.search(text) else "@none", 1.5))
    grams += [(f"@{key}", 1.5) for key in named_facts(text)]
    for gram, weight in grams:
        out[zlib.crc32(gram.encode()) % _BINS] += weight
    return out / max(float(np.linalg.norm(out)), 1e-6)


def _spoken(template: str, **words: str) -> str:
    return filled_in(template, THE_PERSON, question=True, **words)
