"""Teaches <FACE> to say how far off it is: the likelihood of the errors that it makes under the spread that it says."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from facegpt_ros.model.face_head import Spread
from facegpt_ros.model.regressor import Theta, decode
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.training.losses import FaceGeometry

_LIMIT = math.log(1e-3)


def negative_log_likelihood(error: Tensor, log_sigma: Tensor) -> Tensor:
    """Of absolute errors under Laplace distributions of standard deviation σ, mean; long tails move it little.

    The errors carry no gradient: a spread must follow the errors, never excuse them (Kendall and Gal 2017, sec. 2.2,
    with the mean held).
    """
    scale = log_sigma.clamp_min(_LIMIT) - 0.5 * math.log(2)  # log of b, as σ² = 2 b²
    return (error.detach() * torch.exp(-scale) + scale).mean()


def render_spread(
    geometry: FaceGeometry, layout: ThetaLayout, raw: Tensor, spread: Spread, batch: dict[str, Tensor]
) -> dict[str, Tensor]:
    """Terms on renders with exact labels.

    Args:
        raw: predicted (N, D); spread: of the same faces.
        batch: theta (N, D), half_extent (N,), landmarks (N, 68, 2) crop units. All show a face.
    """
    theta, truth = decode(layout, raw.detach()), decode(layout, batch["theta"])
    moved = geometry.projected_landmarks(theta, batch["half_extent"]) - batch["landmarks"]
    shape = ((theta.identity - truth.identity) @ geometry.shape_distance).abs().mean(1, keepdim=True)
    return {
        "landmark_spread": negative_log_likelihood(moved.abs(), spread.landmarks[..., None]),
        "angle_spread": negative_log_likelihood(angles(theta, truth), spread.angles),
        "shape_spread": negative_log_likelihood(shape, spread.shape),
        "expression_spread": negative_log_likelihood((theta.expression - truth.expression).abs(), spread.expression),
    }


def photo_spread(
    geometry: FaceGeometry, layout: ThetaLayout, raw: Tensor, spread: Spread, batch: dict[str, Tensor]
) -> dict[str, Tensor]:
    """The landmarks' term on photos: half_extent (N,), landmarks (N, 68, 2) crop units."""
    projected = geometry.projected_landmarks(decode(layout, raw.detach()), batch["half_extent"])
    return {
        "landmark_spread": negative_log_likelihood((projected - batch["landmarks"]).abs(), spread.landmarks[..., None])
    }


def angles(theta: Theta, truth: Theta) -> Tensor:
    """|yaw, pitch, roll| of the turn between two rotations, about the optical frame's y, x, z: (N, 3) rad, if small."""
    between = theta.rotation @ truth.rotation.transpose(1, 2)
    pitch, yaw, roll = (
        (between[:, 2, 1] - between[:, 1, 2]) / 2,
        (between[:, 0, 2] - between[:, 2, 0]) / 2,
        (between[:, 1, 0] - between[:, 0, 1]) / 2,
    )
    return torch.stack([yaw, pitch, roll], 1).abs()
