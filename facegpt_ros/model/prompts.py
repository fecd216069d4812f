"""Every template in one place: how a picture, a request and an answer become one sequence.

A sequence is a list of parts: text of ours (special tokens mean what they are), a person's text, or IMAGE, where image
tokens go. The per-frame prompt puts the request before the image, so that all before the image is read once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from facegpt_ros.model.tokenizer import FACE, Tokenizer

SYSTEM = "You are a helpful AI assistant who sees faces."
RECONSTRUCT = "This face in 3D:"
ANSWERS = ("It is", "Here it is:", "The face is", "That face is")
_SYSTEM = "<|im_start|>system\n{}<|im_end|>\n"
_USER = "<|im_start|>user\n"
_ASSISTANT = "<|im_end|>\n<|im_start|>assistant\n"
_END = "<|im_end|>\n"


class Kind(Enum):
    TEMPLATE = "template"
    TEXT = "text"
    IMAGE = "image"


@dataclass(frozen=True)
class Part:
    """A piece of a sequence.

    Attributes:
        kind: how text is read.
        text: empty for an image.
        learnt: whether the language loss asks the model to say it.
    """

    kind: Kind
    text: str = ""
    learnt: bool = False


IMAGE = Part(Kind.IMAGE)


def frame_prefix() -> list[Part]:
    """What stands before the image on every frame, the same for all: its keys and values are cached."""
    return [Part(Kind.TEMPLATE, _USER + RECONSTRUCT)]


def frame_suffix() -> list[Part]:
    """What stands after the image; its last token is <FACE>."""
    return [Part(Kind.TEMPLATE, _ASSISTANT + FACE)]


def frame() -> list[Part]:
    """The per-frame prompt."""
    return [*frame_prefix(), IMAGE, *frame_suffix()]


def chat(turns: Sequence[tuple[str, str]], image: bool = False, facts: str = "") -> list[Part]:
    """A conversation.

    Args:
        turns: (what the person says, what is answered); an answer may hold <FACE>, an empty last one is left open.
        image: whether it is about a picture, which then opens the first turn.
        facts: what was computed about it, given to the model with the picture.
    """
    parts = [Part(Kind.TEMPLATE, _SYSTEM.format(SYSTEM))]
    for i, (asked, answer) in enumerate(turns):
        parts.append(Part(Kind.TEMPLATE, _USER))
        if image and i == 0:
            parts.append(IMAGE)
            parts.append(Part(Kind.TEMPLATE, "\n"))
        if facts and i == 0:
            parts.append(Part(Kind.TEXT, facts + "\n"))
        parts.append(Part(Kind.TEXT, asked))
        parts.append(Part(Kind.TEMPLATE, _ASSISTANT))
        if answer:
            parts.append(Part(Kind.TEMPLATE, answer + "<|im_end|>", learnt=True))
            parts.append(Part(Kind.TEMPLATE, "\n"))
    return parts


def tokens(parts: Sequence[Part], tokenizer: Tokenizer, image_tokens: int) -> tuple[list[int], list[bool]]:
    """Ids, -1 for each image token, and whether the language loss asks for each."""
    ids: list[int] = []
    learnt: list[bool] = []
    for part in parts:
        if part.kind is Kind.IMAGE:
            new = [-1] * image_tokens
        else:
            new = tokenizer.template(part.text) if part.kind is Kind.TEMPLATE else tokenizer.encode(part.text)
        ids += new
        learnt += [part.learnt] * len(new)
    return ids, learnt
