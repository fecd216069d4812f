"""What a llama-type language model is made of, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

from facegpt_ros.errors import WeightsError


@dataclass(frozen=True)
class LanguageConfig:
    """Attributes: layers K, width D, heads H, key_heads G (query heads share them), hidden F of the MLP, vocabulary V,
    context (longest sequence, tokens), rope_base θ of the rotary embedding, epsilon of the norms.
    """

    layers: int
    width: int
    heads: int
    key_heads: int
    hidden: int
    vocabulary: int
    context: int = 2048
    rope_base: float = 10_000.0
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        if self.width % (2 * self.heads) or self.heads % self.key_heads:
            raise WeightsError(
                f"width {self.width}, {self.heads} heads and {self.key_heads} key heads do not divide; "
                "width needs an even share for each head, heads a whole number for each key head"
            )

    @property
    def head_width(self) -> int:
        """W = D / H."""
        return self.width // self.heads
