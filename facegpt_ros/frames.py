"""The newest-frame slots between subscriptions and the one worker that processes images."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Taken(Generic[T]):
    """A frame whose turn has come.

    Attributes:
        frame: the newest one put.
        dropped: frames overwritten since the last take.
        waited_s: how long it lay in the slot.
    """

    frame: T
    dropped: int
    waited_s: float


class NewestFrame(Generic[T]):
    """Holds one frame: put never blocks and overwrites, take blocks until there is one.

    A worker slower than the camera so always gets the newest image, and the rest are counted as dropped.

    Args:
        clock: seconds, monotonic; given by tests.
        changed: shared with other slots that one worker waits for.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, changed: threading.Condition | None = None
    ) -> None:
        self._clock = clock
        self._changed = changed or threading.Condition()
        self._frame: T | None = None
        self._put_at = 0.0
        self._dropped = 0
        self._dropped_total = 0
        self._held = False
        self._closed = False

    @property
    def dropped_total(self) -> int:
        """Frames overwritten since construction."""
        with self._changed:
            return self._dropped_total

    def put(self, frame: T) -> None:
        """Make this the newest frame. After close it is ignored."""
        with self._changed:
            if self._closed:
                return
            if self._frame is not None:
                self._dropped += 1
                self._dropped_total += 1
            self._frame, self._put_at = frame, self._clock()
            self._changed.notify()

    @property
    def ready(self) -> bool:
        """Whether there is a frame to take."""
        with self._changed:
            return self._frame is not None and not self._held

    def hold(self, held: bool) -> None:
        """While held, frames come in and none is taken: the newest waits."""
        with self._changed:
            self._held = held
            self._changed.notify()

    def take(self, timeout_s: float | None = None) -> Taken[T] | None:
        """The newest frame, which leaves the slot; None after close or when timeout_s passed without one."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self.ready, timeout_s)
            if self._closed or not self.ready or self._frame is None:
                return None
            taken = Taken(self._frame, self._dropped, self._clock() - self._put_at)
            self._frame, self._dropped = None, 0
            return taken

    def clear(self) -> None:
        """Forget a frame that waits, e.g. on deactivation; it does not count as dropped."""
        with self._changed:
            self._frame = None

    def close(self) -> None:
        """Wake the worker for good: every take, also one that waits, returns None."""
        with self._changed:
            self._closed = True
            self._frame = None
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        with self._changed:
            return self._closed


class NewestFrames(Generic[T]):
    """A slot for each of several sources, and one worker that takes of all that have a frame at once.

    A source that is slow or silent is never waited for, and none starves: each take empties every slot.

    Args:
        names: of the sources.
        clock: seconds, monotonic; given by tests.
    """

    def __init__(self, names: Sequence[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._changed = threading.Condition()
        self._slots: dict[str, NewestFrame[T]] = {name: NewestFrame(clock, self._changed) for name in names}

    def __getitem__(self, name: str) -> NewestFrame[T]:
        """Where frames of this source are put."""
        return self._slots[name]

    def take(self, timeout_s: float | None = None) -> dict[str, Taken[T]]:
        """The newest frame of each source that has one, at least one; empty after close or when timeout_s passed."""
        with self._changed:
            slots = self._slots.items()
            self._changed.wait_for(lambda: self.closed or any(slot.ready for _, slot in slots), timeout_s)
            return {name: one for name, slot in slots if slot.ready and (one := slot.take(0)) is not None}

    def close(self) -> None:
        """Wake the worker for good: every take, also one that waits, returns nothing."""
        for slot in self._slots.values():
            slot.close()

    @property
    def closed(self) -> bool:
        return all(slot.closed for slot in self._slots.values())
