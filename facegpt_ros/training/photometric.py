"""Photometric loss: the rendered skin against the photo (Deep3DFaceRecon, Deng et al. 2019, eq. 1)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from facegpt_ros.model.regressor import Theta
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.render.differentiable import render

_SURE = 0.5


class Drawn(NamedTuple):
    """Of N crops: image and photo (N, 3, s, s) RGB 0..1, and mask (N, s, s) bool where they are compared."""

    image: Tensor
    photo: Tensor
    mask: Tensor


class PhotometricLoss(nn.Module):
    """Renders the face region of each estimate over its crop and compares colours where the mesh is.

    Only skin, lips and brows are compared: eyes, the inside of the mouth and the hairline do not look like the model's.

    Args:
        model: the morphable model.
        size: of the compared pictures, px.
    """

    def __init__(self, model: MorphableModel, size: int = 64) -> None:
        super().__init__()
        self.size = size
        regions = model.regions
        face = regions["face"] > _SURE
        corners = face[model.triangles].all(1)
        triangles = model.triangles[corners]
        used, flat = np.unique(triangles, return_inverse=True)
        bases, count = model.bases, len(used)

        def keep(name: str, array: np.ndarray) -> None:
            self.register_buffer(name, torch.from_numpy(np.ascontiguousarray(array)), persistent=False)

        def part(basis: np.ndarray) -> np.ndarray:
            return basis.reshape(len(basis), -1, 3)[:, used].reshape(len(basis), 3 * count)

        keep("triangles", flat.reshape(-1, 3).astype(np.int32))
        keep("mean", bases["mean"][used])
        keep("identity", part(bases["identity"]))
        keep("expression", part(bases["expression"]))
        keep("albedo_mean", bases["albedo_mean"][used])
        keep("albedo", part(bases["albedo"]))
        compared = np.zeros(model.n_vertices, bool)
        for name in ("skin", "lips", "brows"):
            compared |= regions[name] > _SURE
        for name in ("eyes", "mouth_inner"):
            compared &= regions[name] < _SURE
        keep("compared", compared[triangles].all(1))

    def forward(self, theta: Theta, half_extent: Tensor, crops: Tensor) -> Tensor:
        """L2,1 over compared pixels, scalar, RGB 0..1; arguments as of drawn."""
        return self.distance(self.drawn(theta, half_extent, crops))

    @staticmethod
    def distance(drawn: Drawn) -> Tensor:
        """See forward."""
        distance = ((drawn.image - drawn.photo).square().sum(1) + 1e-6).sqrt()
        return (distance * drawn.mask).sum() / drawn.mask.sum().clamp_min(1)

    def drawn(self, theta: Theta, half_extent: Tensor, crops: Tensor) -> Drawn:
        """Each estimate's face region as its camera sees it.

        Args:
            theta: of N crops.
            half_extent: h (N,).
            crops: (N, S, S, 3) uint8 BGR.
        """
        target = crops.permute(0, 3, 1, 2).flip(1).float() / 255  # (N, 3, S, S) RGB
        target = functional.interpolate(target, (self.size, self.size), mode="area")
        points = self.mean + (theta.identity @ self.identity + theta.expression @ self.expression).view(
            len(crops), -1, 3
        )
        depth = 1 / (half_extent * theta.scale)  # (N,)
        shift = torch.cat([theta.offset * half_extent[:, None], torch.ones_like(depth)[:, None]], 1) * depth[:, None]
        points = points @ theta.rotation.transpose(1, 2) + shift[:, None]
        colours = self.albedo_mean + (theta.albedo @ self.albedo).view(len(crops), -1, 3)
        image = render(points, self.triangles, colours, theta.illumination, 1 / half_extent, self.size)
        seen = image.triangle_id.long()
        return Drawn(image.image, target, (seen >= 0) & self.compared[seen.clamp_min(0)])
