"""Takes outliers out of what a layer multiplies by, so that int8 keeps the rest (SmoothQuant; Xiao et al. 2023).

A few channels of a language model are a hundred times as large as the others. Divided by what their weights are
multiplied with, they are not, and the layer says the same: norms, values and the MLP's upper half take the division.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from facegpt_ros.errors import WeightsError
from facegpt_ros.model.language_config import LanguageConfig

#: How much of an outlier goes into the weights: their eq. 4's α. Of 0.5 to 0.9, 0.7 moved θ least on val.
SHARE = 0.7
_SMALLEST = 1e-5

#: Matrices of a layer that share an input, by the name of its reach.
READERS = {
    "attention": ("attention.query", "attention.key", "attention.value"),
    "output": ("attention.output",),
    "mlp": ("mlp.gate", "mlp.up"),
    "down": ("mlp.down",),
}


def smoothed(
    config: LanguageConfig, layer: Mapping[str, np.ndarray], reach: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The same layer with its outliers in its weights.

    Args:
        config: of the language model.
        layer: "attention_norm" (D,), "mlp_norm" (D,), and the matrices of READERS (O, I), float32.
        reach: largest magnitude of each channel that goes into the matrices of READERS.

    Raises:
        WeightsError: the reach is of another model.
    """
    out = dict(layer)
    for name, readers in READERS.items():
        inputs = layer[readers[0]].shape[1]
        largest = np.asarray(reach.get(name, ()), np.float32)
        if largest.shape != (inputs,) or not (largest >= 0).all():
            raise WeightsError(f"the reach of {name} is {largest.shape}, its matrix has {inputs} inputs; export again")
        weight = np.max([np.abs(layer[reader]).max(0) for reader in readers], axis=0)
        if name == "output":  # heads that share values are divided alike
            largest, weight = (_of_values(config, part).max(1, keepdims=True) for part in (largest, weight))
        factor = np.maximum(largest, _SMALLEST) ** SHARE / np.maximum(weight, _SMALLEST) ** (1 - SHARE)
        factor /= np.exp(np.log(factor).mean())
        if name == "output":
            out["attention.value"] = out["attention.value"] / factor.reshape(-1, 1)
            factor = np.broadcast_to(factor, _of_values(config, np.empty(inputs)).shape).reshape(-1)
        elif name == "down":
            out["mlp.up"] = out["mlp.up"] / factor[:, None]
        else:
            out[f"{name}_norm"] = out[f"{name}_norm"] / factor
        for reader in readers:
            out[reader] = out[reader] * factor
    return {name: array.astype(np.float32) for name, array in out.items()}


def _of_values(config: LanguageConfig, channels: np.ndarray) -> np.ndarray:
    """What heads saw (H W,) → (G, H / G, W): those of a key head together."""
    return channels.reshape(config.key_heads, -1, config.head_width)
