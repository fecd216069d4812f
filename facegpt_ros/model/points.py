"""Points of the face in the picture, by integral regression: where a heatmap lies on average, finer than its cells.

Landmarks and points all over the face are what shape and expression can be read from (Wood et al. 2022, "3D face
reconstruction with dense landmarks"); a global average of features does not keep them. The integral is that of Sun et
al. 2018. Torch, for training only.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

LANDMARKS, DENSE = 68, 104  # the first points are the landmarks
POINTS = LANDMARKS + DENSE
_WIDTH = 96
_REACH = 1.25  # crop units; jitter may leave a point outside the crop


class PointMaps(nn.Module):
    """Features of three sizes → points (in the manner of feature pyramids, Lin et al. 2017).

    Args:
        channels: of the maps, the largest map first, each half as wide as the one before.
    """

    def __init__(self, channels: tuple[int, int, int]) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(count, _WIDTH, 1) for count in channels)
        self.smooth = nn.ModuleList(
            nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1, groups=_WIDTH) for _ in range(len(channels) - 1)
        )
        self.heat = nn.Conv2d(_WIDTH, POINTS, 1)

    def forward(self, large: Tensor, middle: Tensor, small: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (N, C, 4s, 4s), (N, C', 2s, 2s), (N, C'', s, s) → points (N, POINTS, 2) crop units, and how sharp each
        one's heatmap is (N, POINTS), 0..1.
        """
        x = functional.relu(self.lateral[2](small))
        for at, features in ((1, middle), (0, large)):
            x = _twice(x) + self.lateral[at](features)
            x = x + functional.relu(self.smooth[at](x))
        heat = self.heat(x)  # (N, POINTS, 4s, 4s)
        side = heat.shape[-1]
        share = heat.flatten(2).softmax(2)
        first = _REACH * (1 - 1 / side)
        ramp = torch.linspace(-first, first, side, device=heat.device)
        grid = torch.stack([ramp.repeat(side), ramp.repeat_interleave(side)], 1)  # (side², 2) x, y
        return share @ grid, share.square().sum(2)


def _twice(x: Tensor) -> Tensor:
    """(N, C, h, w) → (N, C, 2h, 2w), every value four times; in operations whose shapes exporters can follow."""
    count, channels, height, width = x.shape
    wide = x[:, :, :, None, :, None].expand(-1, -1, -1, 2, -1, 2)
    return wide.reshape(count, channels, 2 * height, 2 * width)
