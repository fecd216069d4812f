"""Vision features → image tokens, in the language model's width."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from facegpt_ros.model.regressor import FEATURES, POOLED

SUMMARY = 2  # tokens that say the picture as a whole, after those that say its parts


class Projector(nn.Module):
    """Two layers for each place (as in LLaVA-1.5, Liu et al. 2023), and SUMMARY tokens from the pooled features.

    Args:
        side: places along each side of the feature map.
        width: D.
        scale: standard deviation that tokens begin with: the language model's own embeddings'.
    """

    def __init__(self, side: int, width: int, scale: float = 0.1) -> None:
        super().__init__()
        self.side, self.width = side, width
        self.place = nn.Sequential(nn.Linear(FEATURES, width), nn.GELU(), nn.Linear(width, width))
        self.whole = nn.Sequential(nn.Linear(POOLED, 2 * width), nn.GELU(), nn.Linear(2 * width, SUMMARY * width))
        self.position = nn.Parameter(scale * torch.randn(side * side + SUMMARY, width))
        self.norm = nn.LayerNorm(width)
        nn.init.constant_(self.norm.weight, scale)

    @property
    def tokens(self) -> int:
        """T: image tokens for a crop."""
        return self.side * self.side + SUMMARY

    def forward(self, features: Tensor, pooled: Tensor) -> Tensor:
        """(N, FEATURES, side, side) and (N, POOLED) → (N, T, D)."""
        places = self.place(features.flatten(2).transpose(1, 2))  # (N, side², D)
        whole = self.whole(pooled).unflatten(1, (SUMMARY, self.width))  # (N, SUMMARY, D)
        return self.norm(torch.cat([places, whole], 1)) + self.position
