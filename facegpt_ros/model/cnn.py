"""The CNN estimator: one pass of a regressor's ONNX graph, image to coefficients."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from facegpt_ros.backends.onnx_cpu import OnnxCpu
from facegpt_ros.errors import ImageError, ModelError, WeightsError
from facegpt_ros.face import CropEstimate
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.model import MorphableModel


class CnnEstimator:
    """An Estimator (model/estimator.py) that runs a graph of `facegpt train regressor`.

    Args:
        path: .onnx; input crops (N, S, S, 3) uint8 BGR, output raw θ (N, D), metadata: layout, size.
        model: whose coefficients the graph must speak.
        threads: of one inference; 0 chooses for this machine.

    Raises:
        WeightsError: the file is missing, no such graph, or made for another morphable model.
    """

    def __init__(self, path: Path, model: MorphableModel, threads: int = 0) -> None:
        self._backend = OnnxCpu(path, threads)
        try:
            self._layout = ThetaLayout.from_json(self._backend.metadata["layout"])
            self.crop_size = int(self._backend.metadata["size"])
        except (KeyError, ValueError, ModelError) as error:
            raise WeightsError(
                f"{path}: no regressor of this package ({error}); export one with `facegpt train`"
            ) from error
        counts = len(model.identity_names), len(model.expression_names), len(model.albedo_names)
        if self._layout != ThetaLayout(*counts):
            raise WeightsError(
                f"{path}: made for {self._layout}, but {model.model_id} has {counts} coefficients; retrain it"
            )
        trained_on = self._backend.metadata.get("model_sha256", "")
        if trained_on and trained_on != model.sha256:
            raise WeightsError(
                f"{path}: trained on morphable model {trained_on[:8]}, but {model.model_id} is loaded; "
                "use the weights and the model of one release"
            )
        self.model_id = f"cnn@{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}"
        self.provider = self._backend.provider
        self._backend.warm_up((1, self.crop_size, self.crop_size, 3))
        try:  # a layout that is not the output's is an error of now, not of the first frame
            self.infer(np.zeros((1, self.crop_size, self.crop_size, 3), np.uint8))
        except ModelError as error:
            raise WeightsError(f"{path}: {error}; export it again") from error

    def infer(self, crops: np.ndarray) -> CropEstimate:
        """See Estimator.infer. Raises ImageError for crops of another shape or type."""
        if crops.dtype != np.uint8 or crops.shape[1:] != (self.crop_size, self.crop_size, 3):
            raise ImageError(
                f"crops are {crops.dtype} {crops.shape}; give uint8 (N, {self.crop_size}, {self.crop_size}, 3)"
            )
        return self._layout.decode(self._backend.infer(crops))

    def close(self) -> None:
        self._backend.close()
