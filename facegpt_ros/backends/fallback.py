"""Frames that survive a lost GPU: where a backend fails the CPU takes over, and the backend is tried again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

import numpy as np

from facegpt_ros.backends.base import Backend
from facegpt_ros.errors import FaceGPTError

_LOG = logging.getLogger(__name__)
_LONGEST_WAIT_S = 60.0

Opener = Callable[[], Backend]


def in_thread(work: Callable[[], None]) -> Callable[[], None]:
    """Begins work; the result waits for it."""
    thread = threading.Thread(target=work, name="backend_retry", daemon=True)
    thread.start()
    return thread.join


class FallBack:
    """A backend with another behind it. Not thread-safe, as every backend.

    Args:
        first: opens the one that shall run.
        second: opens the one that runs where first cannot; called when it is needed.
        retry_s: first is opened again so long after it failed, then after twice that, up to a minute.
        clock: seconds, monotonic; given by tests.
        start: begins the opening beside the frames, and returns what waits for its end; given by tests.

    Attributes:
        problem: what failed and what runs instead, for people; empty where nothing is wrong.
    """

    def __init__(
        self,
        first: Opener,
        second: Opener,
        retry_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None]], Callable[[], None]] = in_thread,
    ) -> None:
        self._open_first, self._open_second = first, second
        self._retry_s, self._clock, self._start = retry_s, clock, start
        self._second: Backend | None = None
        self._again: Backend | None = None  # first, opened and tried beside the frames
        self._wait: Callable[[], None] | None = None
        self._wait_s, self._due = retry_s, float("inf")
        self._last: dict[str, np.ndarray] = {}
        self.problem = ""
        try:
            self._first: Backend | None = first()
        except FaceGPTError as error:  # it will not be otherwise in five seconds
            self._first = None
            self._say(error)

    @property
    def provider(self) -> str:
        """What computes now."""
        return self._running().provider

    @property
    def metadata(self) -> dict[str, str]:
        return self._running().metadata

    def warm_up(self, shape: tuple[int, ...]) -> None:
        self._running().warm_up(shape)

    def infer(self, inputs: np.ndarray) -> np.ndarray:
        return self._tried(lambda backend: backend.infer(inputs), {})

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return self._tried(lambda backend: backend.run(inputs), inputs)

    def close(self) -> None:
        if self._wait is not None:
            self._wait()
        for backend in (self._first, self._second, self._again):
            if backend is not None:
                backend.close()
        self._first = self._again = None
        self._due = float("inf")

    def _tried(self, work: Callable, inputs: Mapping[str, np.ndarray]):  # type: ignore[type-arg, no-untyped-def]
        self._recover()
        if self._first is None:
            return work(self._running())
        try:
            return work(self._first)
        except Exception as error:  # a lost GPU raises whatever its library does
            failed, self._first = self._first, None
            try:
                out = work(self._running())
            except Exception:  # what comes in is wrong, not what computes
                self._first = failed
                raise
            self._lose(failed, error, inputs)
            return out

    def _running(self) -> Backend:
        if self._first is not None:
            return self._first
        if self._second is None:
            self._second = self._open_second()
        return self._second

    def _lose(self, failed: Backend, error: Exception, inputs: Mapping[str, np.ndarray]) -> None:
        self._say(error)
        self._last = {name: np.array(value) for name, value in inputs.items()}
        self._wait_s = self._retry_s
        self._due = self._clock() + self._wait_s
        try:
            failed.close()
        except Exception as also:  # what is lost may not be freed either
            _LOG.warning("closing %s failed: %s", failed.provider, also)

    def _say(self, error: Exception) -> None:
        self.problem = f"{self._running().provider} computes instead of what was asked for: {error}"
        _LOG.error(self.problem)

    def _recover(self) -> None:
        if self._first is not None:
            return
        if self._again is not None:
            self._first, self._again = self._again, None
            self.problem, self._wait, self._due = "", None, float("inf")
            _LOG.warning("%s computes again", self._first.provider)
        elif self._clock() >= self._due:
            self._due = float("inf")  # until this try has ended
            self._wait = self._start(self._try_again)

    def _try_again(self) -> None:
        try:
            backend = self._open_first()
            if self._last:
                backend.run(self._last)
        except Exception as error:
            _LOG.info("still not: %s", error)
            self._wait_s = min(2 * self._wait_s, _LONGEST_WAIT_S)
            self._due = self._clock() + self._wait_s
        else:
            self._again = backend
