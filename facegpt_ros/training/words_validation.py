"""Faces from the val split's phrasings: how many of the named things they have."""

from __future__ import annotations

import numpy as np
import torch

from facegpt_ros.language.attributes import read
from facegpt_ros.language.describe import Descriptions
from facegpt_ros.language.matches import present
from facegpt_ros.model import prompts
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.model.tokenizer import FACE
from facegpt_ros.model.vlm import FaceVLM
from facegpt_ros.morphable.model import MorphableModel

_SEED = 5011
_TOGETHER = 16


class WordsValidation:
    """The same texts every time.

    Args:
        model: whose faces are described.
        count: of texts.
    """

    def __init__(self, model: MorphableModel, count: int = 128) -> None:
        self.model = model
        rng, descriptions = np.random.default_rng(_SEED), Descriptions(model)
        self._texts = [descriptions.sample(rng, "val") for _ in range(count)]
        self._mean_face = self._share(np.tile(ThetaLayout.of(model).mean(), (count, 1)))

    @torch.inference_mode()
    def measure(self, net: FaceVLM) -> dict[str, float]:
        """text_attributes: share of what the texts name; text_attributes_mean_face: what the mean face would have.

        The answer is given up to its <FACE>; whether it is said by itself is for evaluation to find out.
        """
        asked = [prompts.chat([(one.text, f"{prompts.ANSWERS[0]} {FACE}")]) for one in self._texts]
        raw = torch.empty(len(asked), net.layout.size)
        for rows in net.alike(asked, _TOGETHER):
            raw[rows] = net(net.sequences([asked[i] for i in rows], [-1] * len(rows)), words=False).raw.float().cpu()
        return {
            "text_attributes": self._share(raw.numpy()),
            "text_attributes_mean_face": self._mean_face,
        }

    def _share(self, raw: np.ndarray) -> float:
        """Of raw θ (N, D)."""
        said = ThetaLayout.of(self.model).decode(raw)
        faces = zip(said.identity, said.expression, said.albedo, strict=True)
        found = [present(one.asked, read(self.model, *face)) for one, face in zip(self._texts, faces, strict=True)]
        hits, named = np.sum(found, 0)
        return float(hits / named)
