"""What a face from words is worth: shape, expression and colours against the likeliest face that is as described."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from facegpt_ros.model.regressor import decode
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.training.losses import FaceGeometry

WORDS_WEIGHTS = {"axes": 2.0, "vertices": 0.25, "expression": 60.0, "tone": 4.0, "colour": 60.0, "rest": 0.3}
#: What words name moves away from the mean face; a named thing missed is worse than another that came along.
_NAMED = 2.0
_TONES = ("skin_lightness", "skin_yellowness", "skin_redness")


class WordsLoss(nn.Module):
    """Call with predicted and target raw θ, then losses.total with WORDS_WEIGHTS."""

    def __init__(self, model: MorphableModel, layout: ThetaLayout, geometry: FaceGeometry) -> None:
        super().__init__()
        self.layout = layout
        self.geometry = geometry
        readout = model.axes.describe(np.eye(len(model.identity_names))).astype(np.float32)  # (I, A)
        self.register_buffer("readout", torch.from_numpy(readout), persistent=False)
        self.tones = [i for i, name in enumerate(model.albedo_names) if name in _TONES]

    def forward(self, raw: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Unweighted terms, scalars: raw (F, D), target (F, D).

        axes: named axes of identity, σ²; vertices mm; expression, activations²; tone, σ²; colour, RGB² 0..1; rest: what
        no word speaks of, pose and light, in raw units. Squares, for a text names few of them: |.| asks for the median,
        which is a face at rest (after 5,000 texts not one of 52 actions had moved, while the frequent axes had).
        """
        layout, geometry = self.layout, self.geometry
        said, meant = decode(layout, raw), decode(layout, target)
        d_identity, d_expression = said.identity - meant.identity, raw[:, layout.expression] - meant.expression
        d_albedo = said.albedo - meant.albedo
        moved = d_identity @ geometry.vertex_identity + d_expression @ geometry.vertex_expression
        rest = slice(layout.illumination.start, layout.presence)
        named = 1 + _NAMED * (meant.identity @ self.readout).abs().clamp(max=1)
        acting = (1 + _NAMED * meant.expression) * geometry.expression_weights
        return {
            "axes": ((d_identity @ self.readout).square() * named).mean(),
            "vertices": 1000 * (moved.view(len(moved), -1, 3).square().sum(-1) + 1e-10).sqrt().mean(),
            "expression": (d_expression.square() * acting).mean(),
            "tone": d_albedo[:, self.tones].square().mean() if self.tones else d_albedo.sum() * 0,
            "colour": (d_albedo @ geometry.vertex_albedo).square().mean(),
            "rest": (raw[:, rest] - target[:, rest]).abs().mean(),
        }
