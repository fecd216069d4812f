"""From crops to θ: one interface, and the choice of who fills it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from facegpt_ros import engines
from facegpt_ros.config import EstimatorConfig
from facegpt_ros.errors import ConfigError, WeightsError
from facegpt_ros.face import CropEstimate
from facegpt_ros.morphable.model import MorphableModel

if TYPE_CHECKING:
    from facegpt_ros.model.built_graphs import BuiltGraphs
    from facegpt_ros.model.facegpt_estimator import FaceGPTEstimator


class Estimator(Protocol):
    """Says θ of every crop."""

    @property
    def model_id(self) -> str:
        """Name of the estimator and of the weights."""

    @property
    def crop_size(self) -> int:
        """S, px."""

    def infer(self, crops: np.ndarray) -> CropEstimate:
        """crops (N, S, S, 3) uint8 BGR, as the virtual cameras of perception/crop.py see them → θ of N crops."""

    def close(self) -> None:
        """Frees the weights."""


def load_estimator(config: EstimatorConfig, model: MorphableModel) -> Estimator:
    """The estimator that the parameters ask for, loaded and warmed up.

    Raises:
        ConfigError: no estimator has that name, or the backend cannot run here.
        WeightsError: its weights are missing, altered, or made for another morphable model.
        ServerError: estimator.server names a server that cannot run it.
    """
    if config.server:
        from facegpt_ros.model.remote_estimator import RemoteEstimator

        return RemoteEstimator(config, model)
    if config.name == "cnn":
        from facegpt_ros.model.cnn import CnnEstimator

        path = Path(config.weights) if config.weights else engines.fetch("regressor", download=False)
        # One pass is 2 ms on a CPU: no reason to wait for an engine that nobody asked for.
        backend = "onnxruntime" if config.backend == "auto" else config.backend
        return CnnEstimator(path, model, config.threads, backend)
    if config.name == "facegpt":
        return open_facegpt(config, model, facegpt_files(config))
    raise ConfigError(f"estimator.name is '{config.name}'; use cnn or facegpt")


class FaceGPTFiles(NamedTuple):
    """What FaceGPTEstimator opens; vision None: the graph beside weights."""

    weights: Path
    language: Path
    vision: Path | None


def facegpt_files(config: EstimatorConfig) -> FaceGPTFiles:
    """The files of estimator facegpt that the parameters name.

    Raises:
        WeightsError: one of ours is missing or altered; that weights exists is not checked.
    """
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
    return FaceGPTFiles(path, engines.fetch("language_model", download=False), vision)


def open_facegpt(
    config: EstimatorConfig, model: MorphableModel, files: FaceGPTFiles, graphs: BuiltGraphs | None = None
) -> FaceGPTEstimator:
    """FaceGPT of these files as the parameters ask for it; graphs: of the cache, None: built where they are not there.

    Raises:
        ConfigError, WeightsError: see load_estimator.
    """
    from facegpt_ros.model.facegpt_estimator import FaceGPTEstimator

    return FaceGPTEstimator(
        files.weights,
        model,
        files.language,
        files.vision,
        config.threads,
        config.precision,
        graphs,
        config.backend,
        config.layers,
    )
