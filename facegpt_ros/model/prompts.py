"""Every template in one place: how a picture, a request and an answer become one sequence.

A sequence is a list of parts: marks of who speaks, which each family of language models writes in its own way (Turns),
text of ours (special tokens mean what they are), a person's text, or IMAGE, where image tokens go. The per-frame prompt
puts the request before the image, so that all before the image is read once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from facegpt_ros.model.tokenizer import FACE, TokenizerLike

RECONSTRUCT = "This face in 3D:"
HERE = "Here it is."  # what is said with a face


class Kind(Enum):
    """Of a part. TEMPLATE, TEXT, FACTS and IMAGE are read as they are; the others name a field of Turns."""

    TEMPLATE = "template"
    TEXT = "text"
    FACTS = "facts"
    IMAGE = "image"
    BEGIN = "begin"
    USER = "user"
    ASSISTANT = "assistant"
    END = "end"
    NEXT = "next"
    OPEN = "open"
    CLOSE = "close"
    BREAK = "line_break"


@dataclass(frozen=True)
class Turns:
    """How a family of language models marks who speaks; its own special tokens mean what they are.

    Attributes:
        user: opens a person's turn.
        assistant: closes it, and opens the answer.
        end: closes an answer; one token.
        next: between an answer and the next turn.
        begin: in front of everything.
        open, close: around image tokens.
        line_break: between an image and words about it.
        gap: between a mark and the text that it opens.
    """

    user: str
    assistant: str
    end: str
    next: str
    begin: str = ""
    open: str = ""
    close: str = ""
    line_break: str = ""
    gap: str = ""


#: SmolLM2-Instruct (ChatML), as FaceGPT's own model writes it.
SMOLLM2 = Turns(
    user="<|im_start|>user\n",
    assistant="<|im_end|>\n<|im_start|>assistant\n",
    end="<|im_end|>",
    next="\n",
    line_break="\n",
)
#: Of larger models, by the model_type of their config.json, as their own chat templates and processors write it.
_SMOLVLM = Turns(
    begin="<|im_start|>",
    user="User:",
    assistant="<end_of_utterance>\nAssistant:",
    end="<end_of_utterance>",
    next="\n",
    open="<fake_token_around_image><global-img>",
    close="<fake_token_around_image>",
    gap=" ",
)
_LLAVA = Turns(  # Vicuna's, as LLaVA-1.5 was trained with (Liu et al. 2023)
    begin="<s>",
    user=" USER:",
    assistant=" ASSISTANT:",
    end="</s>",
    next="",
    open=" ",
    line_break="\n",
    gap=" ",
)
HUB_TURNS = {"idefics3": _SMOLVLM, "smolvlm": _SMOLVLM, "llava": _LLAVA}


@dataclass(frozen=True)
class Part:
    """A piece of a sequence.

    Attributes:
        kind: how text is read.
        text: empty for an image and for most marks.
    """

    kind: Kind
    text: str = ""


IMAGE = Part(Kind.IMAGE)
_OF_PICTURE = (Kind.OPEN, Kind.IMAGE, Kind.CLOSE, Kind.BREAK)


def prefix() -> list[Part]:
    """What every prompt begins with: its keys and values are read once."""
    return [Part(Kind.BEGIN), Part(Kind.USER)]


def frame_prefix() -> list[Part]:
    """What stands before the image on every frame, the same for all: its keys and values are cached."""
    return [*prefix(), Part(Kind.TEMPLATE, RECONSTRUCT), Part(Kind.OPEN)]


def frame_suffix() -> list[Part]:
    """What stands after the image: <FACE> at once, since marks of turns would be a quarter of what a frame reads."""
    return [Part(Kind.TEMPLATE, FACE)]


def frame() -> list[Part]:
    """The per-frame prompt."""
    return [*frame_prefix(), IMAGE, *frame_suffix()]


def chat(turns: Sequence[tuple[str, str]], image: bool = False, facts: str = "") -> list[Part]:
    """A conversation. Without a system prompt, which would be a third of what is read for a description.

    Args:
        turns: (what the person says, what is answered); an empty last answer is left open.
        image: whether it is about a picture, which then opens the first turn.
        facts: what was computed about it, given to the model with the picture.
    """
    parts = [Part(Kind.BEGIN)]
    for i, (asked, answer) in enumerate(turns):
        parts.append(Part(Kind.USER))
        if image and i == 0:
            parts += [Part(Kind.OPEN), IMAGE, Part(Kind.CLOSE), Part(Kind.BREAK)]
        if facts and i == 0:
            parts.append(Part(Kind.FACTS, facts + "\n"))
        parts += [Part(Kind.TEXT, asked), Part(Kind.ASSISTANT)]
        if answer:
            parts += [Part(Kind.TEXT, answer), Part(Kind.END), Part(Kind.NEXT)]
    return parts


def to_read(parts: Sequence[Part]) -> list[Part]:
    """An open conversation as faces are read from it: without facts, and <FACE> last."""
    return [*(part for part in parts if part.kind is not Kind.FACTS), Part(Kind.TEMPLATE, FACE)]


def to_answer(parts: Sequence[Part]) -> list[Part]:
    """An open conversation as the language model answers it: of a picture it knows the facts alone."""
    return [part for part in parts if part.kind not in _OF_PICTURE]


def tokens(parts: Sequence[Part], tokenizer: TokenizerLike, image_tokens: int, turns: Turns = SMOLLM2) -> list[int]:
    """Ids, -1 for each image token."""
    ids: list[int] = []
    gap = ""
    for part in parts:
        if part.kind is Kind.IMAGE:
            ids += [-1] * image_tokens
        elif part.kind in (Kind.TEXT, Kind.FACTS):
            ids += tokenizer.encode(gap + part.text)
        elif part.kind is Kind.TEMPLATE:
            ids += tokenizer.template(part.text if part.text.startswith(FACE) else gap + part.text)
        else:
            ids += tokenizer.template(getattr(turns, part.kind.value))
        gap = turns.gap if part.kind in (Kind.USER, Kind.ASSISTANT) else ""
    return ids
