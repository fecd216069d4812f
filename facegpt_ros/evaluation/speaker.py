"""What is evaluated when FaceGPT talks: one interface, whatever runs the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from facegpt_ros.errors import ImageError
from facegpt_ros.model.prompts import Kind, Part
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.model import MorphableModel

if TYPE_CHECKING:
    from facegpt_ros.model.facegpt_estimator import FaceGPTEstimator

Prompt = Sequence[Part]


@dataclass(frozen=True)
class Said:
    """One answer.

    Attributes:
        text: without special tokens.
        raw: θ (D,) float32 of its <FACE>, as ThetaLayout decodes it; None where no face was asked for.
        finished: whether it ended by itself, not by the limit.
    """

    text: str
    raw: np.ndarray | None = None
    finished: bool = True


class Speaker(Protocol):
    """Answers prompts of model/prompts.py, always with the likeliest token."""

    model_id: str  #: name and version of the weights
    crop_size: int  #: S, px
    layout: ThetaLayout  #: of raw θ

    def say(self, asked: Sequence[Prompt], crops: np.ndarray | None = None, *, limit: int = 64) -> list[Said]:
        """An answer to each prompt, whose assistant's turn is open.

        Args:
            crops: (N, S, S, 3) uint8 BGR, the picture of each prompt; None: the prompts hold no image.
            limit: tokens of an answer.
        """

    def read(self, texts: Sequence[str]) -> list[np.ndarray]:
        """How well it foresees plain text: log-likelihood of every token but the first of each text, nats, (T - 1,)."""

    def close(self) -> None:
        """Frees the weights."""


class RobotSpeaker:
    """A Speaker of the runtime that robots use.

    Args:
        estimator: whose say answers one prompt at a time.
        model: whose coefficients it speaks.
    """

    def __init__(self, estimator: FaceGPTEstimator, model: MorphableModel) -> None:
        self._estimator = estimator
        self.model_id, self.crop_size = estimator.model_id, estimator.crop_size
        self.layout = ThetaLayout.of(model)

    def say(self, asked: Sequence[Prompt], crops: np.ndarray | None = None, *, limit: int = 64) -> list[Said]:
        """See Speaker.say."""
        check_crops(asked, crops, self.crop_size)
        own = [None] * len(asked) if crops is None else [crop[None] for crop in crops]
        said = [self._estimator.say(prompt, crop, limit=limit) for prompt, crop in zip(asked, own, strict=True)]
        return [Said(one.text, one.raw, one.finished) for one in said]

    def read(self, texts: Sequence[str]) -> list[np.ndarray]:
        """See Speaker.read."""
        return [self._estimator.likelihoods(text) for text in texts]

    def close(self) -> None:
        self._estimator.close()


def check_crops(asked: Sequence[Prompt], crops: np.ndarray | None, size: int) -> None:
    """Raises ImageError where pictures and prompts do not go together."""
    shown = sum(part.kind is Kind.IMAGE for prompt in asked for part in prompt)
    if crops is None:
        if shown:
            raise ImageError(f"prompts hold {shown} images and none is given; give crops (N, {size}, {size}, 3)")
    elif crops.dtype != np.uint8 or crops.shape != (len(asked), size, size, 3) or shown != len(asked):
        raise ImageError(
            f"crops are {crops.dtype} {crops.shape} for {len(asked)} prompts that hold {shown} images; give one uint8 "
            f"({size}, {size}, 3) for each, and prompts of one image each"
        )


def say_all(
    speaker: Speaker, asked: Sequence[Prompt], crops: Sequence[np.ndarray | None], *, limit: int = 64
) -> list[Said]:
    """As Speaker.say, for prompts with and without a picture together: crops (S, S, 3) or None, one for each."""
    answers: dict[int, Said] = {}
    for seen in (True, False):
        rows = [i for i, crop in enumerate(crops) if (crop is not None) == seen]
        if rows:
            pictures = np.stack([crop for crop in crops if crop is not None]) if seen else None
            answers |= zip(rows, speaker.say([asked[i] for i in rows], pictures, limit=limit), strict=True)
    return [answers[i] for i in range(len(asked))]
