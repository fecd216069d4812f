"""The same graphs in torch: where there is a GPU and no TensorRT, as one CUDA graph for each shape of the inputs.

A graph is read for given shapes once: what depends on shapes alone is computed then, and what is left is a list of
kernels without a decision in it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from facegpt_ros.backends.onnx_runtime import default_threads
from facegpt_ros.errors import WeightsError

if TYPE_CHECKING:
    from torch import Tensor

_MOST_SHAPES = 16  # kept, with the memory of their CUDA graphs; a decoder's grow by one position a word


class TorchGraph:
    """A graph of plain ops in torch.

    Args:
        graph: an .onnx file, or its bytes.
        threads: of one inference on the CPU; 0 chooses. torch knows one number for the whole process.
        name: what errors call bytes.
        device: cuda or cpu; empty: a GPU where torch has one.

    Attributes:
        provider: "torch 2.13.0 on cpu", or the GPU's name.

    Raises:
        WeightsError: torch or onnx is missing, or the graph is none that it runs.
    """

    def __init__(self, graph: Path | bytes, threads: int = 0, name: str = "", device: str = "") -> None:
        import_needed()
        import onnx
        import torch
        from google.protobuf.message import DecodeError

        self._name = name or str(graph if isinstance(graph, Path) else "graph")
        if isinstance(graph, Path) and not graph.is_file():
            raise WeightsError(f"{graph}: no such file; check estimator.weights, empty takes the shipped ones")
        try:
            model = onnx.load_model_from_string(graph) if isinstance(graph, bytes) else onnx.load(str(graph))
        except (DecodeError, ValueError) as error:
            raise WeightsError(f"{self._name}: no ONNX graph ({error}); export it again") from error
        if not model.graph.node:
            raise WeightsError(f"{self._name}: no ONNX graph (it has no nodes); export it again")
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        if self._device.type == "cpu":
            torch.set_num_threads(threads or default_threads())
        where = torch.cuda.get_device_name() if self._device.type == "cuda" else "cpu"
        self.provider = f"torch {torch.__version__.split('+')[0]} on {where}"
        self.metadata = {entry.key: entry.value for entry in model.metadata_props}
        constants = {
            entry.name: torch.from_numpy(np.array(onnx.numpy_helper.to_array(entry)))
            for entry in model.graph.initializer
        }
        self._inputs = [entry.name for entry in model.graph.input if entry.name not in constants]
        self._outputs = [entry.name for entry in model.graph.output]
        self._reader: _Reader | None = _Reader(self._name, model.graph.node, constants, self._outputs, self._device)
        self._plans: OrderedDict[tuple, _Plan] = OrderedDict()

    def warm_up(self, shape: tuple[int, ...]) -> None:
        for _ in range(2):  # the second run of a shape records its CUDA graph
            self.infer(np.full(shape, 127, np.uint8))

    def infer(self, inputs: np.ndarray) -> np.ndarray:
        return self.run({self._inputs[0]: inputs})[self._outputs[0]]

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        import torch

        if self._reader is None:
            raise WeightsError(f"{self._name}: the graph was closed; load it again")
        if missing := [name for name in self._inputs if name not in inputs]:
            raise WeightsError(f"{self._name}: the input {missing[0]} is missing; give {', '.join(self._inputs)}")
        key = tuple((inputs[name].shape, inputs[name].dtype.str) for name in self._inputs)
        given = {name: torch.from_numpy(np.ascontiguousarray(inputs[name])) for name in self._inputs}
        try:
            with torch.inference_mode():
                plan = self._plans.pop(key, None)
                if plan is None:
                    plan = _Plan(self._reader, given)
                    out = plan.read()
                else:
                    out = plan.run(given)
                self._plans[key] = plan
                if len(self._plans) > _MOST_SHAPES:
                    self._plans.popitem(last=False)
                return {name: value.cpu().numpy() for name, value in zip(self._outputs, out, strict=True)}
        except (RuntimeError, IndexError, TypeError) as error:  # what torch raises for shapes that do not fit
            what = ", ".join(f"{array.dtype} {array.shape}" for array in inputs.values())
            raise WeightsError(
                f"{self._name}: torch failed on {what} ({error}); use weights of this version"
            ) from error

    def close(self) -> None:
        self._reader = None
        self._plans.clear()


def import_needed() -> None:
    """Raises WeightsError where torch or onnx is missing."""
    for package in ("torch", "onnx"):
        try:
            __import__(package)
        except ImportError as error:
            raise WeightsError(
                f"estimator.backend torch needs the package {package}: pip install {package}; or set it to auto"
            ) from error


class _Step(NamedTuple):
    """One node: computes outputs out of inputs, after which those in `done` are needed no more."""

    compute: Callable[..., Any]
    inputs: list[str]
    outputs: list[str]
    done: list[str]


class _Reader:
    """A graph's nodes, and its constants where they are computed with."""

    def __init__(self, name: str, nodes: Any, constants: dict[str, Tensor], outputs: list[str], device: Any) -> None:
        from onnx import helper

        from facegpt_ros.backends.torch_ops import OPS

        self.device, self.constants, self.outputs = device, constants, outputs
        self.nodes = []
        for node in nodes:
            if node.domain not in ("", "ai.onnx") or node.op_type not in OPS:
                raise WeightsError(
                    f"{name}: torch does not run its {node.domain or 'ONNX'} op {node.op_type}; set "
                    "estimator.precision to fp16 or fp32, whose graphs have plain ops alone"
                )
            attributes = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
            self.nodes.append((OPS[node.op_type], attributes, list(node.input), list(node.output), node.op_type))
        self._placed: dict[str, Tensor] = {}

    def placed(self, name: str, value: Tensor) -> Tensor:
        """A known value on the device; the graph's own constants are sent there once for all shapes."""
        if name not in self.constants or not value.ndim:  # a number of no dimension may stay: kernels take it by value
            return value if not value.ndim else value.to(self.device)
        if name not in self._placed:
            self._placed[name] = value.to(self.device)
        return self._placed[name]


class _Plan:
    """A graph for inputs of given shapes: read once, then run.

    Args:
        given: the first of those inputs, on the CPU.
    """

    def __init__(self, reader: _Reader, given: Mapping[str, Tensor]) -> None:
        self._reader = reader
        self._static = {name: value.to(reader.device, copy=True) for name, value in given.items()}
        self._steps: list[_Step] = []
        self._fixed: dict[str, Tensor] = {}  # what no input changes, on the device
        self._graph: Any = None
        self._recorded: list[Tensor] = []

    def run(self, given: Mapping[str, Tensor]) -> list[Tensor]:
        """The outputs, until the next run."""
        import torch

        for name, value in given.items():
            self._static[name].copy_(value)
        if self._reader.device.type != "cuda":
            return self._execute()
        if self._graph is None:  # the second time: this shape comes again
            torch.cuda.synchronize()
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph):
                self._recorded = self._execute()
        self._graph.replay()
        return self._recorded

    def _execute(self) -> list[Tensor]:
        values = {**self._fixed, **self._static}
        for step in self._steps:
            out = step.compute(*(values[name] if name else None for name in step.inputs))
            values.update(zip(step.outputs, out if len(step.outputs) > 1 else (out,), strict=True))
            for name in step.done:
                del values[name]
        return [values[name] for name in self._reader.outputs]

    def read(self) -> list[Tensor]:
        """The outputs of the first inputs; keeps as steps what must run again for others."""
        from facegpt_ros.backends.torch_ops import NotKnown

        reader = self._reader
        known: dict[str, Tensor] = dict(reader.constants)  # on the CPU
        values: dict[str, Tensor] = dict(self._static)
        steps: list[_Step] = []
        for make, attributes, inputs, outputs, kind in reader.nodes:
            of_shape = kind == "Shape"
            told = [known.get(name) for name in inputs]
            try:
                compute = make(attributes, told)
            except NotKnown as error:
                raise WeightsError(f"torch cannot run the graph's {kind} {outputs[0]}: {error}") from error
            if of_shape or all(name in known or not name for name in inputs):
                out = compute(*((values[name] if of_shape and name in values else known[name]) for name in inputs))
                known.update(zip(outputs, out if len(outputs) > 1 else (out,), strict=True))
                continue
            for name, value in zip(inputs, told, strict=True):
                if value is not None and name not in self._fixed:
                    values[name] = self._fixed[name] = reader.placed(name, value)
            out = compute(*(values[name] if name else None for name in inputs))
            values.update(zip(outputs, out if len(outputs) > 1 else (out,), strict=True))
            steps.append(_Step(compute, inputs, outputs, []))
        for name in reader.outputs:
            if name in known:  # no input reaches it
                values[name] = self._fixed[name] = known[name].to(reader.device)
        self._steps = _with_ends(steps, {*self._fixed, *self._static, *reader.outputs})
        return [values[name] for name in reader.outputs]


def _with_ends(steps: list[_Step], kept: set[str]) -> list[_Step]:
    """Each value is let go after the last step that reads it."""
    seen, out = set(kept), []
    for step in reversed(steps):
        done = [name for name in dict.fromkeys([*step.inputs, *step.outputs]) if name and name not in seen]
        seen |= set(done)
        out.append(step._replace(done=done))
    return out[::-1]
