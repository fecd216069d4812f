"""Makes the spread that <FACE> says as wide as its errors are on the val split, where it never learnt."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from facegpt_ros.model.face_head import Spread
from facegpt_ros.model.regressor import decode
from facegpt_ros.model.vlm import FaceVLM
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.training.losses import FaceGeometry
from facegpt_ros.training.spread_loss import angles
from facegpt_ros.training.validation import Validation

WITHIN = 0.6827  # of Gaussian errors lie within one standard deviation
NARROWEST = 0.05  # factor; an activation that is 0 in truth and in the estimate has no error at all
_TOGETHER = 16


@torch.no_grad()
def calibrate(net: FaceVLM, model: MorphableModel, val: Validation) -> dict[str, dict[str, float]]:
    """Adds one number to the logarithms of each part of the spread, in place, so that WITHIN of the errors lie inside.

    Every set of photos and the renders count alike for landmarks; the other parts have their truth on renders alone.

    Args:
        net: its θ stays as it is.

    Returns:
        Part → "before", the share of its errors within one σ until now, and "factor", by which its σ grew.
    """
    geometry, layout = FaceGeometry(model), net.layout
    ratios: dict[str, list[np.ndarray]] = {"landmarks": []}
    for crops, half_extent, landmarks in val.labelled():
        raw, spread = estimates(net, crops)
        said = geometry.projected_landmarks(decode(layout, raw), torch.from_numpy(half_extent))
        error = (said - torch.from_numpy(landmarks)).abs()
        ratios["landmarks"].append((error / spread.landmarks.exp()[..., None]).flatten().numpy())
    truth = torch.from_numpy(val.renders.theta)
    raw, spread = estimates(net, val.renders.crops)
    present = truth[:, layout.presence] > 0.5
    own, label = decode(layout, raw[present]), decode(layout, truth[present])
    errors = {
        "angles": angles(own, label),
        "shape": ((own.identity - label.identity) @ geometry.shape_distance).abs().mean(1, keepdim=True),
        "expression": (own.expression - label.expression).abs(),
    }
    for name, error in errors.items():
        ratios[name] = [(error / getattr(spread, name)[present].exp()).flatten().numpy()]
    report, shift = {}, {}
    for name, sets in ratios.items():
        factor = _factor(sets)
        before = float(np.mean([(one <= 1).mean() for one in sets]))
        report[name] = {"before": round(before, 4), "factor": round(factor, 4)}
        shift[name] = np.log(factor)
    net.head.widen(shift)
    return report


def _factor(sets: list[np.ndarray]) -> float:
    """The smallest factor under which WITHIN of the ratios lie, each set counting alike."""
    values = np.concatenate(sets)
    weights = np.concatenate([np.full(len(one), 1 / len(one)) for one in sets])
    order = np.argsort(values)
    share = np.cumsum(weights[order]) / weights.sum()
    return max(NARROWEST, float(values[order][np.searchsorted(share, WITHIN)]))


@torch.no_grad()
def estimates(net: FaceVLM, crops: np.ndarray) -> tuple[Tensor, Spread]:
    """Raw θ (N, D) and spread of any number of crops (N, S, S, 3) uint8 BGR."""
    cache = net.frame_cache()
    parts = [net.estimate(torch.from_numpy(crops[i : i + _TOGETHER]), cache) for i in range(0, len(crops), _TOGETHER)]
    spread = Spread(*(torch.cat(part) for part in zip(*(spread for _, spread in parts), strict=True)))
    return torch.cat([raw for raw, _ in parts]), spread
