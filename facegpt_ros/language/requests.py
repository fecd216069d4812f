"""Prompts that ask for a 3D face and prompts that do not, with phrasings held out whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facegpt_ros.errors import ConfigError
from facegpt_ros.language import description_frames, face_prompts, image_requests, plain_prompts
from facegpt_ros.language.compose import capital
from facegpt_ros.language.describe import random_phrase, random_request
from facegpt_ros.language.general import POOLS
from facegpt_ros.language.pools import Picker
from facegpt_ros.language.spelling import as_written

_OPENED, _CLOSED = 0.25, 0.25
#: Kind of a prompt that asks for no face → its frames, and how often it comes.
_OTHER = {
    "instruction": (POOLS["instruction"], 0.22),
    "sum": (POOLS["sum"], 0.1),
    "small talk": (POOLS["small talk"], 0.12),
    "errand": (POOLS["errand"], 0.1),
    "faces in general": (POOLS["faces in general"], 0.18),
    "about the image": (face_prompts.ABOUT_THE_IMAGE, 0.14),
    "not to see": (POOLS["not to see"], 0.14),
}


@dataclass(frozen=True)
class Request:
    """Attributes:
    text: what somebody says.
    asks: whether the answer holds a <FACE>.
    kind: "image", "words", or of a prompt that asks for none.
    frame: the frame that the text is in; held-out frames are of one split.
    """

    text: str
    asks: bool
    kind: str
    frame: str


def asking(rng: np.random.Generator, split: str = "train", source: str | None = None) -> Request:
    """A prompt that asks for a face.

    Args:
        source: "image": of the image; "words": a description; None: either.

    Raises:
        ConfigError: there is no such split or source.
    """
    pick = Picker(rng, split)
    source = source or pick.any(("image", "words"))
    if source == "words":
        text, frame = random_request(pick)
        return Request(text, True, source, frame)
    if source != "image":
        raise ConfigError(f"source is '{source}'; use image or words")
    frame = pick.whole("image", image_requests.FRAMES)
    text = capital(frame.format(face=pick.word("whose", image_requests.WHOSE)))
    return Request(as_written(_framed(text, pick), pick), True, source, frame)


def not_asking(rng: np.random.Generator, split: str = "train", kind: str | None = None) -> Request:
    """A prompt that asks for none, though it may speak of faces.

    Args:
        kind: one of kinds(); None: any.

    Raises:
        ConfigError: there is no such split or kind.
    """
    pick = Picker(rng, split)
    if kind is None:
        kind = str(pick.rng.choice(list(_OTHER), p=[share for _, share in _OTHER.values()]))
    if kind not in _OTHER:
        raise ConfigError(f"kind is '{kind}'; use {', '.join(_OTHER)}")
    frame = pick.whole(kind, _OTHER[kind][0])
    a, b = sorted((int(pick.rng.integers(2, 10 ** int(pick.rng.integers(1, 4)) + 2)) for _ in range(2)), reverse=True)
    filled = {
        "a": str(a),
        "b": str(b),
        "topic": pick.word("topic", plain_prompts.TOPICS),
        "thing": pick.word("thing", plain_prompts.THINGS),
        "x": random_phrase(pick) if "{x}" in frame else "",
    }
    text = capital(frame.format(**filled))
    if kind in ("instruction", "sum", "faces in general"):
        text = _framed(text, pick, closes=False)
    return Request(as_written(text, pick), False, kind, frame)


def kinds() -> tuple[str, ...]:
    """Kinds of prompts that ask for no face."""
    return tuple(_OTHER)


def count_frames() -> tuple[int, int]:
    """How many frames ask for a face, and how many do not."""
    words = description_frames.NOUN_PHRASE + description_frames.LIST + description_frames.SENTENCES
    return len(image_requests.FRAMES) + len(words), sum(len(frames) for frames, _ in _OTHER.values())


def _framed(text: str, pick: Picker, closes: bool = True) -> str:
    if pick.chance(_OPENED):
        opener = pick.word("opener", image_requests.OPENERS)
        text = f"{opener} {text if opener[-1] in '.!:' else text[:1].lower() + text[1:] if text[:2] != 'I ' else text}"
    if closes and pick.chance(_CLOSED):
        ended = text if text[-1] in ".?!" else f"{text}."
        text = f"{ended} {pick.word('closer', image_requests.CLOSERS)}"
    return text
