"""Stand-ins for a network that talks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from facegpt_ros.evaluation.speaker import Said, check_crops
from facegpt_ros.model.prompts import Kind
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.model import MorphableModel


def layout_of(model: MorphableModel) -> ThetaLayout:
    return ThetaLayout.of(model)


class Talker:
    """Answers by what a person wrote, facts included; counts how many prompts came with a picture.

    Args:
        answer: the texts of a prompt → what is said.
        better: how much likelier every word is than e⁻³, nats.
    """

    model_id, crop_size = "talker", 64

    def __init__(self, layout: ThetaLayout, answer: Callable[[str], Said], better: float = 0.0) -> None:
        self.layout, self.answer, self.better, self.seen, self.closed = layout, answer, better, 0, False
        self.crops: np.ndarray | None = None

    def say(self, asked: Sequence, crops: np.ndarray | None = None, *, limit: int = 64) -> list[Said]:
        check_crops(asked, crops, self.crop_size)
        self.seen, self.crops = self.seen + (0 if crops is None else len(crops)), crops
        return [self.answer(texts(prompt)) for prompt in asked]

    def read(self, texts: Sequence[str]) -> list[np.ndarray]:
        return [np.full(len(text.split()) - 1, -3.0 + self.better) for text in texts]

    def close(self) -> None:
        self.closed = True


def texts(prompt: Sequence) -> str:
    """What is a person's, not the template's."""
    return "".join(part.text for part in prompt if part.kind in (Kind.TEXT, Kind.FACTS))
