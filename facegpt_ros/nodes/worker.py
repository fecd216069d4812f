"""The one thread that processes images, off the executor's callbacks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from facegpt_ros.frames import NewestFrame, Taken


class FrameWorker:
    """Takes the newest frame again and again; an exception in one frame is handed over and the next one goes on.

    Args:
        process: gets each taken frame, in the worker's thread.
        failed: gets what process raised and the frame it raised for.
    """

    def __init__(self, process: Callable[[Taken[Any]], None], failed: Callable[[Exception, Taken[Any]], None]) -> None:
        self.slot: NewestFrame[Any] = NewestFrame()
        self._process = process
        self._failed = failed
        self._thread = threading.Thread(target=self._run, name="face_worker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when the frame in progress is done; the worker cannot be started again."""
        self.slot.close()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while (taken := self.slot.take()) is not None:
            try:
                self._process(taken)
            except Exception as error:  # the node lives on, whatever one frame holds
                self._failed(error, taken)
