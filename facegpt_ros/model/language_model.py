"""A llama-type language model (SmolLM2; Allal et al. 2025) that takes embeddings: tokens, image tokens, and <FACE>.

Torch, for training and as the reference of the exported graphs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from facegpt_ros.model.kv_cache import KVCache
from facegpt_ros.model.language_config import LanguageConfig


class RMSNorm(nn.Module):
    """Zhang and Sennrich 2019, in float32 whatever comes in."""

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float()
        scale = torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.epsilon)
        return (wide * scale * self.weight).to(x.dtype)


class Rotary(nn.Module):
    """Su et al. 2021: position p turns the pair (i, i + W/2) of a head by p · base^(-2i/W)."""

    def __init__(self, config: LanguageConfig) -> None:
        super().__init__()
        half = torch.arange(0, config.head_width, 2, dtype=torch.float64) / config.head_width
        angle = torch.arange(config.context, dtype=torch.float64)[:, None] * config.rope_base**-half  # (P, W/2)
        self.register_buffer("cosine", torch.cat([angle, angle], 1).cos().float(), persistent=False)  # (P, W)
        self.register_buffer("sine", torch.cat([angle, angle], 1).sin().float(), persistent=False)

    def forward(self, x: Tensor, start: int) -> Tensor:
        """x (B, H, T, W) at positions start, start + 1, … → turned."""
        where = slice(start, start + x.shape[2])
        low, high = x.chunk(2, -1)
        turned = torch.cat([-high, low], -1)
        return x * self.cosine[where].to(x.dtype) + turned * self.sine[where].to(x.dtype)


class Attention(nn.Module):
    """Causal, several query heads to a key head (Ainslie et al. 2023)."""

    def __init__(self, config: LanguageConfig) -> None:
        super().__init__()
        self.config = config
        self.query = nn.Linear(config.width, config.heads * config.head_width, bias=False)
        self.key = nn.Linear(config.width, config.key_heads * config.head_width, bias=False)
        self.value = nn.Linear(config.width, config.key_heads * config.head_width, bias=False)
        self.output = nn.Linear(config.heads * config.head_width, config.width, bias=False)

    def forward(self, x: Tensor, rotary: Rotary, mask: Tensor | None, cache: KVCache | None, layer: int) -> Tensor:
        config = self.config
        start = cache.length if cache else 0
        query = rotary(self._heads(self.query(x), config.heads), start)  # (B, H, T, W)
        key = rotary(self._heads(self.key(x), config.key_heads), start)  # (B, G, T, W)
        value = self._heads(self.value(x), config.key_heads)
        if cache:
            key, value = cache.append(layer, key, value)  # (B, G, start + T, W)
        share = config.heads // config.key_heads
        if query.requires_grad and query.device.type == "cpu" and not cache:
            seen = _attend(query, key, value)
        else:
            key, value = key.repeat_interleave(share, 1), value.repeat_interleave(share, 1)
            seen = functional.scaled_dot_product_attention(query, key, value, mask, is_causal=mask is None)
        return self.output(seen.transpose(1, 2).flatten(2))

    def _heads(self, x: Tensor, count: int) -> Tensor:
        return x.unflatten(2, (count, self.config.head_width)).transpose(1, 2)


def _attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Causal attention of (B, H, T, W) on (B, G, T, W), as plain products.

    On a CPU the gradient of the fused kernel takes six times as long at the lengths that training has.
    """
    (batch, heads, length, width), groups = query.shape, key.shape[1]
    together = query.reshape(batch, groups, heads // groups * length, width)
    score = (together @ key.transpose(2, 3)).float() * width**-0.5  # (B, G, H / G · T, T)
    later = torch.ones(length, length, dtype=torch.bool, device=query.device).triu(1).repeat(heads // groups, 1)
    share = score.masked_fill(later, -torch.inf).softmax(-1).to(value.dtype)
    return (share @ value).view(query.shape)


class MLP(nn.Module):
    """SwiGLU (Shazeer 2020)."""

    def __init__(self, config: LanguageConfig) -> None:
        super().__init__()
        self.gate = nn.Linear(config.width, config.hidden, bias=False)
        self.up = nn.Linear(config.width, config.hidden, bias=False)
        self.down = nn.Linear(config.hidden, config.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(functional.silu(self.gate(x)) * self.up(x))


class Layer(nn.Module):
    def __init__(self, config: LanguageConfig) -> None:
        super().__init__()
        self.attention_norm = RMSNorm(config.width, config.epsilon)
        self.attention = Attention(config)
        self.mlp_norm = RMSNorm(config.width, config.epsilon)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, rotary: Rotary, mask: Tensor | None, cache: KVCache | None, layer: int) -> Tensor:
        x = x + self.attention(self.attention_norm(x), rotary, mask, cache, layer)
        return x + self.mlp(self.mlp_norm(x))


class LanguageModel(nn.Module):
    """Embeddings in, hidden states out; the embedding matrix is also the output layer.

    Args:
        config: of the model.

    Example:
        >>> model = LanguageModel(LanguageConfig(2, 16, 2, 1, 32, 100))
        >>> cache = KVCache.of(model.config, batch=1, capacity=8)
        >>> prefix = model(model.embed(torch.tensor([[1, 2, 3]])), cache)
        >>> logits = model.logits(model(model.embed(torch.tensor([[4]])), cache))
    """

    def __init__(self, config: LanguageConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.norm = RMSNorm(config.width, config.epsilon)
        self.rotary = Rotary(config)

    def embed(self, tokens: Tensor) -> Tensor:
        """Ids (B, T) → (B, T, D)."""
        return self.embedding(tokens)

    def forward(self, x: Tensor, cache: KVCache | None = None, depth: int | None = None) -> Tensor:
        """Embeddings (B, T, D) → normed hidden states (B, T, D) after so many layers; no more run.

        Args:
            x: what follows that which the cache holds.
            cache: grows by T positions; None: x is all there is. It must always be used with the same depth.
            depth: layers; None: all.

        Raises:
            WeightsError: the cache is full.
        """
        mask = None
        if cache and cache.length and x.shape[1] > 1:
            past = cache.length
            mask = torch.ones(x.shape[1], past + x.shape[1], dtype=torch.bool, device=x.device).tril(
                past
            )  # (T, past + T)
        elif cache and cache.length:
            mask = torch.ones(1, 1 + cache.length, dtype=torch.bool, device=x.device)
        for i, layer in enumerate(self.layers[:depth]):
            x = layer(x, self.rotary, mask, cache, i)
        if cache:
            cache.length += x.shape[1]
        return self.norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        """(B, T, D) → (B, T, V)."""
        return functional.linear(hidden, self.embedding.weight.to(hidden.dtype))
