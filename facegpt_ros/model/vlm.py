"""What every vision-language model that says <FACE> has in common, whoever sees and whoever speaks.

[prompt] + image tokens + <FACE> → language model with adapters → hidden state of <FACE> → σ → θ, its spread, and
whether a face was asked for at all. Words are said by the language model without adapters, just as it was before.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from facegpt_ros.model import prompts
from facegpt_ros.model.face_head import FaceHead, Output, Spread
from facegpt_ros.model.lora import adapters
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.model.tokenizer import TokenizerLike

IMAGE = -1  # stands for an image token in ids


class Sequences(NamedTuple):
    """B sequences, padded on the right: what is causal never sees the padding.

    ids (B, T): tokens, IMAGE where an image token goes; image (B,): row of the image tokens, -1 without one;
    face (F, 2): row and column of every <FACE>.
    """

    ids: Tensor
    image: Tensor
    face: Tensor


class FaceVLM(nn.Module, ABC):
    """A subclass says how it sees, and how its language model embeds, reads and speaks.

    In its state dict, what has files of its own is under "vision." and "language."; there, adapters alone are ours.

    Args:
        tokenizer: of the language model.
        layout: of θ.
        width: D of the language model.
        scale: standard deviation of the language model's embeddings, which <FACE> begins with.
        turns: how the language model marks who speaks.

    Attributes:
        precision: what the language model computes in; the vision encoder and σ stay float32, for θ needs its digits.
        base: names what the adapters were trained on, in checkpoints; None: the file named in the options.
    """

    base: str | None = None

    def __init__(
        self,
        tokenizer: TokenizerLike,
        layout: ThetaLayout,
        width: int,
        scale: float,
        turns: prompts.Turns = prompts.SMOLLM2,
    ) -> None:
        super().__init__()
        self.tokenizer, self.layout, self.turns = tokenizer, layout, turns
        self.precision = torch.float32
        self.ours = nn.Parameter(scale * torch.randn(tokenizer.size - tokenizer.own, width))  # <FACE>
        self.head = FaceHead(width, layout)
        self.register_buffer("mean", torch.from_numpy(layout.mean()), persistent=False)

    # -- what a subclass says

    @property
    @abstractmethod
    def tokens_per_image(self) -> int:
        """P."""

    @abstractmethod
    def see(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """crops (N, S, S, 3) uint8 BGR → image tokens (N, P, D) and first guesses (N, size)."""

    @abstractmethod
    def words(self, ids: Tensor) -> Tensor:
        """Ids (B, T) of the language model's own tokens → embeddings (B, T, D)."""

    @abstractmethod
    def run(self, x: Tensor, cache: Any = None, words: bool = False) -> Tensor:
        """Embeddings (B, T, D), behind what the cache holds → normed hidden states (B, T, D).

        Args:
            words: all layers, as words need them; else those after which faces are read.
        """

    @abstractmethod
    def say(self, hidden: Tensor) -> Tensor:
        """Hidden states (…, D) float32 → logits (…, V) of the language model's own tokens."""

    @abstractmethod
    def cache(self, batch: int, capacity: int) -> Any:
        """Empty, for sequences of up to `capacity` positions; its repeat(batch, room) is as KVCache's."""

    # -- what follows from it

    def tokens(self, parts: Sequence[prompts.Part]) -> list[int]:
        """Ids of a prompt, IMAGE for each image token."""
        return prompts.tokens(parts, self.tokenizer, self.tokens_per_image, self.turns)

    def alike(self, asked: Sequence[Sequence[prompts.Part]], most: int) -> list[list[int]]:
        """Numbers of prompts in groups of up to `most` of about one length: the longest says how much is padding."""
        lengths = [len(self.tokens(parts)) for parts in asked]
        order = sorted(range(len(lengths)), key=lengths.__getitem__)
        return [order[i : i + most] for i in range(0, len(order), most)]

    def embed(self, ids: Tensor, image: Tensor, image_tokens: Tensor | None) -> Tensor:
        """ids (B, T), row of each sequence's image (B,), image tokens (N, P, D) → embeddings (B, T, D)."""
        own = self.tokenizer.own
        x = self.words(ids.clamp(0, own - 1))
        x = torch.where((ids >= own)[..., None], self.ours[(ids - own).clamp_min(0)].to(x.dtype), x)
        if image_tokens is not None:
            at = (ids == IMAGE).nonzero()  # (B' P, 2), row by row
            rows = image[at[:, 0]]
            nth = torch.arange(len(at), device=ids.device) % self.tokens_per_image
            x = x.index_put((at[:, 0], at[:, 1]), image_tokens[rows, nth].to(x.dtype))
        return x

    def forward(self, sequences: Sequences, image_tokens: Tensor | None = None, guess: Tensor | None = None) -> Output:
        """Reads sequences; says what every <FACE> carries. image_tokens and guess are see's.

        Where no image is read, no gradient reaches the embeddings, for then layers without adapters need none either:
        <FACE>'s learns where there is an image.
        """
        ids, image, face = sequences
        x = self.embed(ids, image, image_tokens)
        read = self.read(x if image_tokens is not None else x.detach())  # (B, T, D)
        first = self.mean.expand(len(face), -1)
        if guess is not None:
            row = image[face[:, 0]]
            first = torch.where((row >= 0)[:, None], guess[row.clamp_min(0)], first)
        return self.head(read[face[:, 0], face[:, 1]], first)

    def read(self, x: Tensor, cache: Any = None) -> Tensor:
        """Hidden states (B, T, D) float32 that faces are read from; see run."""
        with torch.autocast(x.device.type, self.precision, enabled=self.precision != torch.float32):
            return self.run(x, cache).float()

    def foresee(self, x: Tensor, cache: Any = None) -> Tensor:
        """Hidden states (B, T, D) float32 that say the next word, for `say`: those of the language model itself."""
        with self._untouched(), torch.autocast(x.device.type, self.precision, enabled=self.precision != torch.float32):
            return self.run(x, cache, words=True).float()

    @contextmanager
    def _untouched(self) -> Iterator[None]:
        """The language model without adapters."""
        own = [adapter for _, adapter in adapters(self)]
        for adapter in own:
            adapter.off = True
        try:
            yield
        finally:
            for adapter in own:
                adapter.off = False

    def sequences(self, parts: Sequence[Sequence[prompts.Part]], image: Sequence[int]) -> Sequences:
        """Prompts and the row of each one's image, -1 without → Sequences."""
        device = self.ours.device
        read = [self.tokens(p) for p in parts]
        ids = torch.full((len(read), max(map(len, read))), self.tokenizer.end)
        for i, own in enumerate(read):
            ids[i, : len(own)] = torch.tensor(own)
        face = (ids == self.tokenizer.face).nonzero()
        return Sequences(ids.to(device), torch.tensor(image).to(device), face.to(device))

    def frame_sequences(self, count: int) -> Sequences:
        """The per-frame prompt for each of `count` crops."""
        return self.sequences([prompts.frame()] * count, range(count))  # type: ignore[arg-type]

    def estimate(self, crops: Tensor, cache: Any = None) -> tuple[Tensor, Spread]:
        """Every crop (N, S, S, 3) uint8 BGR → raw θ (N, size) and spread, by the per-frame prompt.

        Args:
            cache: of frame_cache(); its prefix is then not read again.
        """
        image_tokens, guess = self.see(crops)
        if cache is None:
            out = self(self.frame_sequences(len(crops)), image_tokens, guess)
        else:
            out = self.head(self.frame_states(image_tokens, cache), guess)
        return out.raw, out.spread

    def frame_states(self, image_tokens: Tensor, cache: Any) -> Tensor:
        """Hidden states (N, D) of the <FACE> of each image (N, P, D), by the per-frame prompt; cache: frame_cache()."""
        count, ids = len(image_tokens), self.tokens(prompts.frame_suffix())
        suffix = torch.tensor(ids, device=image_tokens.device).expand(count, -1)
        end = self.embed(suffix, torch.full((count,), -1), None)
        own = cache.repeat(count, room=self.tokens_per_image + len(ids))
        return self.read(torch.cat([image_tokens.to(end.dtype), end], 1), own)[:, -1]

    def frame_cache(self) -> Any:
        """Keys and values of the per-frame prompt's beginning, which is the same for every face: read once."""
        return self.cache_of(prompts.frame_prefix())

    def cache_of(self, beginning: Sequence[prompts.Part]) -> Any:
        """Keys and values of what prompts begin with, without an image: its repeat is what they go on from."""
        ids = self.tokens(beginning)
        cache = self.cache(1, len(ids))
        self.read(self.embed(torch.tensor([ids], device=self.ours.device), torch.tensor([-1]), None), cache)
        return cache


def is_ours(name: str) -> bool:
    """Whether a tensor of a FaceVLM is trained here: the vision encoder and the language model have their own files."""
    if name.startswith("vision."):
        return False
    return not name.startswith("language.") or name.endswith((".up", ".down"))
