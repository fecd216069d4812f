"""The same photo seen again: another framing, mirrored or not, in another light; both views must tell of one face.

What holds two views together needs no label (consistency, as in self-supervised learning of depth and pose: Godard et
al. 2017, sec. 3.3, left and right; here under similarity transforms of the crop and a change of exposure).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from facegpt_ros.model.regressor import Theta
from facegpt_ros.morphable.landmarks import IBUG68_MIRROR
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.training.losses import FaceGeometry

CONSISTENCY_WEIGHTS = {
    "same_landmarks": 10.0,  # crop units; of 25 for the distance to labels
    "same_shape": 0.25,  # mm
    "same_expression": 0.5,  # mm
    "same_albedo": 2.0,  # RGB 0..1
}
_SHIFT, _ZOOM, _TURN = 0.05, 0.08, 0.1  # deviations: crop units, log, rad
_EXPOSURE, _CAST, _GAMMA = 0.15, 0.06, 0.15  # deviations of logarithms
_VERTICES = 300
_TINY = 1e-10  # under a root, whose slope at 0 is infinite


class SecondView(NamedTuple):
    """Of N crops: crops (N, S, S, 3) uint8, half_extent (N,), and the way back.

    A point x of the first view, crop units (2,), lies at turn (x - shift) / zoom in the second, then x mirrored where
    mirrored (N,) says so. shift (N, 2), zoom (N,), turn (N, 2, 2).
    """

    crops: Tensor
    half_extent: Tensor
    shift: Tensor
    zoom: Tensor
    turn: Tensor
    mirrored: Tensor

    def back(self, points: Tensor) -> Tensor:
        """Landmarks of the second view (N, 68, 2) → where the first one has them, by their names there."""
        sign = torch.where(self.mirrored, -1.0, 1.0).to(points.dtype)[:, None]
        own = torch.stack([points[..., 0] * sign, points[..., 1]], -1)
        own = torch.where(self.mirrored[:, None, None], own[:, list(IBUG68_MIRROR)], own)
        turned = own @ self.turn.to(points.dtype)  # turnᵀ of each point
        return turned * self.zoom.to(points.dtype)[:, None, None] + self.shift.to(points.dtype)[:, None]


def second_view(crops: Tensor, half_extent: Tensor) -> SecondView:
    """Drawn by torch's generator. What lies outside the first view is black, as beyond an image's edge.

    Args:
        crops: (N, S, S, 3) uint8 BGR; half_extent: h (N,).
    """
    count, side = len(crops), crops.shape[1]
    normal = torch.randn(count, 9, device=crops.device)
    shift, zoom, angle = _SHIFT * normal[:, :2], torch.exp(_ZOOM * normal[:, 2]), _TURN * normal[:, 3]
    mirrored = torch.rand(count, device=crops.device) < 0.5
    cosine, sine = torch.cos(angle), torch.sin(angle)
    turn = torch.stack([torch.stack([cosine, sine], -1), torch.stack([-sine, cosine], -1)], 1)
    # Where each pixel of the second view is taken from: the way back, of points instead of landmarks.
    sign = torch.where(mirrored, -1.0, 1.0)
    back = zoom[:, None, None] * turn.transpose(1, 2) * torch.stack([sign, torch.ones_like(sign)], 1)[:, None]
    grid = functional.affine_grid(torch.cat([back, shift[..., None]], 2), [count, 3, side, side], align_corners=False)
    picture = functional.grid_sample(crops.permute(0, 3, 1, 2) / 255, grid, align_corners=False)
    gain = torch.exp(_EXPOSURE * normal[:, 4:5] + _CAST * normal[:, 5:8])[..., None, None]
    lit = (picture.clamp_min(0) ** torch.exp(_GAMMA * normal[:, 8])[:, None, None, None] * gain).clamp(0, 1)
    seen = (255 * lit).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()
    return SecondView(seen, half_extent * zoom, shift, zoom, turn, mirrored)


class ConsistencyLoss(nn.Module):
    """Call with what is said of both views; unweighted terms.

    Light is not compared, for it is another one; so is the pose, which the landmarks hold.

    Args:
        model: the morphable model.
        geometry: of the same model.
    """

    def __init__(self, model: MorphableModel, geometry: FaceGeometry) -> None:
        super().__init__()
        self.geometry = geometry
        face = np.flatnonzero(model.regions["face"] > 0.5)
        chosen = face[np.linspace(0, len(face) - 1, min(_VERTICES, len(face))).astype(int)]
        for name in ("identity", "expression", "albedo"):
            basis = model.bases[name].reshape(len(model.bases[name]), -1, 3)
            sides = basis[:, chosen], basis[:, model.mirror[chosen]] * ((1, 1, 1) if name == "albedo" else (-1, 1, 1))
            for side, part in zip(("own", "other"), sides, strict=True):
                array = np.ascontiguousarray(part.reshape(len(basis), -1), np.float32)
                self.register_buffer(f"{name}_{side}", torch.from_numpy(array), persistent=False)

    def forward(self, first: Theta, second: Theta, view: SecondView, half_extent: Tensor) -> dict[str, Tensor]:
        """θ of N crops and of view; half_extent (N,) of the first.

        same_landmarks in crop units of the first; same_shape and same_expression mm; same_albedo RGB 0..1.
        """
        at = self.geometry.projected_landmarks(first, half_extent)
        again = view.back(self.geometry.projected_landmarks(second, view.half_extent.to(at.dtype)))

        def apart(name: str, units: float) -> Tensor:
            one, two = getattr(first, name), getattr(second, name)
            own, other = getattr(self, f"{name}_own"), getattr(self, f"{name}_other")
            away = torch.where(view.mirrored[:, None], two @ other, two @ own)
            moved = (one @ own - away).view(len(one), -1, 3)
            return units * ((moved.square().sum(-1) + _TINY).sqrt() - _TINY**0.5).mean()

        return {
            "same_landmarks": (at - again).abs().mean(),
            "same_shape": apart("identity", 1000),
            "same_expression": apart("expression", 1000),
            "same_albedo": apart("albedo", 1),
        }
