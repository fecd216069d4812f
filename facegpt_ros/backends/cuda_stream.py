"""What a TensorRT engine needs of CUDA: memory, copies and one stream, asked of the driver alone (libcuda.so.1)."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

from facegpt_ros.backends.cuda_driver import LIBRARY
from facegpt_ros.errors import WeightsError

_NON_BLOCKING = 1
_CAPTURE_THIS_THREAD = 1
_OUT_OF_MEMORY = 2


class Buffer:
    """Memory on the GPU at one address, and pinned memory of the same size here."""

    def __init__(self, address: int, pinned: int, size: int) -> None:
        self.address, self.pinned, self.size = address, pinned, size
        memory: Any = (ctypes.c_uint8 * max(size, 1)).from_address(pinned)
        self._host = np.frombuffer(memory, np.uint8)

    def host(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """The pinned memory as an array."""
        count = int(np.prod(shape)) * np.dtype(dtype).itemsize
        return self._host[:count].view(dtype).reshape(shape)


class CudaStream:
    """The first GPU's primary context, which TensorRT uses too, and a stream in it.

    Args:
        load: gives the driver's library; tests give one that is none.

    Raises:
        WeightsError: the driver fails.
    """

    def __init__(self, load: Callable[[str], Any] = ctypes.CDLL) -> None:
        try:
            self._driver = load(LIBRARY)
        except OSError as error:
            raise WeightsError(f"no NVIDIA driver ({LIBRARY}: {error}); set estimator.backend to auto") from error
        self._call("cuInit", 0)
        device = ctypes.c_int()
        self._call("cuDeviceGet", ctypes.byref(device), 0)
        self._device = device.value
        self._context, self._stream = ctypes.c_void_p(), ctypes.c_void_p()
        self._call("cuDevicePrimaryCtxRetain", ctypes.byref(self._context), self._device)
        self.enter()
        self._call("cuStreamCreate", ctypes.byref(self._stream), _NON_BLOCKING)
        self._buffers: list[Buffer] = []

    @property
    def handle(self) -> int:
        """Of the stream, for TensorRT."""
        return self._stream.value or 0

    def enter(self) -> None:
        """Makes the context the calling thread's."""
        self._call("cuCtxSetCurrent", self._context)

    def buffer(self, size: int) -> Buffer:
        """Memory of so many bytes, until close."""
        address, pinned = ctypes.c_uint64(), ctypes.c_void_p()
        self._call("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(max(size, 1)))
        self._call("cuMemHostAlloc", ctypes.byref(pinned), ctypes.c_size_t(max(size, 1)), 0)
        self._buffers.append(Buffer(address.value, pinned.value or 0, size))
        return self._buffers[-1]

    def upload(self, buffer: Buffer, size: int) -> None:
        """So many bytes, from the pinned memory; done when wait has returned."""
        if size:
            given = ctypes.c_uint64(buffer.address), ctypes.c_void_p(buffer.pinned), ctypes.c_size_t(size)
            self._call("cuMemcpyHtoDAsync_v2", *given, self._stream)

    def download(self, buffer: Buffer, size: int) -> None:
        """As upload, the other way."""
        if size:
            given = ctypes.c_void_p(buffer.pinned), ctypes.c_uint64(buffer.address), ctypes.c_size_t(size)
            self._call("cuMemcpyDtoHAsync_v2", *given, self._stream)

    def wait(self) -> None:
        self._call("cuStreamSynchronize", self._stream)

    def capture(self, work: Callable[[], None]) -> int:
        """What `work` gives to the stream, as a CUDA graph; it does not run. Returns its handle."""
        graph, ready = ctypes.c_void_p(), ctypes.c_void_p()
        self._call("cuStreamBeginCapture_v2", self._stream, _CAPTURE_THIS_THREAD)
        try:
            work()
        finally:
            self._call("cuStreamEndCapture", self._stream, ctypes.byref(graph))
        self._call("cuGraphInstantiateWithFlags", ctypes.byref(ready), graph, ctypes.c_uint64(0))
        self._call("cuGraphDestroy", graph)
        return ready.value or 0

    def launch(self, graph: int) -> None:
        self._call("cuGraphLaunch", ctypes.c_void_p(graph), self._stream)

    def forget(self, graph: int) -> None:
        """Frees a graph of capture."""
        self._call("cuGraphExecDestroy", ctypes.c_void_p(graph))

    def close(self) -> None:
        self.enter()
        for buffer in self._buffers:
            self._call("cuMemFree_v2", ctypes.c_uint64(buffer.address))
            self._call("cuMemFreeHost", ctypes.c_void_p(buffer.pinned))
        self._buffers.clear()
        self._call("cuStreamDestroy_v2", self._stream)
        self._call("cuDevicePrimaryCtxRelease_v2", self._device)

    def _call(self, function: str, *arguments: Any) -> None:
        status = getattr(self._driver, function)(*arguments)
        if status == _OUT_OF_MEMORY:
            raise WeightsError(
                f"the GPU's memory ran out ({function}); close other programs, or take a recipe of a smaller batch"
            )
        if status:
            raise WeightsError(f"the NVIDIA driver failed: {function} gave {status}; see dmesg, or start again")
