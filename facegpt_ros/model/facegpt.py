"""FaceGPT: a language model that sees a face, and whose <FACE> token carries it in 3D (arXiv 2406.07163).

crop → vision encoder → image tokens → [prompt] + image tokens + <FACE> → language model → σ → θ and its spread.
Torch, for training and as the reference of the exported graphs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from facegpt_ros.model import prompts
from facegpt_ros.model.face_head import FaceHead, Spread
from facegpt_ros.model.kv_cache import KVCache
from facegpt_ros.model.language_model import LanguageModel
from facegpt_ros.model.projector import Projector
from facegpt_ros.model.regressor import Regressor
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.model.tokenizer import Tokenizer

IMAGE = -1  # stands for an image token in ids


class Sequences(NamedTuple):
    """B sequences, padded on the right: what is causal never sees the padding.

    ids (B, T): tokens, IMAGE where an image token goes; image (B,): row of the image tokens, -1 without one;
    face (F, 2): row and column of every <FACE>; learnt (B, T): whether the language loss asks for this token.
    """

    ids: Tensor
    image: Tensor
    face: Tensor
    learnt: Tensor


class Output(NamedTuple):
    """raw θ (F, size) and spread of each <FACE>, hidden states (B, T, D)."""

    raw: Tensor
    spread: Spread
    hidden: Tensor


class FaceGPT(nn.Module):
    """All of it.

    Args:
        vision: the trained CNN: its features become image tokens, its own θ is the first guess.
        language: with or without adapters.
        tokenizer: of the language model.
        side: places along each side of the vision encoder's feature map.
        depth: how many of the language model's layers run before <FACE> is read; None: all.

    Attributes:
        precision: what the language model computes in; the vision encoder and σ stay float32, for θ needs its digits.
    """

    def __init__(
        self, vision: Regressor, language: LanguageModel, tokenizer: Tokenizer, side: int = 4, depth: int | None = None
    ) -> None:
        super().__init__()
        width = language.config.width
        self.vision, self.language, self.tokenizer, self.depth = vision, language, tokenizer, depth
        self.layout: ThetaLayout = vision.layout
        scale = float(language.embedding.weight.detach().std())
        self.precision = torch.float32
        self.projector = Projector(side, width, scale)
        self.ours = nn.Parameter(scale * torch.randn(tokenizer.size - tokenizer.own, width))  # <FACE>
        self.head = FaceHead(width, self.layout)
        self.register_buffer("mean", torch.from_numpy(self.layout.mean()), persistent=False)

    def see(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """crops (N, S, S, 3) uint8 BGR → image tokens (N, T, D) and first guesses (N, size)."""
        features, pooled = self.vision.look(crops)
        return self.projector(features, pooled), self.vision.head(pooled)

    def embed(self, ids: Tensor, image: Tensor, image_tokens: Tensor | None) -> Tensor:
        """ids (B, T), row of each sequence's image (B,), image tokens (N, P, D) → embeddings (B, T, D)."""
        own = self.language.config.vocabulary
        x = self.language.embed(ids.clamp(0, own - 1))
        x = torch.where((ids >= own)[..., None], self.ours[(ids - own).clamp_min(0)].to(x.dtype), x)
        if image_tokens is not None:
            at = (ids == IMAGE).nonzero()  # (B' P, 2), row by row
            rows = image[at[:, 0]]
            nth = torch.arange(len(at), device=ids.device) % self.projector.tokens
            x = x.index_put((at[:, 0], at[:, 1]), image_tokens[rows, nth].to(x.dtype))
        return x

    def forward(self, sequences: Sequences, image_tokens: Tensor | None = None, guess: Tensor | None = None) -> Output:
        """Reads sequences; says θ at every <FACE>. image_tokens and guess are see's."""
        ids, image, face, _ = sequences
        hidden = self.read(self.embed(ids, image, image_tokens))  # (B, T, D)
        first = self.mean.expand(len(face), -1)
        if guess is not None:
            row = image[face[:, 0]]
            first = torch.where((row >= 0)[:, None], guess[row.clamp_min(0)], first)
        raw, spread = self.head(hidden[face[:, 0], face[:, 1]], first)
        return Output(raw, spread, hidden)

    def read(self, x: Tensor, cache: KVCache | None = None) -> Tensor:
        """Embeddings (B, T, D) → hidden states (B, T, D) float32."""
        with torch.autocast(x.device.type, self.precision, enabled=self.precision != torch.float32):
            return self.language(x, cache, self.depth).float()

    def logits(self, hidden: Tensor) -> Tensor:
        """(…, D) → (…, V + ours): the language model's words, and <FACE>."""
        return torch.cat([self.language.logits(hidden), hidden @ self.ours.T.to(hidden.dtype)], -1)

    def sequences(self, parts: Sequence[Sequence[prompts.Part]], image: Sequence[int]) -> Sequences:
        """Prompts and the row of each one's image, -1 without → Sequences."""
        device = self.ours.device
        read = [prompts.tokens(p, self.tokenizer, self.projector.tokens) for p in parts]
        longest = max(len(ids) for ids, _ in read)
        ids = torch.full((len(read), longest), self.tokenizer.end)
        learnt = torch.zeros((len(read), longest), dtype=torch.bool)
        for i, (own, asked) in enumerate(read):
            ids[i, : len(own)] = torch.tensor(own)
            learnt[i, : len(own)] = torch.tensor(asked)
        face = (ids == self.tokenizer.face).nonzero()
        return Sequences(ids.to(device), torch.tensor(image).to(device), face.to(device), learnt.to(device))

    def frame_sequences(self, count: int) -> Sequences:
        """The per-frame prompt for each of `count` crops."""
        return self.sequences([prompts.frame()] * count, range(count))  # type: ignore[arg-type]

    def estimate(self, crops: Tensor, cache: KVCache | None = None) -> tuple[Tensor, Spread]:
        """Every crop (N, S, S, 3) uint8 BGR → raw θ (N, size) and spread, by the per-frame prompt.

        Args:
            cache: of frame_cache(); its prefix is then not read again.
        """
        image_tokens, guess = self.see(crops)
        if cache is None:
            out = self(self.frame_sequences(len(crops)), image_tokens, guess)
            return out.raw, out.spread
        ids, _ = prompts.tokens(prompts.frame_suffix(), self.tokenizer, 0)
        suffix = torch.tensor(ids, device=crops.device).expand(len(crops), -1)
        end = self.embed(suffix, torch.full((len(crops),), -1), None)
        own = cache.repeat(len(crops), room=self.projector.tokens + len(ids))
        hidden = self.read(torch.cat([image_tokens, end], 1), own)
        return self.head(hidden[:, -1], guess)

    def frame_cache(self) -> KVCache:
        """Keys and values of the per-frame prompt's beginning, which is the same for every face: read once."""
        ids, _ = prompts.tokens(prompts.frame_prefix(), self.tokenizer, 0)
        x = self.embed(torch.tensor([ids], device=self.ours.device), torch.tensor([-1]), None)
        cache = KVCache.of(self.language.config, 1, len(ids), x.dtype, x.device)
        self.read(x, cache)
        return cache
