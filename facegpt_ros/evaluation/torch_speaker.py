"""The network of a training checkpoint, for evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from facegpt_ros.evaluation.base_language import likelihoods
from facegpt_ros.evaluation.speaker import Prompt, Said, check_crops
from facegpt_ros.model.facegpt_file import sha256_of
from facegpt_ros.model.generate import Answer, generate
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.model.vlm import FaceVLM
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.training.networks import trained

_TOGETHER = 48


class TorchSpeaker:
    """A Speaker (evaluation/speaker.py) of a FaceGPT in torch, on the CPU.

    Args:
        net: FaceGPT's own, or a larger one from the hub.
        crop_size: S, px.
        model_id: of the weights.
    """

    def __init__(self, net: FaceVLM, crop_size: int, model_id: str) -> None:
        self.net, self.crop_size, self.model_id = net.eval(), crop_size, model_id
        self.layout: ThetaLayout = net.layout

    @classmethod
    def load(
        cls,
        path: Path,
        model: MorphableModel,
        vision: Path | None = None,
        language: Path | None = None,
        vlm: str | None = None,
    ) -> TorchSpeaker:
        """The averaged weights of a checkpoint.pt of `facegpt train facegpt`; the rest as it was trained with.

        Raises:
            WeightsError: a file is missing or broken, or was trained with another morphable model or language model.
        """
        net, state = trained(path, model, vision, language, vlm)
        sha256 = sha256_of(path)
        return cls(net, state["size"], f"facegpt@{sha256[:8]} ({state.get('stage', '')}, step {state.get('step', '')})")

    def say(self, asked: Sequence[Prompt], crops: np.ndarray | None = None, *, limit: int = 64) -> list[Said]:
        """See Speaker.say."""
        check_crops(asked, crops, self.crop_size)
        answers: dict[int, Said] = {}
        for rows in self.net.alike(asked, _TOGETHER):
            some = [asked[i] for i in rows]
            if crops is None:
                said = generate(self.net, some, limit=limit)
            else:
                with torch.inference_mode():
                    seen = self.net.see(torch.from_numpy(np.ascontiguousarray(crops[rows])))
                said = generate(self.net, some, range(len(rows)), *seen, limit=limit)
            answers |= zip(rows, map(_said, said), strict=True)
        return [answers[i] for i in range(len(asked))]

    def read(self, texts: Sequence[str]) -> list[np.ndarray]:
        """See Speaker.read."""
        net = self.net
        return likelihoods(texts, net.tokenizer, lambda ids: net.say(net.foresee(net.words(ids))))

    def close(self) -> None:
        """Nothing to free beyond the weights."""


def _said(answer: Answer) -> Said:
    raw = None if answer.raw is None else answer.raw.detach().float().numpy()
    return Said(answer.text, raw, answer.finished)
