"""What a face from words is worth: having what is named, and for the rest being near the likeliest such face."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from facegpt_ros.model.regressor import decode
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.training.attribute_loss import AttributeLoss, AttributeReadout
from facegpt_ros.training.losses import FaceGeometry

WORDS_WEIGHTS = {
    "attributes": 16.0,
    "axes": 2.0,
    "vertices": 0.25,
    "expression": 60.0,
    "albedo": 2.0,
    "colour": 60.0,
    "rest": 0.3,
}


class WordsLoss(nn.Module):
    """Call with predicted and target raw θ and what is named, then losses.total with WORDS_WEIGHTS."""

    def __init__(self, model: MorphableModel, layout: ThetaLayout, geometry: FaceGeometry) -> None:
        super().__init__()
        self.layout = layout
        self.geometry = geometry
        self.attributes, self.missed = AttributeReadout(model), AttributeLoss()
        axes = model.axes.describe(np.eye(len(model.identity_names))).astype(np.float32)  # (I, A)
        self.register_buffer("axes", torch.from_numpy(axes), persistent=False)

    def forward(self, raw: Tensor, target: Tensor, wanted: Tensor) -> dict[str, Tensor]:
        """Unweighted terms, scalars.

        attributes: see AttributeLoss; axes: named axes of identity, σ²; vertices mm; expression, activations²; albedo,
        σ²; colour, RGB² 0..1; rest: what no word speaks of, pose and light, in raw units. Squares, for a text names few
        of them: |.| asks for the median, which is a face at rest (after 5,000 texts not one of 52 actions had moved,
        while the frequent axes had).

        Args:
            raw, target: (F, D).
            wanted: limits (F, K, 2) of what is named (attribute_loss.limits).
        """
        layout, geometry = self.layout, self.geometry
        said, meant = decode(layout, raw), decode(layout, target)
        d_identity, d_expression = said.identity - meant.identity, raw[:, layout.expression] - meant.expression
        d_albedo = said.albedo - meant.albedo
        moved = d_identity @ geometry.vertex_identity + d_expression @ geometry.vertex_expression
        rest = slice(layout.illumination.start, layout.presence)
        read = self.attributes(said.identity, raw[:, layout.expression], said.albedo)
        return {
            "attributes": self.missed(read, wanted),
            "axes": (d_identity @ self.axes).square().mean(),
            "vertices": 1000 * (moved.view(len(moved), -1, 3).square().sum(-1) + 1e-10).sqrt().mean(),
            "expression": (d_expression.square() * geometry.expression_weights).mean(),
            "albedo": d_albedo.square().mean(),
            "colour": (d_albedo @ geometry.vertex_albedo).square().mean(),
            "rest": (raw[:, rest] - target[:, rest]).abs().mean(),
        }
