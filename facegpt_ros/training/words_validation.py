"""The val split's phrasings: how many of the things they name the faces have, and whether faces are asked for."""

from __future__ import annotations

import numpy as np
import torch

from facegpt_ros.language.attributes import read
from facegpt_ros.language.describe import Descriptions
from facegpt_ros.language.matches import present
from facegpt_ros.language.requests import not_asking
from facegpt_ros.model import prompts
from facegpt_ros.model.theta import ThetaLayout
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
        self._others = [not_asking(rng, "val").text for _ in range(count)]
        self._mean_face = self._share(np.tile(ThetaLayout.of(model).mean(), (count, 1)))

    @torch.inference_mode()
    def measure(self, net: FaceVLM) -> dict[str, float]:
        """text_attributes: share of what the texts name; text_attributes_mean_face: what the mean face would have.

        asked, unasked: how often a face is said where it is asked for and where not.
        """
        texts = [one.text for one in self._texts]
        asked = [prompts.to_read(prompts.chat([(text, "")])) for text in texts + self._others]
        raw, said = torch.empty(len(asked), net.layout.size), torch.empty(len(asked))
        for rows in net.alike(asked, _TOGETHER):
            out = net(net.sequences([asked[i] for i in rows], [-1] * len(rows)))
            raw[rows], said[rows] = out.raw.float().cpu(), (out.asked > 0).float().cpu()
        n = len(texts)
        return {
            "text_attributes": self._share(raw[:n].numpy()),
            "text_attributes_mean_face": self._mean_face,
            "asked": float(said[:n].mean()),
            "unasked": float(said[n:].mean()),
        }

    def _share(self, raw: np.ndarray) -> float:
        """Of raw θ (N, D)."""
        said = ThetaLayout.of(self.model).decode(raw)
        faces = zip(said.identity, said.expression, said.albedo, strict=True)
        found = [present(one.asked, read(self.model, *face)) for one, face in zip(self._texts, faces, strict=True)]
        hits, named = np.sum(found, 0)
        return float(hits / named)
