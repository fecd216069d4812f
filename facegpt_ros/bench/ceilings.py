"""What this machine reaches at best: products in int8 and float32, and reading memory."""

from __future__ import annotations

import concurrent.futures
from dataclasses import asdict, dataclass

import numpy as np

from facegpt_ros.backends.onnx_runtime import OnnxRuntime
from facegpt_ros.bench.interleaved import Turn, interleaved
from facegpt_ros.model.matrix import Matrix, int8_limit
from facegpt_ros.model.onnx_writer import OnnxWriter

_ROWS, _WIDTH, _CHAIN = 256, 1024, 6  # large enough for the rate to be the processor's, small enough for its caches
_READ_BYTES = 2**28  # far more than any cache holds


@dataclass(frozen=True)
class Ceilings:
    """The fastest of several turns. Attributes: threads; multiply-adds a second, 1e9; bytes read a second, 1e9."""

    threads: int
    int8_gmac_s: float
    fp32_gmac_s: float
    read_gb_s: float

    def as_json(self) -> dict[str, float]:
        return {name: round(value, 1) for name, value in asdict(self).items()}

    def bound_ms(self, multiplications: float, bytes_read: float, precision: str = "int8") -> dict[str, float]:
        """The least that so many multiply-adds, and so many bytes of weights, can take: compute and memory, ms."""
        rate = self.int8_gmac_s if precision.startswith("int8") else self.fp32_gmac_s  # as float16 is multiplied
        return {"compute": multiplications / rate / 1e6, "memory": bytes_read / self.read_gb_s / 1e6}


def measure(threads: int, repeats: int = 20) -> Ceilings:
    """Takes some seconds."""
    held = np.ones((threads, _READ_BYTES // 8 // threads), np.int64)
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        turns = {
            "int8": _products("int8", threads),
            "fp32": _products("fp32", threads),
            "read": lambda: list(pool.map(np.max, held)),
        }
        fastest = {name: values.min() for name, values in interleaved(turns, repeats, what="ceilings").items()}
    multiplied = _CHAIN * _ROWS * _WIDTH**2 / 1e6
    return Ceilings(
        threads, multiplied / fastest["int8"], multiplied / fastest["fp32"], _READ_BYTES / 1e6 / fastest["read"]
    )


def energy_uj() -> int | None:
    """What the processor has used, microjoules, where the system tells; None elsewhere."""
    try:
        with open("/sys/class/powercap/intel-rapl:0/energy_uj", encoding="ascii") as counter:
            return int(counter.read())
    except (OSError, ValueError):
        return None


def _products(precision: str, threads: int) -> Turn:
    graph = OnnxWriter("products")
    rng = np.random.default_rng(0)
    x = graph.input("x", [_ROWS, _WIDTH])
    for _ in range(_CHAIN):
        weight = rng.normal(0, _WIDTH**-0.5, (_WIDTH, _WIDTH)).astype(np.float32)
        x = Matrix.of(weight, precision, int8_limit()).multiply(graph, x)
    graph.output("y", x, [_ROWS, _WIDTH])
    backend = OnnxRuntime.of_bytes(graph.model().SerializeToString(), f"products in {precision}", threads)
    feeds = {"x": rng.normal(size=(_ROWS, _WIDTH)).astype(np.float32)}
    return lambda: backend.run(feeds)
