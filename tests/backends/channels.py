"""A channel that answers without a network, and what a good server says of its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from facegpt_ros.backends.triton import Port, ServedModel
from facegpt_ros.model.theta import ThetaLayout
from facegpt_ros.morphable.model import MorphableModel

SIZE = 32


def served(model: MorphableModel, **changes: object) -> ServedModel:
    """The CNN of this morphable model; changes to its parts, or to its parameters where they have no such name."""
    layout = ThetaLayout.of(model)
    notes = {"layout": layout.to_json(), "model_sha256": model.sha256, "model_id": "cnn@0123abcd"}
    good = ServedModel(
        version="7",
        inputs={"crops": Port("UINT8", (-1, SIZE, SIZE, 3))},
        outputs={"theta": Port("FP32", (-1, layout.size))},
        max_batch=64,
        parameters=notes,
    )
    parts = {name: value for name, value in changes.items() if name in vars(good)}
    notes |= {name: str(value) for name, value in changes.items() if name not in parts}
    return replace(good, **parts)


class Answers:
    """Says what it is told to; `raises` or `gives` may be set between two requests."""

    def __init__(self, model: ServedModel, gives: dict[str, np.ndarray] | None = None) -> None:
        self.model, self.gives = model, gives
        self.raises: Exception | None = None
        self.asked: list[tuple[str, str, float]] = []
        self.closed = False

    def describe(self, model: str) -> ServedModel:
        if self.raises is not None:
            raise self.raises
        return self.model

    def infer(
        self, model: str, version: str, inputs: Mapping[str, np.ndarray], timeout_s: float
    ) -> dict[str, np.ndarray]:
        self.asked.append((model, version, timeout_s))
        if self.raises is not None:
            raise self.raises
        if self.gives is not None:
            return self.gives
        count = len(next(iter(inputs.values())))
        return {name: np.zeros((count, port.shape[1]), np.float32) for name, port in self.model.outputs.items()}

    def close(self) -> None:
        self.closed = True
