"""What is wrong with faces and spreads said of crops: exact labels on renders, landmarks and pixels of photos."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from facegpt_ros.model.face_head import Spread
from facegpt_ros.model.regressor import decode
from facegpt_ros.training.batches import Batch
from facegpt_ros.training.losses import PHOTO_WEIGHTS, RENDER_WEIGHTS, RegressorLoss, total
from facegpt_ros.training.perceptual import PerceptualLoss
from facegpt_ros.training.photometric import PhotometricLoss
from facegpt_ros.training.second_view import CONSISTENCY_WEIGHTS, ConsistencyLoss, SecondView
from facegpt_ros.training.spread_loss import photo_spread, render_spread

SPREAD_WEIGHTS = {"landmark_spread": 0.3, "angle_spread": 0.1, "shape_spread": 0.1, "expression_spread": 0.1}
_TWINS_WEIGHT = 1.0  # mm, of 2 for the distance to the truth
_PHOTOMETRIC_PHOTOS = 8


class FrameLoss(nn.Module):
    """Call with what is said of a batch; the loss, and every term unweighted, named renders.* and photos.*.

    Args:
        of_theta: the terms of θ alone.
        photometric, perceptual: compare photos with what is drawn of them.
        consistency: compares photos with themselves, seen again.
    """

    def __init__(
        self,
        of_theta: RegressorLoss,
        photometric: PhotometricLoss | None = None,
        perceptual: PerceptualLoss | None = None,
        consistency: ConsistencyLoss | None = None,
    ) -> None:
        super().__init__()
        self.of_theta, self.photometric = of_theta, photometric
        self.perceptual, self.consistency = perceptual, consistency

    def forward(
        self, raw: Tensor, spread: Spread, batch: Batch, twins: int = 0, again: SecondView | None = None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """raw (N, D) and spread of training/batches.py's N crops.

        Args:
            twins: pairs of renders, the first ones, that show one person.
            again: the photos seen again; what is said of it stands behind raw's and spread's N rows.
        """
        geometry, layout = self.of_theta.geometry, self.of_theta.layout
        n, count = len(batch["theta"]), len(batch["half_extent"])
        raw, said_again, spread = raw[:count], raw[count:], Spread(*(part[:count] for part in spread))
        half_extent, landmarks = batch["half_extent"], batch["landmarks"]
        renders = self.of_theta.render_terms(raw[:n], batch["theta"], half_extent[:n], landmarks[:n])
        present = batch["theta"][:, layout.presence] > 0.5
        of_renders = {"half_extent": half_extent[:n][present], "landmarks": landmarks[:n][present]}
        of_renders["theta"] = batch["theta"][present]
        of_present = Spread(*(part[:n][present] for part in spread))
        spreads = render_spread(geometry, layout, raw[:n][present], of_present, of_renders)
        loss = (n / len(raw)) * (total(renders, RENDER_WEIGHTS) + total(spreads, SPREAD_WEIGHTS))
        renders |= spreads
        if twins:
            renders["twins"] = self._twin_distance(raw[: 2 * twins])
            loss = loss + _TWINS_WEIGHT * renders["twins"]
        photos: dict[str, Tensor] = {}
        if len(raw) > n:
            photos = self.of_theta.photo_terms(raw[n:], half_extent[n:], landmarks[n:])
            photos |= self._pixels(raw, batch)
            loss = loss + (1 - n / len(raw)) * total(photos, PHOTO_WEIGHTS)
            if again is not None and self.consistency is not None:
                both = decode(layout, raw[n:]), decode(layout, said_again)
                same = self.consistency(*both, again, half_extent[n:])
                loss = loss + (1 - n / len(raw)) * total(same, CONSISTENCY_WEIGHTS)
                photos |= same
            of_photos = {"half_extent": half_extent[n:], "landmarks": landmarks[n:]}
            spreads = photo_spread(geometry, layout, raw[n:], Spread(*(part[n:] for part in spread)), of_photos)
            loss = loss + (1 - n / len(raw)) * total(spreads, SPREAD_WEIGHTS)
            photos |= spreads
        return loss, {f"renders.{k}": v for k, v in renders.items()} | {f"photos.{k}": v for k, v in photos.items()}

    def _pixels(self, raw: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Of photos in colour."""
        colour = len(batch["theta"]) + torch.nonzero(batch["is_colour"])[:_PHOTOMETRIC_PHOTOS, 0]
        if self.photometric is None or not len(colour):
            return {}
        theta = decode(self.of_theta.layout, raw[colour])
        drawn = self.photometric.drawn(theta, batch["half_extent"][colour], batch["crops"][colour])
        terms = {"photometric": self.photometric.distance(drawn)}
        if self.perceptual is not None:
            terms["perceptual"] = self.perceptual(*drawn)
        return terms

    def _twin_distance(self, raw: Tensor) -> Tensor:
        """How far apart the shapes of one person lie, mm; away from the truth they are pulled by the other terms."""
        identity = raw[:, self.of_theta.layout.identity]
        return ((identity[::2] - identity[1::2]) @ self.of_theta.geometry.shape_distance).abs().mean()
