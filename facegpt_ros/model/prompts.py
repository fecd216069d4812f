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
ANSWERS = ("It is", "Here it is:", "The face is", "That face is")


class Kind(Enum):
    """Of a part. TEMPLATE, TEXT and IMAGE are read as they are; the others name a field of Turns."""

    TEMPLATE = "template"
    TEXT = "text"
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
        end: closes an answer; one token, which the model learns to say.
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
        learnt: whether the language loss asks the model to say it.
    """

    kind: Kind
    text: str = ""
    learnt: bool = False


IMAGE = Part(Kind.IMAGE)


def frame_prefix() -> list[Part]:
    """What stands before the image on every frame, the same for all: its keys and values are cached."""
    return [Part(Kind.BEGIN), Part(Kind.USER), Part(Kind.TEMPLATE, RECONSTRUCT), Part(Kind.OPEN)]


def frame_suffix() -> list[Part]:
    """What stands after the image; its last token is <FACE>."""
    return [Part(Kind.CLOSE), Part(Kind.ASSISTANT), Part(Kind.TEMPLATE, FACE)]


def frame() -> list[Part]:
    """The per-frame prompt."""
    return [*frame_prefix(), IMAGE, *frame_suffix()]


def chat(turns: Sequence[tuple[str, str]], image: bool = False, facts: str = "", cut: bool = False) -> list[Part]:
    """A conversation. Without a system prompt, which would be a third of what is read for a description.

    Args:
        turns: (what the person says, what is answered); an answer may hold <FACE>, an empty last one is left open.
        image: whether it is about a picture, which then opens the first turn.
        facts: what was computed about it, given to the model with the picture.
        cut: whether the last answer goes on: it then teaches no end.
    """
    parts = [Part(Kind.BEGIN)]
    for i, (asked, answer) in enumerate(turns):
        parts.append(Part(Kind.USER))
        if image and i == 0:
            parts += [Part(Kind.OPEN), IMAGE, Part(Kind.CLOSE), Part(Kind.BREAK)]
        if facts and i == 0:
            parts.append(Part(Kind.TEXT, facts + "\n"))
        parts.append(Part(Kind.TEXT, asked))
        parts.append(Part(Kind.ASSISTANT))
        if answer:
            parts.append(Part(Kind.TEMPLATE, answer, learnt=True))
        if answer and not (cut and i == len(turns) - 1):
            parts.append(Part(Kind.END, learnt=True))
            parts.append(Part(Kind.NEXT))
    return parts


def tokens(
    parts: Sequence[Part], tokenizer: TokenizerLike, image_tokens: int, turns: Turns = SMOLLM2
) -> tuple[list[int], list[bool]]:
    """Ids, -1 for each image token, and whether the language loss asks for each."""
    ids: list[int] = []
    learnt: list[bool] = []
    gap = ""
    for part in parts:
        if part.kind is Kind.IMAGE:
            new = [-1] * image_tokens
        elif part.kind is Kind.TEXT:
            new = tokenizer.encode(gap + part.text)
        elif part.kind is Kind.TEMPLATE:
            new = tokenizer.template(part.text if part.text.startswith(FACE) else gap + part.text)
        else:
            new = tokenizer.template(getattr(turns, part.kind.value))
        gap = turns.gap if part.kind in (Kind.USER, Kind.ASSISTANT) else ""
        ids += new
        learnt += [part.learnt] * len(new)
    return ids, learnt
