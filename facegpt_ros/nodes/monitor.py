"""Listens to a face_node from another process: figures as seen by a receiver, the overlay images, diagnostics."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.utilities import try_shutdown
from sensor_msgs.msg import Image

from facegpt_ros.convert import decode_image
from facegpt_ros.diagnostics import FrameStats
from facegpt_ros.errors import ImageError
from facegpt_ros.middleware import prepare_environment
from facegpt_ros.msg import Face3DMMArray
from facegpt_ros.nodes.messages import seconds

Result = Callable[[float, float, Face3DMMArray], None]
Overlay = Callable[[float, np.ndarray], None]
Status = Callable[[str, str, Mapping[str, str]], None]


class Monitor(Node):
    """Collects what comes; made by `monitoring`.

    Args:
        on_result: gets the image's stamp (s), the time of receipt (s, same clock) and the message.
        on_overlay: gets the image's stamp (s) and the picture (H, W, 3) uint8 BGR.
        on_status: gets name, message and values of every status on /diagnostics, of any node.
    """

    def __init__(
        self, on_result: Result | None, on_overlay: Overlay | None, on_status: Status | None = None, **options: Any
    ) -> None:
        super().__init__("face_monitor", **options)
        self.stats = FrameStats()
        self._on_result = on_result
        self._on_overlay = on_overlay
        self._on_status = on_status
        self.create_subscription(Face3DMMArray, "face/params_3dmm", self._take_result, 100)
        if on_overlay is not None:
            # As deep as a burst: the recording should miss none that was drawn.
            self.create_subscription(Image, "face/overlay", self._take_overlay, QoSProfile(depth=10))
        if on_status is not None:
            self.create_subscription(DiagnosticArray, "/diagnostics", self._take_diagnostics, 10)

    def spin(self, timeout_s: float) -> None:
        """Takes at most one message, waiting up to timeout_s for it."""
        rclpy.spin_once(self, timeout_sec=timeout_s)

    def _take_result(self, message: Face3DMMArray) -> None:
        now = self.get_clock().now().nanoseconds * 1e-9
        stamp = seconds(message.header.stamp)
        self.stats.processed(
            latency_s=now - stamp,
            processing_s=seconds(message.processing_time),
            faces=len(message.faces),
            dropped=message.dropped,
        )
        if self._on_result is not None:
            self._on_result(stamp, now, message)

    def _take_overlay(self, message: Image) -> None:
        assert self._on_overlay is not None
        try:
            image = decode_image(message).image
        except ImageError as error:
            self.get_logger().error(f"an overlay was left out: {error}", throttle_duration_sec=5.0)
            return
        self._on_overlay(seconds(message.header.stamp), image)

    def _take_diagnostics(self, message: DiagnosticArray) -> None:
        assert self._on_status is not None
        for status in message.status:
            self._on_status(status.name, status.message, {pair.key: pair.value for pair in status.values})


@contextlib.contextmanager
def monitoring(
    namespace: str = "",
    *,
    on_result: Result | None = None,
    on_overlay: Overlay | None = None,
    on_status: Status | None = None,
) -> Iterator[Monitor]:
    """A Monitor in this process, which must not use ROS otherwise. Signals are left to the caller."""
    prepare_environment()
    rclpy.init(args=[], signal_handler_options=rclpy.signals.SignalHandlerOptions.NO)
    node = Monitor(on_result, on_overlay, on_status, namespace=f"/{namespace.strip('/')}")
    try:
        yield node
    finally:
        node.destroy_node()
        try_shutdown()
