"""An estimator that runs on a Triton server: crops go there, raw θ comes back."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from facegpt_ros.backends.triton import Channel, Triton
from facegpt_ros.config import EstimatorConfig
from facegpt_ros.errors import ModelError, ServerError
from facegpt_ros.face import CropEstimate
from facegpt_ros.model.fitness import check_crops
from facegpt_ros.model.spread import decode_spread, spread_sizes
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.model import MorphableModel

MOST_FACES = 16  # in one request: perception.max_faces goes no further


def served_name(estimator: str) -> str:
    """What a server calls an estimator: others may have a model called cnn there too."""
    return f"facegpt_ros_{estimator}"


class RemoteEstimator:
    """An Estimator (model/estimator.py) with one request for all crops of a call.

    A crop of 128 px is 49 kB there; back come 1.7 kB, with a spread 2.2.

    Args:
        config: names the estimator, the server and the longest wait.
        model: whose coefficients the server must speak.
        channel: see backends.triton.Triton.

    Raises:
        ConfigError: estimator.server is no host:port.
        ServerError: the server cannot be reached, is too slow, or its model is none of this package or made for
            another morphable model.
    """

    def __init__(self, config: EstimatorConfig, model: MorphableModel, channel: Channel | None = None) -> None:
        name = served_name(config.name)
        self._backend = Triton(config.server, name, config.server_timeout_ms / 1000, channel)
        self._where = f"{self._backend.provider}, model {name}"
        try:
            self._layout = self._checked_layout(model)
            self.crop_size = self._checked_ports()
            self.model_id = self._checked_id()
            crops = (1, self.crop_size, self.crop_size, 3)
            self._backend.warm_up(crops)
            self.infer(np.zeros(crops, np.uint8))  # in the time that a frame has
        except Exception:
            self.close()
            raise
        self.provider = self._backend.provider

    def infer(self, crops: np.ndarray) -> CropEstimate:
        """See Estimator.infer.

        Raises:
            ImageError: the crops have another shape or type.
            ServerError: no answer in time, or one that cannot be used.
        """
        check_crops(crops, self.crop_size)
        out = self._backend.run({"crops": crops})
        for name, array in out.items():
            if not np.isfinite(array).all():
                raise ServerError(f"{self._where}: its {name} holds NaN or infinity; its weights are broken")
        estimate = self._layout.decode(out["theta"])
        if "spread" not in out:
            return estimate
        return replace(estimate, spread=decode_spread(out["spread"], self._layout.n_expression))

    def close(self) -> None:
        self._backend.close()

    def _checked_layout(self, model: MorphableModel) -> ThetaLayout:
        notes = self._backend.metadata
        try:
            layout = ThetaLayout.from_json(notes["layout"])
            made_for = notes["model_sha256"]
        except (KeyError, ModelError) as error:
            raise ServerError(
                f"{self._where}: no estimator of this package ({error}); export it with `facegpt triton export`"
            ) from error
        if layout != ThetaLayout.of(model) or made_for != model.sha256:
            raise ServerError(
                f"{self._where}: made for morphable model {made_for[:8]} and {layout}, here is {model.model_id}; "
                "export the server's model with the release that the robot runs"
            )
        return layout

    def _checked_ports(self) -> int:
        """The crops' size. The outputs must be θ, and perhaps its spread."""
        served = self._backend.served
        crops, outputs = served.inputs.get("crops"), {name: port.shape for name, port in served.outputs.items()}
        shape = crops.shape if crops else ()
        size = shape[1] if len(shape) == 4 else 0
        spread = sum(spread_sizes(self._layout.n_expression).values())
        known = {"theta": (-1, self._layout.size), "spread": (-1, spread)}
        if (
            len(served.inputs) != 1
            or not 16 <= size <= 1024
            or shape != (-1, size, size, 3)
            or "theta" not in outputs
            or any(known.get(name) != given for name, given in outputs.items())
        ):
            raise ServerError(
                f"{self._where}: takes {served.inputs} and gives {served.outputs}, not crops and θ; "
                "export it with `facegpt triton export`"
            )
        if served.max_batch < MOST_FACES:
            raise ServerError(
                f"{self._where}: takes {served.max_batch} crops at once; its config.pbtxt needs "
                f"max_batch_size {MOST_FACES} or more"
            )
        return size

    def _checked_id(self) -> str:
        found = self._backend.metadata.get("model_id", "")
        if not re.fullmatch(r"[\w.+-]{1,32}@[0-9a-f]{8}", found, re.ASCII):
            raise ServerError(f"{self._where}: its model_id is {found[:64]!r}; export it with `facegpt triton export`")
        return found
