"""rclpy from start to end in a node's process."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator, Sequence

import rclpy
from rclpy.utilities import try_shutdown

from facegpt_ros.middleware import prepare_environment


@contextlib.contextmanager
def ros(arguments: Sequence[str]) -> Iterator[None]:
    """Initialises rclpy for the block and shuts it down after it; the process is to end with the block.

    Ctrl-C ends rclpy.spin with ExternalShutdownException and raises nothing else: it reaches a launched node twice,
    from the terminal and from launch, and the second KeyboardInterrupt would cut the clean end short.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepare_environment()
    rclpy.init(args=list(arguments))
    try:
        yield
    finally:
        try_shutdown()
