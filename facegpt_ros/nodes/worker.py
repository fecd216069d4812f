"""The one thread that processes images, off the executor's callbacks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from facegpt_ros.frames import NewestFrames, Taken

Round = Mapping[str, Taken[Any]]  # the newest frame of each camera that has one


class FrameWorker:
    """Takes the newest frames again and again; an exception in one round is handed over and the next one goes on.

    Args:
        names: of the cameras.
        process: gets each round, in the worker's thread.
        failed: gets what process raised and the round it raised for.
    """

    def __init__(
        self,
        names: Sequence[str],
        process: Callable[[Round], None],
        failed: Callable[[Exception, Round], None],
    ) -> None:
        self.slots: NewestFrames[Any] = NewestFrames(names)
        self._process = process
        self._failed = failed
        self._thread = threading.Thread(target=self._run, name="face_worker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when the round in progress is done; the worker cannot be started again."""
        self.slots.close()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while taken := self.slots.take():
            try:
                self._process(taken)
            except Exception as error:  # the node lives on, whatever one frame holds
                self._failed(error, taken)
