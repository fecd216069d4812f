"""A driver whose device memory is this process's, and engines that ONNX Runtime runs: for what needs no GPU to test."""

from __future__ import annotations

import ctypes
import enum
from typing import Any

import numpy as np

from facegpt_ros.backends.onnx_runtime import OnnxRuntime


class Driver:
    """libcuda.so.1. `failing`: function → status; `calls`: what was called; work given to the stream runs at once."""

    def __init__(self) -> None:
        self.failing: dict[str, int] = {}
        self.calls: list[str] = []
        self._memory: dict[int, Any] = {}
        self._recorded: list[Any] = []
        self.recording: list[Any] | None = None

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> int:
            self.calls.append(name)
            if name in self.failing:
                return self.failing[name]
            getattr(self, f"do_{name}", lambda *_: None)(*arguments)
            return 0

        if name.startswith("do_"):
            raise AttributeError(name)
        return call

    def held(self) -> int:
        """Pieces of memory that are not freed."""
        return len(self._memory)

    def _new(self, out: Any, size: Any) -> None:
        block = (ctypes.c_uint8 * size.value)()
        self._memory[ctypes.addressof(block)] = block
        out._obj.value = ctypes.addressof(block)

    def do_cuMemAlloc_v2(self, out: Any, size: Any) -> None:
        self._new(out, size)

    def do_cuMemHostAlloc(self, out: Any, size: Any, flags: int) -> None:
        self._new(out, size)

    def do_cuMemFree_v2(self, address: Any) -> None:
        del self._memory[address.value]

    def do_cuMemFreeHost(self, address: Any) -> None:
        del self._memory[address.value]

    def do_cuMemcpyHtoDAsync_v2(self, to: Any, of: Any, size: Any, stream: Any) -> None:
        ctypes.memmove(to.value, of.value, size.value)

    def do_cuMemcpyDtoHAsync_v2(self, to: Any, of: Any, size: Any, stream: Any) -> None:
        ctypes.memmove(to.value, of.value, size.value)

    def do_cuStreamBeginCapture_v2(self, *_: Any) -> None:
        self.recording = []

    def do_cuStreamEndCapture(self, stream: Any, graph: Any) -> None:
        self._recorded.append(self.recording)
        self.recording = None
        graph._obj.value = len(self._recorded)

    def do_cuGraphInstantiateWithFlags(self, out: Any, graph: Any, flags: Any) -> None:
        out._obj.value = graph.value

    def do_cuGraphLaunch(self, graph: Any, stream: Any) -> None:
        for work in self._recorded[graph.value - 1]:
            work()


class _Mode(enum.Enum):
    INPUT = 1
    OUTPUT = 2


class _Context:
    def __init__(self, engine: Any) -> None:
        self._engine, self._address, self._shapes = engine, {}, {}

    def set_tensor_address(self, name: str, address: int) -> None:
        self._address[name] = address

    def set_optimization_profile_async(self, index: int, stream: int) -> None:
        self._engine.module.profiles_set.append(index)

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> None:
        self._shapes[name] = tuple(shape)

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        zeros = {name: np.zeros(shape, np.float32) for name, shape in self._shapes.items()}
        return self._engine.graph.run(zeros)[name].shape

    def execute_async_v3(self, stream: int) -> bool:
        module, shapes = self._engine.module, dict(self._shapes)

        def array(name: str, shape: tuple[int, ...]) -> np.ndarray:
            count = max(int(np.prod(shape)), 1)
            whole = np.frombuffer((ctypes.c_float * count).from_address(self._address[name]), np.float32)
            return whole[: int(np.prod(shape))].reshape(shape)

        def work() -> None:
            module.executed += 1
            out = self._engine.graph.run({name: array(name, shape) for name, shape in shapes.items()})
            for name, value in out.items():
                array(name, value.shape)[...] = value

        if module.driver.recording is None:
            work()
        else:
            module.driver.recording.append(work)
        return not module.fails


class _Engine:
    def __init__(self, module: Any, content: bytes) -> None:
        self.module, self.graph = module, OnnxRuntime.of_bytes(content, "engine")
        self._names = [*(entry.name for entry in self.graph._session.get_inputs()), *self.graph._outputs]
        self.num_io_tensors = len(self._names)
        self.num_optimization_profiles = len(module.profiles)

    def create_execution_context(self) -> _Context:
        return _Context(self)

    def get_tensor_name(self, index: int) -> str:
        return self._names[index]

    def get_tensor_mode(self, name: str) -> _Mode:
        return _Mode.OUTPUT if name in self.graph._outputs else _Mode.INPUT

    def get_tensor_dtype(self, name: str) -> Any:
        return np.float32

    def get_tensor_profile_shape(self, name: str, index: int) -> tuple:
        return self.module.profiles[index][name]


class Module:
    """The module tensorrt. profiles: of every engine, input → (least, usual, most)."""

    __version__ = "10.3.0"
    TensorIOMode = _Mode

    def __init__(self, driver: Driver, profiles: list[dict[str, tuple]]) -> None:
        self.driver, self.profiles = driver, profiles
        self.executed, self.profiles_set, self.fails = 0, [], False

    class Logger:
        ERROR = 1

        def __init__(self, severity: int) -> None:
            pass

    def Runtime(self, logger: Any) -> Any:
        module = self

        class Runtime:
            def deserialize_cuda_engine(self, content: bytes) -> Any:
                return _Engine(module, content) if content else None

        return Runtime()

    @staticmethod
    def nptype(kind: Any) -> Any:
        return kind
