"""FaceGPT's per-frame path as one ONNX graph: crops → raw θ and its spread. The prompt is inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from facegpt_ros.errors import WeightsError
from facegpt_ros.model.built_graphs import Prefixes

if TYPE_CHECKING:
    from onnx import ModelProto


def one_graph(vision: ModelProto, face: ModelProto, prefixes: Prefixes) -> ModelProto:
    """Input: crops (N, S, S, 3) uint8. Outputs: theta (N, D), spread (N, 72 + E) logarithms; both float32.

    Args:
        vision: of `facegpt train export-facegpt`, crops → image_tokens (N, T, D) and guess.
        face: of face_graph.face_graph.
        prefixes: of the same build.

    Raises:
        WeightsError: they cannot be joined.
    """
    from onnx import TensorProto, checker, compose, helper, numpy_helper

    try:
        seen, read = compose.add_prefix(vision, "vision/"), compose.add_prefix(face, "face/")
        keys, values = prefixes.frame
        constants = {
            "face/past_keys": keys,
            "face/past_values": values,
            "suffix": prefixes.suffix[None],  # (1, S, D)
            "tail": np.array(prefixes.suffix.shape, np.int64),
        }
        first = helper.make_node("Identity", ["crops"], ["vision/crops"])
        joined = [
            helper.make_node("Shape", ["vision/image_tokens"], ["count"], start=0, end=1),
            helper.make_node("Concat", ["count", "tail"], ["many"], axis=0),  # N, S, D
            helper.make_node("Expand", ["suffix", "many"], ["suffixes"]),
            helper.make_node("Concat", ["vision/image_tokens", "suffixes"], ["face/embeddings"], axis=1),
            helper.make_node("Identity", ["vision/guess"], ["face/guess"]),
        ]
        named = [helper.make_node("Identity", [f"face/{name}"], [name]) for name in ("theta", "spread")]
        shapes = {output.name: output.type.tensor_type.shape.dim for output in face.graph.output}
        graph = helper.make_graph(
            [first, *seen.graph.node, *joined, *read.graph.node, *named],
            "facegpt",
            [port for port in vision.graph.input if port.name == "crops"],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", shapes[name][1].dim_value])
                for name in ("theta", "spread")
            ],
            [
                *seen.graph.initializer,
                *read.graph.initializer,
                *(numpy_helper.from_array(array, name) for name, array in constants.items()),
            ],
        )
        opsets = {opset.domain: opset for opset in [*vision.opset_import, *face.opset_import]}
        if any(opset.version != opsets[opset.domain].version for opset in vision.opset_import):
            raise WeightsError("FaceGPT's graphs are of different opsets; export it again")
        model = helper.make_model(
            graph, opset_imports=list(opsets.values()), ir_version=max(vision.ir_version, face.ir_version)
        )
        checker.check_model(model)
    except (ValueError, KeyError, checker.ValidationError) as error:
        raise WeightsError(f"FaceGPT's graphs do not fit each other ({error}); export it again") from error
    return model
