"""Tiny ONNX graphs with the input and output of a regressor. Needs the onnx package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

SIZE = 32


def save_graph(
    path: Path, answer: np.ndarray, metadata: dict[str, str] | None = None, *, dtype: int = TensorProto.UINT8
) -> Path:
    """A graph that gives N times the answer (D,) for N crops (N, 32, 32, 3), plus the brightest value of each crop."""
    constants = {"answer": np.asarray(answer, np.float32)[None], "axes": np.array([1, 2, 3], np.int64)}
    nodes = [
        helper.make_node("Cast", ["crops"], ["values"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["values", "axes"], ["brightest"], keepdims=0),  # (N,)
        helper.make_node("Unsqueeze", ["brightest", "one"], ["column"]),  # (N, 1)
        helper.make_node("Add", ["column", "answer"], ["theta"]),
    ]
    constants["one"] = np.array([1], np.int64)
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("crops", dtype, ["N", SIZE, SIZE, 3])],
        [helper.make_tensor_value_info("theta", TensorProto.FLOAT, ["N", len(answer)])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, metadata or {})
    checker.check_model(model)
    save(model, str(path))
    return path
