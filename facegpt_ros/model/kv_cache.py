"""Keys and values of what a language model has read, kept so that it is read once."""

from __future__ import annotations

import torch
from torch import Tensor

from facegpt_ros.errors import WeightsError
from facegpt_ros.model.language_config import LanguageConfig


class KVCache:
    """Preallocated, one buffer for all layers; positions 0..length-1 are filled.

    Args:
        keys, values: (K, B, G, capacity, W).
        length: filled positions.

    Example:
        >>> cache = KVCache.of(LanguageConfig(2, 16, 2, 1, 32, 100), batch=1, capacity=64)
        >>> cache.length
        0
    """

    def __init__(self, keys: Tensor, values: Tensor, length: int = 0) -> None:
        self.keys, self.values, self.length = keys, values, length

    @classmethod
    def of(
        cls,
        config: LanguageConfig,
        batch: int,
        capacity: int,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> KVCache:
        """Empty, for this model."""
        shape = (config.layers, batch, config.key_heads, capacity, config.head_width)
        return cls(torch.zeros(shape, dtype=dtype, device=device), torch.zeros(shape, dtype=dtype, device=device))

    @property
    def capacity(self) -> int:
        return self.keys.shape[3]

    def append(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Writes (B, G, T, W) behind what is there; returns the layer's (B, G, length + T, W).

        length itself grows when all layers are done (LanguageModel.forward).

        Raises:
            WeightsError: no room is left.
        """
        end = self.length + key.shape[2]
        if end > self.capacity:
            raise WeightsError(
                f"{end} positions do not fit into a cache of {self.capacity}; ask shorter, or make it larger"
            )
        self.keys[layer, :, :, self.length : end] = key
        self.values[layer, :, :, self.length : end] = value
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]

    def repeat(self, batch: int, room: int = 0) -> KVCache:
        """The same prefix for each of `batch` continuations of up to `room` more positions: a copy."""
        layers, _, heads, _, width = self.keys.shape
        shape = (layers, batch, heads, self.length + room, width)
        copies = []
        for held in (self.keys, self.values):
            copy = held.new_zeros(shape)
            copy[..., : self.length, :] = held[..., : self.length, :]
            copies.append(copy)
        return KVCache(copies[0], copies[1], self.length)

    def cut(self, length: int) -> None:
        """Forgets all after the first `length` positions, as when the next frame replaces this one's."""
        if not 0 <= length <= self.length:
            raise WeightsError(f"length is {length}; the cache holds {self.length} positions")
        self.length = length
