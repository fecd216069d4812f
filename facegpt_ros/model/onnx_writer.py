"""An ONNX graph written node by node, from numpy arrays. Needs the small package onnx, no torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from facegpt_ros.errors import WeightsError

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET = 18
_IR_VERSIONS = {18: 9, 24: 12}  # what goes with an opset; with 18, an onnxruntime of 2023 reads it too
Size = int | str


class OnnxWriter:
    """One graph. Values are called by their names, which op makes up.

    Args:
        name: of the graph.
        opset: 18, which every runtime reads, or 24, whose ops know a cache that stays in its place.

    Raises:
        WeightsError: the package onnx is missing.

    Example:
        >>> writer = OnnxWriter("double")
        >>> x = writer.input("x", ["N", 2])
        >>> writer.output("y", writer.op("Add", x, x), ["N", 2])
        >>> model = writer.model()
    """

    def __init__(self, name: str, opset: int = OPSET) -> None:
        try:
            import onnx
        except ImportError as error:
            raise WeightsError("building the graphs of FaceGPT needs the package onnx: pip install onnx") from error
        self._onnx, self._opset = onnx, opset
        self._graph = onnx.GraphProto(name=name)
        self._count = 0
        self._domains: set[str] = set()

    def input(self, name: str, shape: Sequence[Size], dtype: Any = np.float32) -> str:
        """A named input; a size that is text is free."""
        self._graph.input.append(self._value(name, shape, dtype))
        return name

    def output(self, name: str, value: str, shape: Sequence[Size], dtype: Any = np.float32) -> None:
        """Gives a value out under a name of its own, by a node of its own unless it has that name (named_op)."""
        if value != name:
            self._graph.node.append(self._onnx.helper.make_node("Identity", [value], [name]))
        self._graph.output.append(self._value(name, shape, dtype))

    def rename(self, value: str, name: str, shape: Sequence[Size], dtype: Any = np.float32) -> None:
        """Gives a node's output out under a name of its own, without a copy; nothing else may take it."""
        node = next(node for node in self._graph.node if value in node.output)
        node.output[list(node.output).index(value)] = name
        self._graph.output.append(self._value(name, shape, dtype))

    def constant(self, array: np.ndarray | Sequence[int] | int) -> str:
        """An array; Python's whole numbers become int64."""
        array = np.ascontiguousarray(array) if isinstance(array, np.ndarray) else np.array(array, np.int64)
        name = self._name()
        self._graph.initializer.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """One node of one output."""
        return self._node(kind, inputs, [self._name()], attributes)[0]

    def named_op(self, name: str, kind: str, *inputs: str, **attributes: Any) -> str:
        """One node of one output that has a name, as an output of the graph that nothing may copy."""
        return self._node(kind, inputs, [name], attributes)[0]

    def ops(self, kind: str, *inputs: str, count: int, unused: Sequence[int] = (), **attributes: Any) -> list[str]:
        """One node of `count` outputs; unused: which of them are not asked for; domain: of an op not ONNX's own."""
        names = ["" if index in unused else self._name() for index in range(count)]
        return self._node(kind, inputs, names, attributes)

    def _node(self, kind: str, inputs: Sequence[str], names: list[str], attributes: dict[str, Any]) -> list[str]:
        self._domains |= {attributes.get("domain", "")}
        self._graph.node.append(self._onnx.helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def split(self, value: str, sizes: Sequence[int], axis: int) -> list[str]:
        """Parts of these sizes along an axis."""
        return self.ops("Split", value, self.constant(list(sizes)), count=len(sizes), axis=axis)

    def last(self, value: str, axis: int) -> str:
        """The last place along an axis, which stays."""
        bounds = (self.constant([number]) for number in (-1, 2**62, axis))
        return self.op("Slice", value, *bounds)

    def size(self, value: str, axis: int) -> str:
        """How long an axis is, (1,) int64."""
        return self.op("Shape", value, start=axis, end=axis + 1)

    def model(self, metadata: dict[str, str] | None = None) -> ModelProto:
        """All that was written."""
        helper = self._onnx.helper
        domains = sorted({"", *self._domains})
        model = helper.make_model(
            self._graph,
            opset_imports=[helper.make_opsetid(name, 1 if name else self._opset) for name in domains],
            ir_version=_IR_VERSIONS[self._opset],
            producer_name="facegpt_ros",
        )
        helper.set_model_props(model, metadata or {})
        return model

    def _name(self) -> str:
        self._count += 1
        return f"v{self._count}"

    def _value(self, name: str, shape: Sequence[Size], dtype: Any) -> Any:
        kind = self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return self._onnx.helper.make_tensor_value_info(name, kind, list(shape))
