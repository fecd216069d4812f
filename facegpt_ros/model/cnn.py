"""The CNN estimator: one pass of a regressor's ONNX graph, image to coefficients."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from facegpt_ros.backends.choose import choose
from facegpt_ros.errors import ModelError, WeightsError
from facegpt_ros.face import CropEstimate
from facegpt_ros.model.fitness import check_crops, check_trained_for
from facegpt_ros.model.portable_graph import open_shipped
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.model import MorphableModel


class CnnEstimator:
    """An Estimator (model/estimator.py) that runs a graph of `facegpt train regressor`.

    Args:
        path: .onnx; input crops (N, S, S, 3) uint8 BGR, output raw θ (N, D), metadata: layout, size.
        model: whose coefficients the graph must speak.
        threads: of one inference; 0 chooses for this machine.
        backend: auto, or one of backends/choose.BACKENDS.

    Raises:
        ConfigError: the backend is unknown or cannot run here.
        WeightsError: the file is missing, no such graph, or made for another morphable model.
    """

    def __init__(self, path: Path, model: MorphableModel, threads: int = 0, backend: str = "onnxruntime") -> None:
        if not path.is_file():
            raise WeightsError(f"{path}: no such file; check estimator.weights, empty takes the shipped ones")
        choice = choose(backend)
        self.provider_note = choice.note
        self._backend = open_shipped(path, threads, choice)
        try:
            self._layout = ThetaLayout.from_json(self._backend.metadata["layout"])
            self.crop_size = int(self._backend.metadata["size"])
        except (KeyError, ValueError, ModelError) as error:
            raise WeightsError(
                f"{path}: no regressor of this package ({error}); export one with `facegpt train`"
            ) from error
        check_trained_for(path, self._layout, self._backend.metadata.get("model_sha256", ""), model)
        self.model_id = f"cnn@{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}"
        self._backend.warm_up((1, self.crop_size, self.crop_size, 3))
        try:  # a layout that is not the output's is an error of now, not of the first frame
            self.infer(np.zeros((1, self.crop_size, self.crop_size, 3), np.uint8))
        except ModelError as error:
            raise WeightsError(f"{path}: {error}; export it again") from error

    @property
    def provider(self) -> str:
        """What computes now."""
        return self._backend.provider

    @property
    def problem(self) -> str:
        """What failed, and what computes instead; empty where nothing is wrong."""
        return getattr(self._backend, "problem", "")

    def infer(self, crops: np.ndarray) -> CropEstimate:
        """See Estimator.infer. Raises ImageError for crops of another shape or type."""
        check_crops(crops, self.crop_size)
        return self._layout.decode(self._backend.infer(crops))

    def close(self) -> None:
        self._backend.close()
