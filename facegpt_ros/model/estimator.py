"""From crops to θ: one interface, and the choice of who fills it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np

from facegpt_ros import engines
from facegpt_ros.config import EstimatorConfig
from facegpt_ros.errors import ConfigError, ImageError, WeightsError
from facegpt_ros.face import CropEstimate
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.model import MorphableModel


class Estimator(Protocol):
    """Says θ of every crop."""

    model_id: str  #: name of the estimator and of the weights
    crop_size: int  #: S, px

    def infer(self, crops: np.ndarray) -> CropEstimate:
        """crops (N, S, S, 3) uint8 BGR, as the virtual cameras of perception/crop.py see them → θ of N crops."""

    def close(self) -> None:
        """Frees the weights."""


def load_estimator(config: EstimatorConfig, model: MorphableModel) -> Estimator:
    """The estimator that the parameters ask for, loaded and warmed up.

    Raises:
        ConfigError: no estimator has that name.
        WeightsError: its weights are missing, altered, or made for another morphable model.
    """
    if config.name == "cnn":
        from facegpt_ros.model.cnn import CnnEstimator

        path = Path(config.weights) if config.weights else engines.fetch("regressor", download=False)
        return CnnEstimator(path, model, threads=config.threads)
    if config.name == "facegpt":
        return _load_facegpt(config, model)
    raise ConfigError(f"estimator.name is '{config.name}'; use cnn or facegpt")


def _load_facegpt(config: EstimatorConfig, model: MorphableModel) -> Estimator:
    from facegpt_ros.model.facegpt_estimator import FaceGPTEstimator

    vision = None
    if config.weights:
        path = Path(config.weights)
    elif "facegpt" in engines.read_manifest():
        path, vision = (engines.fetch(name, download=False) for name in ("facegpt", "facegpt_vision"))
    else:
        raise WeightsError(
            "estimator.name is 'facegpt', and this version ships no weights of FaceGPT; set estimator.weights to a "
            "facegpt.safetensors of `facegpt train export-facegpt`, or estimator.name to cnn"
        )
    language = engines.fetch("language_model", download=False)
    return FaceGPTEstimator(path, model, language, vision, config.threads, config.precision)


def check_crops(crops: np.ndarray, size: int) -> None:
    """Raises ImageError for what is not (N, size, size, 3) uint8."""
    if crops.dtype != np.uint8 or crops.shape[1:] != (size, size, 3):
        raise ImageError(f"crops are {crops.dtype} {crops.shape}; give uint8 (N, {size}, {size}, 3)")


def check_trained_for(path: Path, layout: ThetaLayout, trained_on: str, model: MorphableModel) -> None:
    """Raises WeightsError where weights of this layout, trained on a morphable model of this sha256 (or one that is not
    known, ""), are not for this one.
    """
    counts = len(model.identity_names), len(model.expression_names), len(model.albedo_names)
    if layout != ThetaLayout(*counts):
        raise WeightsError(f"{path}: made for {layout}, but {model.model_id} has {counts} coefficients; retrain it")
    if trained_on and trained_on != model.sha256:
        raise WeightsError(
            f"{path}: trained on morphable model {trained_on[:8]}, but {model.model_id} is loaded; "
            "use the weights and the model of one release"
        )
