"""The stages of FaceGPT's training: what learns, and from what (FaceGPT, arXiv 2406.07163, sec. 3.3)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes:
        about: one line for people.
        adapters: whether the language model's adapters learn too.
        frames: whether crops are looked at, photos and renders, as many a step as the options ask for.
        texts: descriptions → <FACE> a step.
        others: prompts that ask for no face a step.
        self_supervised: whether photos are compared with what is drawn of them, and with themselves seen again.
        twins: share of the renders that show one person twice, whose identity must then be the same.
    """

    about: str
    adapters: bool
    frames: bool = True
    texts: int = 0
    others: int = 0
    self_supervised: bool = False
    twins: float = 0.0


STAGES = {
    "words": Stage(
        "descriptions alone, without a picture: the most faces from words in an hour",
        adapters=True,
        frames=False,
        texts=24,
        others=8,
    ),
    "align": Stage("projector, <FACE> and σ on exact labels; the language model is frozen", adapters=False),
    "look": Stage(
        "adapters too; photos compared with their own rendering, one person under several lights",
        adapters=True,
        texts=8,
        others=2,
        self_supervised=True,
        twins=0.5,
    ),
    "talk": Stage(
        "descriptions, and what asks for no face, beside faces",
        adapters=True,
        texts=14,
        others=12,
        self_supervised=True,
        twins=0.5,
    ),
}
