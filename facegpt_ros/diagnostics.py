"""Rolling figures of a running node, as plain data."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Figures:
    """Over the last window_s seconds; totals since the start.

    Attributes:
        fps: processed frames a second.
        latency_ms: (p50, p95) from the image's stamp to its result; NaN without frames.
        processing_ms: (p50, p95) from taking the image to its result; NaN without frames.
        faces: in the last frame.
        processed, dropped, failed: frames since the start.
        age_s: since the last processed frame; infinite before the first.
    """

    fps: float
    latency_ms: tuple[float, float]
    processing_ms: tuple[float, float]
    faces: int
    processed: int
    dropped: int
    failed: int
    age_s: float

    def line(self) -> str:
        """"31.9 FPS  latency 14/22 ms (p50/p95)  dropped 3  faces 1"."""
        if self.processed == 0:
            return "no result yet"
        return (
            f"{self.fps:.1f} FPS  latency {self.latency_ms[0]:.0f}/{self.latency_ms[1]:.0f} ms (p50/p95)  "
            f"dropped {self.dropped}  faces {self.faces}"
        )


class FrameStats:
    """Collects what happened to each frame; thread-safe.

    Args:
        window_s: how far back rates and percentiles look.
        clock: seconds, monotonic; given by tests.
    """

    def __init__(self, window_s: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._window_s = window_s
        self._clock = clock
        self._lock = threading.Lock()
        self._recent: deque[tuple[float, float, float]] = deque()  # (when, latency s, processing s)
        self._first_at = self._last_at = float("nan")
        self._faces = self._processed = self._dropped = self._failed = 0

    def processed(self, *, latency_s: float, processing_s: float, faces: int, dropped: int = 0) -> None:
        """One frame gave a result; dropped: frames left out before it."""
        with self._lock:
            now = self._clock()
            if self._processed == 0:
                self._first_at = now
            self._last_at = now
            self._recent.append((now, latency_s, processing_s))
            self._forget(now)
            self._faces = faces
            self._processed += 1
            self._dropped += dropped

    def failed(self, *, dropped: int = 0) -> None:
        """One frame could not be used."""
        with self._lock:
            self._failed += 1
            self._dropped += dropped

    def figures(self) -> Figures:
        with self._lock:
            now = self._clock()
            self._forget(now)
            rows = np.array(self._recent, np.float64).reshape(-1, 3)
            span = min(self._window_s, max(now - self._first_at, 1e-3)) if self._processed else self._window_s
            return Figures(
                fps=len(rows) / span,
                latency_ms=_percentiles_ms(rows[:, 1]),
                processing_ms=_percentiles_ms(rows[:, 2]),
                faces=self._faces,
                processed=self._processed,
                dropped=self._dropped,
                failed=self._failed,
                age_s=now - self._last_at if self._processed else float("inf"),
            )

    def _forget(self, now: float) -> None:
        while self._recent and now - self._recent[0][0] > self._window_s:
            self._recent.popleft()


def _percentiles_ms(seconds: np.ndarray) -> tuple[float, float]:
    if not len(seconds):
        return float("nan"), float("nan")
    p50, p95 = np.percentile(seconds, (50, 95)) * 1000
    return float(p50), float(p95)
