"""The weights of a llama-type language model as its graphs take them: adapters merged, what shares an input stacked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from facegpt_ros.errors import WeightsError
from facegpt_ros.model.language_config import LanguageConfig
from facegpt_ros.model.matrix import Matrix, int8_limit
from facegpt_ros.model.smooth_quant import READERS, smoothed


@dataclass(frozen=True)
class LayerWeights:
    """One layer. Attributes: norms (D,); query, key and value as one matrix (D, (H + 2 G) W), the query already divided
    by √W; output (H W, D); gate and up as one (D, 2 F); down (F, D).
    """

    attention_norm: np.ndarray
    query_key_value: Matrix
    output: Matrix
    mlp_norm: np.ndarray
    gate_up: Matrix
    down: Matrix


class LanguageWeights:
    """A language model, layer by layer.

    Args:
        config: of the model.
        weights: name → float32 array, as GgufFile.weights gives them. Not changed.
        adapters: "layers.0.attention.query.up" (O, r) and ".down" (r, I) → array; empty for none.
        scale: α / r of the adapters.
        reach: "0.attention", "0.output", "0.mlp", "0.down", … → largest magnitude of each channel that goes into these
            matrices of a layer, so that int8 loses less (smooth_quant.py); empty for none.

    Raises:
        WeightsError: an adapter is of another model, or half of it is missing.
    """

    def __init__(
        self,
        config: LanguageConfig,
        weights: Mapping[str, np.ndarray],
        adapters: Mapping[str, np.ndarray] | None = None,
        scale: float = 2.0,
        reach: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self.config = config
        self._weights, self._adapters, self._scale, self._reach = weights, adapters or {}, scale, reach or {}
        for name, array in self._adapters.items():
            self._check(name, array)

    @property
    def norm(self) -> np.ndarray:
        """Of the last hidden state, (D,)."""
        return self._weights["norm.weight"]

    @property
    def embedding(self) -> np.ndarray:
        """(V, D)."""
        return self._weights["embedding.weight"]

    def merged(self, name: str) -> np.ndarray:
        """W + scale · B A of one linear layer, (O, I): Hu et al. 2021, eq. 3."""
        weight = self._weights[f"{name}.weight"]
        if f"{name}.up" not in self._adapters:
            return weight
        up, down = (self._adapters[f"{name}.{part}"].astype(np.float32) for part in ("up", "down"))
        return weight + np.float32(self._scale) * (up @ down)

    def layer(self, index: int, precision: str) -> LayerWeights:
        """One layer as matrices of this precision."""
        parts = {name: self.merged(f"layers.{index}.{name}") for names in READERS.values() for name in names}
        parts |= {name: self._weights[f"layers.{index}.{name}.weight"] for name in ("attention_norm", "mlp_norm")}
        if self._reach:
            own = {name: self._reach[f"{index}.{name}"] for name in READERS if f"{index}.{name}" in self._reach}
            parts = smoothed(self.config, parts, own)
        parts["attention.query"] = parts["attention.query"] / np.float32(np.sqrt(self.config.head_width))

        def matrix(name: str) -> Matrix:
            return Matrix.of(np.concatenate([parts[part] for part in READERS[name]]), precision, int8_limit())

        return LayerWeights(
            attention_norm=parts["attention_norm"],
            query_key_value=matrix("attention"),
            output=matrix("output"),
            mlp_norm=parts["mlp_norm"],
            gate_up=matrix("mlp"),
            down=matrix("down"),
        )

    def _check(self, name: str, array: np.ndarray) -> None:
        layer, _, part = name.rpartition(".")
        weight = self._weights.get(f"{layer}.weight")
        other = self._adapters.get(f"{layer}.{'down' if part == 'up' else 'up'}")
        if part not in ("up", "down") or weight is None or other is None:
            raise WeightsError(f"the adapter {name} belongs to no layer of this language model; export it again")
        up, down = (array, other) if part == "up" else (other, array)
        if up.ndim != 2 or down.ndim != 2 or (len(up), down.shape[1]) != weight.shape or len(down) != up.shape[1]:
            raise WeightsError(
                f"the adapter {layer} is {up.shape} × {down.shape}, the layer {weight.shape}; "
                "use the language model that it was trained on"
            )
