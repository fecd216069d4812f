"""Whether crops and a morphable model are those that an estimator was trained for."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facegpt_ros.errors import ImageError, WeightsError
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.model import MorphableModel


def check_crops(crops: np.ndarray, size: int) -> None:
    """Raises ImageError for what is not (N, size, size, 3) uint8."""
    if crops.dtype != np.uint8 or crops.shape[1:] != (size, size, 3):
        raise ImageError(f"crops are {crops.dtype} {crops.shape}; give uint8 (N, {size}, {size}, 3)")


def check_trained_for(path: Path, layout: ThetaLayout, trained_on: str, model: MorphableModel) -> None:
    """Raises WeightsError where weights of this layout, trained on a morphable model of this sha256 (or one that is not
    known, ""), are not for this one.
    """
    counts = len(model.identity_names), len(model.expression_names), len(model.albedo_names)
    if layout != ThetaLayout.of(model):
        raise WeightsError(f"{path}: made for {layout}, but {model.model_id} has {counts} coefficients; retrain it")
    if trained_on and trained_on != model.sha256:
        raise WeightsError(
            f"{path}: trained on morphable model {trained_on[:8]}, but {model.model_id} is loaded; "
            "use the weights and the model of one release"
        )
