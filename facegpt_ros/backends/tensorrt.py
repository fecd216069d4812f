"""TensorRT: an engine of the same graph, with inputs and outputs at fixed addresses and a CUDA graph for what repeats.

Not run on a GPU yet: its engines are built by tests with TensorRT for RTX, which needs none; what runs them, with a
driver that is none (docs/engines.md).
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from facegpt_ros import recipes
from facegpt_ros.backends import cuda_driver
from facegpt_ros.backends.cuda_stream import Buffer, CudaStream
from facegpt_ros.backends.engine_cache import Engine, EngineKey, engine
from facegpt_ros.backends.tensorrt_build import build_engine, graph_name, profiles_text
from facegpt_ros.errors import WeightsError
from facegpt_ros.recipes import Recipe

_LOG = logging.getLogger(__name__)
MODULE = "tensorrt"


def why_not() -> str:
    """Why TensorRT cannot run here; empty where it can. The driver is asked first: without it, TensorRT may crash."""
    for package, cure in ((MODULE, "it comes with JetPack, elsewhere from NVIDIA"), ("onnx", "pip install onnx")):
        if find_spec(package) is None:
            return f"the package {package} is missing; {cure}"
    found = cuda_driver.probe()
    if found.gpu is None:
        return found.why_not
    if not hasattr(import_module(MODULE), "Builder"):
        return f"the package {MODULE} is a stub without TensorRT; take it from JetPack or from NVIDIA"
    return ""


def prepare_engine(
    graph: bytes, name: str, precision: str, recipe: Recipe, say: Callable[[str], None] = _LOG.info
) -> Engine:
    """The engine of a graph for this machine's GPU, from the cache or built into it, which takes minutes.

    Raises:
        WeightsError: TensorRT cannot run here, or does not take the graph.
    """
    if why := why_not():
        raise WeightsError(f"{name}: TensorRT cannot run here: {why}; set estimator.backend to auto")
    module, gpu = import_module(MODULE), cuda_driver.probe().gpu
    assert gpu is not None
    of = graph_name(graph, name)
    key = EngineKey(
        graph=hashlib.sha256(graph).hexdigest(),
        backend=MODULE,
        version=module.__version__,
        gpu=gpu.name,
        sm=gpu.sm,
        precision=precision,
        profiles=profiles_text(recipe, of),
    )
    return engine(of, key, lambda: build_engine(module, graph, name, recipe), say)


class TensorRT:
    """A graph as an engine.

    Args:
        graph: an .onnx file of plain ops, or its bytes.
        name: what errors call bytes.
        precision: of the graph.
        recipe: whose sizes it is built for; None: this machine's.

    Attributes:
        provider: "TensorRT 10.3.0 on Orin".

    Raises:
        WeightsError: there is no GPU or no TensorRT, or it does not take the graph.
    """

    def __init__(self, graph: Path | bytes, name: str = "", precision: str = "", recipe: Recipe | None = None) -> None:
        name = name or str(graph if isinstance(graph, Path) else "graph")
        if isinstance(graph, Path) and not graph.is_file():
            raise WeightsError(f"{graph}: no such file; check estimator.weights, empty takes the shipped ones")
        content = graph.read_bytes() if isinstance(graph, Path) else graph
        gpu = cuda_driver.probe().gpu
        made = prepare_engine(content, name, precision, recipe or recipes.for_machine(gpu))
        module = import_module(MODULE)
        self.provider = f"TensorRT {module.__version__} on {gpu.name if gpu else 'no GPU'}"
        self.metadata = _metadata(content)
        self._run = EngineRun(module, made.content, name, CudaStream())

    def warm_up(self, shape: tuple[int, ...]) -> None:
        for _ in range(3):  # the third runs the CUDA graph
            self.infer(np.full(shape, 127, np.uint8))

    def infer(self, inputs: np.ndarray) -> np.ndarray:
        return self._run({self._run.inputs[0]: inputs})[self._run.outputs[0]]

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return self._run(inputs)

    def close(self) -> None:
        self._run.close()


class EngineRun:
    """Runs an engine: buffers as large as its profiles allow, made once, so that addresses never change.

    Args:
        tensorrt: the module.
        content: of the engine's file.
        name: what errors call it.
        stream: it is closed with this.

    Raises:
        WeightsError: the engine is of another version or GPU, or memory is short.
    """

    def __init__(self, tensorrt: Any, content: bytes, name: str, stream: CudaStream) -> None:
        self._name, self._stream = name, stream
        self._runtime = tensorrt.Runtime(tensorrt.Logger(tensorrt.Logger.ERROR))
        self._engine = self._runtime.deserialize_cuda_engine(content)
        if self._engine is None:
            raise WeightsError(
                f"{name}: TensorRT {tensorrt.__version__} cannot open its engine; `facegpt engines clean`"
            )
        self._context: Any = self._engine.create_execution_context()
        if self._context is None:
            raise WeightsError(
                f"{name}: the GPU's memory is too small for its engine; take a recipe of a smaller batch"
            )
        every = [self._engine.get_tensor_name(i) for i in range(self._engine.num_io_tensors)]
        kind = tensorrt.TensorIOMode.INPUT
        self.inputs = [name for name in every if self._engine.get_tensor_mode(name) == kind]
        self.outputs = [name for name in every if self._engine.get_tensor_mode(name) != kind]
        self._dtypes = {name: np.dtype(tensorrt.nptype(self._engine.get_tensor_dtype(name))) for name in every}
        self._shapes: dict[str, tuple[int, ...]] | None = None
        self._profile, self._graph, self._repeats, self._recordable = -1, 0, 0, True
        self._buffers: dict[str, Buffer] = {}
        for name, size in self._largest().items():
            self._buffers[name] = stream.buffer(size)
            self._context.set_tensor_address(name, self._buffers[name].address)

    def __call__(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Every input by name → every output by name, copies of it."""
        if self._context is None:
            raise WeightsError(f"{self._name}: the engine was closed; load it again")
        if missing := [name for name in self.inputs if name not in inputs]:
            raise WeightsError(f"{self._name}: the input {missing[0]} is missing; give {', '.join(self.inputs)}")
        self._stream.enter()
        self._take({name: tuple(inputs[name].shape) for name in self.inputs})
        for name in self.inputs:
            if inputs[name].dtype != self._dtypes[name]:
                raise WeightsError(f"{self._name}: {name} is {inputs[name].dtype}, it takes {self._dtypes[name]}")
            self._buffers[name].host(inputs[name].shape, self._dtypes[name])[...] = inputs[name]
            self._stream.upload(self._buffers[name], inputs[name].nbytes)
        self._compute()
        out = {}
        for name in self.outputs:
            shape = tuple(self._context.get_tensor_shape(name))
            out[name] = self._buffers[name].host(shape, self._dtypes[name])
            self._stream.download(self._buffers[name], out[name].nbytes)
        self._stream.wait()
        return {name: value.copy() for name, value in out.items()}

    def close(self) -> None:
        """Frees the engine and its buffers; harmless the second time."""
        if self._context is None:
            return
        self._stream.enter()
        self._drop_graph()
        self._context = self._engine = self._runtime = None
        self._stream.close()

    def _compute(self) -> None:
        """The first time of a shape as it is, while TensorRT sets itself up; the second is recorded, then repeated."""
        if self._repeats == 1 and self._recordable:
            try:
                self._graph = self._stream.capture(self._execute)
            except WeightsError as error:  # an engine that computes sizes on the host cannot be recorded
                self._recordable = False
                _LOG.warning("%s runs without a CUDA graph: %s", self._name, error)
        self._repeats += 1
        if self._graph:
            self._stream.launch(self._graph)
        else:
            self._execute()

    def _execute(self) -> None:
        if not self._context.execute_async_v3(self._stream.handle):
            raise WeightsError(f"{self._name}: TensorRT failed to run its engine; see the log above")

    def _take(self, shapes: dict[str, tuple[int, ...]]) -> None:
        """Sets the shapes of the inputs, where they are others than before."""
        if shapes == self._shapes:
            return
        self._drop_graph()  # it holds the shapes that it was recorded with
        self._shapes = None
        fitting = [index for index in range(self._engine.num_optimization_profiles) if self._fits(index, shapes)]
        if not fitting:
            raise WeightsError(f"{self._name}: no profile of its engine takes {shapes}; {self._taken()}")
        if fitting[0] != self._profile:
            self._context.set_optimization_profile_async(fitting[0], self._stream.handle)
            self._profile = fitting[0]
        for name, shape in shapes.items():
            self._context.set_input_shape(name, shape)
        self._shapes = shapes

    def _fits(self, profile: int, shapes: dict[str, tuple[int, ...]]) -> bool:
        for name, shape in shapes.items():
            least, _, most = self._engine.get_tensor_profile_shape(name, profile)
            if len(least) != len(shape) or not all(
                low <= size <= high for low, size, high in zip(least, shape, most, strict=True)
            ):
                return False
        return True

    def _taken(self) -> str:
        ends = []
        for index in range(self._engine.num_optimization_profiles):
            for name in self.inputs:
                least, _, most = self._engine.get_tensor_profile_shape(name, index)
                ends.append(f"{name} {tuple(least)} to {tuple(most)}")
        return "they take " + ", ".join(ends)

    def _largest(self) -> dict[str, int]:
        """Bytes of every input and output at the largest shapes of the profiles."""
        sizes = dict.fromkeys([*self.inputs, *self.outputs], 0)
        for index in range(self._engine.num_optimization_profiles):
            self._context.set_optimization_profile_async(index, self._stream.handle)
            self._profile = index
            shapes = {name: tuple(self._engine.get_tensor_profile_shape(name, index)[2]) for name in self.inputs}
            for name, shape in shapes.items():
                self._context.set_input_shape(name, shape)
            shapes |= {name: tuple(self._context.get_tensor_shape(name)) for name in self.outputs}
            for name, shape in shapes.items():
                sizes[name] = max(sizes[name], int(np.prod(shape)) * self._dtypes[name].itemsize)
        return sizes

    def _drop_graph(self) -> None:
        if self._graph:
            self._stream.forget(self._graph)
        self._graph = self._repeats = 0


def _metadata(graph: bytes) -> dict[str, str]:
    import onnx

    return {entry.key: entry.value for entry in onnx.load_model_from_string(graph).metadata_props}
