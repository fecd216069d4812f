"""FaceGPT: a language model that sees a face, and whose <FACE> token carries it in 3D (arXiv 2406.07163).

crop → vision encoder → image tokens; then as every FaceVLM (model/vlm.py).
Torch, for training and as the reference of the exported graphs.
"""

from __future__ import annotations

import copy

from torch import Tensor

from facegpt_ros.model.face_head import FaceHead
from facegpt_ros.model.kv_cache import KVCache
from facegpt_ros.model.language_model import LanguageModel
from facegpt_ros.model.projector import Projector
from facegpt_ros.model.regressor import Regressor
from facegpt_ros.model.tokenizer import TokenizerLike
from facegpt_ros.model.vlm import IMAGE, FaceVLM, Sequences

__all__ = ["IMAGE", "FaceGPT", "Sequences"]


class FaceGPT(FaceVLM):
    """The small one, which runs on a robot: the trained CNN sees, SmolLM2 speaks.

    Args:
        vision: the trained CNN: its features become image tokens, its own θ is the first guess.
        language: with or without adapters.
        tokenizer: of the language model.
        side: places along each side of the vision encoder's feature map.
        depth: how many of the language model's layers run before <FACE> is read; None: all. Words always take all.
    """

    def __init__(
        self,
        vision: Regressor,
        language: LanguageModel,
        tokenizer: TokenizerLike,
        side: int = 4,
        depth: int | None = None,
    ) -> None:
        width = language.config.width
        scale = float(language.embedding.weight.detach().std())
        super().__init__(tokenizer, vision.layout, width, scale)
        self.vision, self.language = vision, language
        self.depth = min(depth or len(language.layers), len(language.layers))
        self.projector = Projector(side, width, scale)

    @property
    def tokens_per_image(self) -> int:
        return self.projector.tokens

    def early(self, layers: int, head: FaceHead) -> FaceGPT:
        """The same network, sharing all parts but the head, which reads after so few layers."""
        other = copy.copy(self)
        other._modules = {**self._modules, "head": head}
        other.depth = layers
        return other

    def see(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        features, pooled = self.vision.look(crops)
        return self.projector(features, pooled), self.vision.head(pooled)

    def words(self, ids: Tensor) -> Tensor:
        return self.language.embed(ids)

    def run(self, x: Tensor, cache: KVCache | None = None, words: bool = False) -> Tensor:
        return self.language(x.to(self.precision), cache, None if words else self.depth)

    def say(self, hidden: Tensor) -> Tensor:
        return self.language.logits(hidden)

    def cache(self, batch: int, capacity: int) -> KVCache:
        return KVCache.of(self.language.config, batch, capacity, device=self.ours.device)
