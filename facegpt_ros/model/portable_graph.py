"""The shipped int8 networks as graphs of plain ops in float, for backends that take no int8 of onnxruntime's kind.

The weights stay what int8 made of them. A pair that quantises and dequantises becomes what it does to numbers beyond
its range, which is also where the network's ReLU6 has gone: it clips.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from facegpt_ros.backends.base import Backend
from facegpt_ros.backends.choose import Choice
from facegpt_ros.errors import ConfigError, WeightsError

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

_FLOAT, _HALF = 1, 10  # of onnx.TensorProto
GRAPH_NAME = "vision"


def open_shipped(path: Path, threads: int, choice: Choice) -> Backend:
    """A shipped int8 network on a backend: as it is on the CPU, else as a graph of plain ops."""
    if not choice.plain:
        return choice.open(path, threads)
    return choice.open(portable_graph(path.read_bytes(), choice.precision, str(path)), threads, str(path))


def portable_graph(graph: bytes, precision: str, name: str) -> bytes:
    """A vision graph, or the CNN's, of plain ops.

    Args:
        graph: an ONNX model whose convolutions are int8 between QuantizeLinear and DequantizeLinear, or float already.
        precision: fp32, or fp16: convolutions in half, all else stays float32.
        name: what errors call it.

    Returns:
        An ONNX model of the same inputs, outputs and metadata.

    Raises:
        ConfigError: the precision is another one.
        WeightsError: it is no ONNX graph or quantises in another way; or the package onnx is missing.
    """
    if precision not in ("fp16", "fp32"):
        raise ConfigError(f"precision is '{precision}'; a graph of plain ops is fp16 or fp32")
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError as error:
        raise WeightsError(f"{name}: rewriting it needs the package onnx: pip install onnx") from error
    try:
        model = onnx.load_model_from_string(graph)
    except DecodeError as error:
        raise WeightsError(f"{name}: no ONNX graph ({error}); export it again") from error
    _Rewriting(onnx, model.graph, name).rewrite(precision == "fp16")
    version = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 18)
    del model.opset_import[:]
    model.opset_import.append(onnx.helper.make_opsetid("", version))
    del model.graph.value_info[:]
    model.graph.name = GRAPH_NAME
    return model.SerializeToString()


class _Rewriting:
    def __init__(self, onnx: Any, graph: GraphProto, name: str) -> None:
        self._onnx, self._graph, self._name = onnx, graph, name
        self._held = {entry.name: entry for entry in graph.initializer}
        self._makers = {out: node for node in graph.node for out in node.output}

    def rewrite(self, half: bool) -> None:
        nodes: list[NodeProto] = []
        for entry in self._graph.input:
            if entry.name not in self._held and entry.type.tensor_type.elem_type == self._onnx.TensorProto.UINT8:
                nodes.append(self._node("Cast", [entry.name], [f"{entry.name}_float"], to=_FLOAT))
        early = {node.input[0]: node.output[0] for node in nodes}  # TensorRT casts uint8, and does nothing else with it
        for node in self._graph.node:
            if node.op_type == "QuantizeLinear":
                continue
            if node.op_type == "DequantizeLinear":
                nodes += self._dequantized(node)
                continue
            if node.op_type == "Cast" and node.input[0] in self._held and node.attribute[0].i == _FLOAT:
                self._hold(node.output[0], self._array(node.input[0]).astype(np.float32))  # weights that ship in half
                continue
            own = self._node(node.op_type, [early.get(name, name) for name in node.input], list(node.output))
            own.attribute.extend(node.attribute)
            own.domain = node.domain
            nodes += self._halved(own) if half and node.op_type == "Conv" else [own]
        used = {name for node in nodes for name in node.input} | {entry.name for entry in self._graph.output}
        nodes = [node for node in nodes if used.intersection(node.output)]
        del self._graph.node[:], self._graph.initializer[:]
        self._graph.node.extend(nodes)
        self._graph.initializer.extend(entry for name, entry in self._held.items() if name in used)

    def _dequantized(self, node: NodeProto) -> list[NodeProto]:
        """Weights as float; of what flows, the range that int8 has."""
        scale = self._array(node.input[1])
        zero = self._array(node.input[2]) if len(node.input) > 2 else np.zeros(scale.shape, np.uint8)
        if node.input[0] in self._held:
            values = self._array(node.input[0])
            axis = next((entry.i for entry in node.attribute if entry.name == "axis"), 1)
            if scale.ndim == 1 and scale.size > 1:
                shape = [-1 if i == axis % values.ndim else 1 for i in range(values.ndim)]
                scale, zero = scale.reshape(shape), zero.reshape(shape)
            self._hold(node.output[0], (values.astype(np.float32) - zero.astype(np.float32)) * scale)
            return []
        maker = self._makers.get(node.input[0])
        if maker is None or maker.op_type != "QuantizeLinear" or scale.size != 1:
            raise WeightsError(
                f"{self._name}: {node.name or node.output[0]} dequantises what is not quantised before it"
            )
        ends = np.iinfo(zero.dtype)
        limits = []
        for side, end in (("low", ends.min), ("high", ends.max)):
            limits.append(f"{node.output[0]}_{side}")
            self._hold(limits[-1], (np.float32(end) - zero.astype(np.float32).reshape(())) * scale.reshape(()))
        return [self._node("Clip", [maker.input[0], *limits], [node.output[0]])]

    def _halved(self, conv: NodeProto) -> list[NodeProto]:
        inputs = []
        before = [self._node("Cast", [conv.input[0]], [f"{conv.output[0]}_in"], to=_HALF)]
        for name in conv.input[1:]:
            if name not in self._held:
                raise WeightsError(f"{self._name}: the weights of {conv.output[0]} are computed; export it again")
            inputs.append(f"{name}_half")
            self._hold(inputs[-1], self._array(name).astype(np.float16))
        inner = f"{conv.output[0]}_half"
        half = self._node("Conv", [before[0].output[0], *inputs], [inner])
        half.attribute.extend(conv.attribute)
        return [*before, half, self._node("Cast", [inner], [conv.output[0]], to=_FLOAT)]

    def _node(self, kind: str, inputs: list[str], outputs: list[str], **attributes: Any) -> NodeProto:
        return self._onnx.helper.make_node(kind, inputs, outputs, **attributes)

    def _array(self, name: str) -> np.ndarray:
        if name not in self._held:
            raise WeightsError(f"{self._name}: the scale {name} is computed, not held; export it again")
        return self._onnx.numpy_helper.to_array(self._held[name])

    def _hold(self, name: str, array: np.ndarray) -> None:
        array = np.asarray(array, array.dtype if array.dtype == np.float16 else np.float32)
        self._held[name] = self._onnx.numpy_helper.from_array(array, name)
