"""Whether there is an NVIDIA GPU, asked of its driver alone: no CUDA library is loaded, and nothing can crash.

TensorRT must not be started where the driver is missing: making a runtime there can end the process.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

LIBRARY = "libcuda.so.1"
_MAJOR, _MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_*
_KNOWN_ERRORS = {100: "no device", 3: "not initialised", 803: "driver and device do not match", 999: "unknown"}


@dataclass(frozen=True)
class Gpu:
    """The first GPU. Attributes: name; sm, compute capability, "8.7"; memory in MB; driver, CUDA version, "12.6"."""

    name: str
    sm: str
    memory_mb: int
    driver: str


@dataclass(frozen=True)
class Probe:
    """What was found; why_not says why gpu is None."""

    gpu: Gpu | None
    why_not: str = ""


@lru_cache
def probe() -> Probe:
    """Asked once for each process."""
    return ask(ctypes.CDLL)


def ask(load: Callable[[str], Any]) -> Probe:
    """Asks the driver that `load` gives."""
    try:
        driver = load(LIBRARY)
    except OSError:
        return Probe(None, f"no NVIDIA driver ({LIBRARY} cannot be loaded)")
    try:
        return Probe(_first(driver))
    except _DriverError as error:
        return Probe(None, f"the NVIDIA driver says: {error}")


class _DriverError(Exception):
    pass


def _first(driver: Any) -> Gpu:
    def number(function: str, *arguments: Any, kind: Any = ctypes.c_int) -> int:
        out = kind()
        _check(function, getattr(driver, function)(ctypes.byref(out), *arguments))
        return out.value

    _check("cuInit", driver.cuInit(0))
    if number("cuDeviceGetCount") < 1:
        raise _DriverError("no device")
    device, version = number("cuDeviceGet", 0), number("cuDriverGetVersion")
    major, minor = (number("cuDeviceGetAttribute", which, device) for which in (_MAJOR, _MINOR))
    name = ctypes.create_string_buffer(256)
    _check("cuDeviceGetName", driver.cuDeviceGetName(name, len(name), device))
    memory = number("cuDeviceTotalMem_v2", device, kind=ctypes.c_size_t)
    return Gpu(
        name.value.decode("utf-8", "replace"),
        f"{major}.{minor}",
        memory // 2**20,
        f"{version // 1000}.{version % 1000 // 10}",
    )


def _check(function: str, status: int) -> None:
    if status:
        raise _DriverError(f"{function} failed with {status} ({_KNOWN_ERRORS.get(status, 'see cuda.h')})")
