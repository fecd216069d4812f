"""How much there is to multiply and to read: the floor of a graph's time."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from facegpt_ros.errors import WeightsError
from facegpt_ros.model.language_config import LanguageConfig


class Cost(NamedTuple):
    """Multiply-adds, and bytes of weights, of one run."""

    multiplications: float
    bytes_read: float


def language_cost(config: LanguageConfig, depth: int, tokens: int, before: int, faces: int, each: float) -> Cost:
    """Of the layers that read a frame; the last reads all, but only the last position goes on.

    Args:
        tokens: T of one face; before: positions that were read before.
        each: bytes of a weight.
    """
    heads = config.heads * config.head_width
    mixed = config.width * (heads + 2 * config.key_heads * config.head_width)
    after = heads * config.width + 3 * config.width * config.hidden
    attended = 2 * heads * tokens * (before + tokens)
    whole = tokens * (mixed + after) + attended
    last = tokens * mixed + after + 2 * heads * (before + tokens)
    return Cost(faces * ((depth - 1) * whole + last), each * depth * (mixed + after))


def convolution_cost(path: Path, faces: int) -> Cost:
    """Of a graph of convolutions, from its shapes.

    Raises:
        WeightsError: the package onnx is missing.
    """
    try:
        import onnx
    except ImportError as error:
        raise WeightsError(
            "counting what the vision graph multiplies needs the package onnx: pip install onnx"
        ) from error
    model = onnx.load(str(path))
    for wanted in model.graph.input:
        wanted.type.tensor_type.shape.dim[0].dim_value = faces
    shapes = {
        value.name: [size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in onnx.shape_inference.infer_shapes(model).graph.value_info
    }
    shapes |= {held.name: list(held.dims) for held in model.graph.initializer}
    multiplied = sum(
        float(np.prod(shapes[node.output[0]])) * float(np.prod(shapes[node.input[1]][1:]))
        for node in model.graph.node
        if node.op_type == "Conv"
    )
    return Cost(multiplied, float(path.stat().st_size))
