"""Images and camera_info in: subscriptions, the camera of each image, and why nothing comes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from facegpt_ros.camera_info import camera_from_info
from facegpt_ros.convert import decode_compressed, decode_image
from facegpt_ros.errors import CameraError
from facegpt_ros.frames import NewestFrame
from facegpt_ros.render.camera import Camera

#: Best effort takes images of every publisher; depth 1 keeps the newest only.
NEWEST_IMAGE = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=ReliabilityPolicy.BEST_EFFORT,
    durability=DurabilityPolicy.VOLATILE,
)
_IMAGE_TYPES = {"raw": "sensor_msgs/msg/Image", "compressed": "sensor_msgs/msg/CompressedImage"}
# How long the first image waits for the camera_info of a camera that publishes one.
_INFO_GRACE_S = 1.0


class ImageInput:
    """Subscribes to `image` (or `image/compressed`) and `camera_info` from construction to close.

    Args:
        transport: "raw" or "compressed".
        slot: gets every image message, in the executor's thread. The first ones are held back in it for a moment where
            a camera_info is on its way.
        say_once: logs a text the first time it is given.
        prefix: of the topics, such as "left/".
    """

    def __init__(
        self, node: Node, transport: str, slot: NewestFrame[Any], say_once: Callable[[str], None], prefix: str = ""
    ) -> None:
        self._node = node
        self._transport = transport
        self._slot = slot
        self._say_once = say_once
        self._info: CameraInfo | None = None
        self._grace: Any = None
        self._cache: tuple[CameraInfo | None, tuple[int, int, float], Camera] | None = None
        self._first_image_at = float("nan")
        self._last_image_at = time.monotonic()
        self._asked_for = f"{prefix}image" if transport == "raw" else f"{prefix}image/compressed"
        kind = Image if transport == "raw" else CompressedImage
        self._image = node.create_subscription(kind, self._asked_for, self._on_image, NEWEST_IMAGE)
        self._camera_info = node.create_subscription(CameraInfo, f"{prefix}camera_info", self._on_info, NEWEST_IMAGE)

    @property
    def topic(self) -> str:
        return self._image.topic_name

    @property
    def silent_s(self) -> float:
        """Seconds since the last image, or since subscribing."""
        return time.monotonic() - self._last_image_at

    def close(self) -> None:
        self._let_go()
        self._node.destroy_subscription(self._image)
        self._node.destroy_subscription(self._camera_info)

    def decode(self, message: Any) -> np.ndarray:
        """The message's pixels, (H, W, 3) uint8 BGR.

        Raises:
            ImageError: see facegpt_ros.convert.
        """
        decoded = decode_image(message) if self._transport == "raw" else decode_compressed(message)
        if decoded.note:
            self._say_once(decoded.note)
        return decoded.image

    def camera(self, width: int, height: int, assumed_fov_deg: float) -> Camera:
        """The camera of images of this size."""
        info = self._info
        key = (width, height, assumed_fov_deg)
        if self._cache is None or self._cache[0] is not info or self._cache[1] != key:
            self._cache = (info, key, self._make_camera(info, width, height, assumed_fov_deg))
        return self._cache[2]

    def why_silent(self) -> str:
        """What the graph says of the image topic, and the cure."""
        node = self._node
        found = node.get_publishers_info_by_topic(self.topic)
        wanted = _IMAGE_TYPES[self._transport]
        said = f"no image on {self.topic} for {self.silent_s:.0f} s; "
        if found:
            who = [
                f"{p.node_namespace.rstrip('/')}/{p.node_name} ({p.topic_type}, {p.qos_profile.reliability.name}, "
                f"{p.qos_profile.durability.name})"
                for p in found
            ]
            wrong = [p.topic_type for p in found if p.topic_type != wanted]
            if wrong:
                cure = f"this node takes {wanted}, {wrong[0]} comes: set image.transport or remap image"
            else:
                cure = "they are connected but send nothing: check the camera, the network and ROS_DOMAIN_ID"
            return f"{said}its publishers are {', '.join(who)}; {cure}"
        others = sorted(
            name
            for name, types in node.get_topic_names_and_types()
            if wanted in types
            and any(not self._is_own(p) for p in node.get_publishers_info_by_topic(name))
            and not any(self._is_own(s) for s in node.get_subscriptions_info_by_topic(name))  # another camera's
        )
        if others:
            example = f"--ros-args -r {self._asked_for}:={others[0]}"
            return f"{said}nobody publishes it, but there is {', '.join(others)}: remap with {example}"
        return f"{said}nobody publishes it, nor any other {wanted}: start a camera (ros2 run facegpt_ros camera_node)"

    def _is_own(self, endpoint: Any) -> bool:
        named = (endpoint.node_name, endpoint.node_namespace)
        return named == (self._node.get_name(), self._node.get_namespace())

    def _on_image(self, message: Any) -> None:
        self._last_image_at = time.monotonic()
        if np.isnan(self._first_image_at):
            self._first_image_at = self._last_image_at
        if self._info is None and self._grace is None:
            self._wait_for_info()
        self._slot.put(message)

    def _on_info(self, message: CameraInfo) -> None:
        # The same calibration comes with every image; keeping the first object keeps the cached camera.
        if self._info is None or not _same(self._info, message):
            self._info = message
            self._let_go()

    def _wait_for_info(self) -> None:
        """Here, not where images are processed: other cameras must not wait for this one."""
        left = _INFO_GRACE_S - (self._last_image_at - self._first_image_at)
        if left > 0 and self._node.count_publishers(self._camera_info.topic_name) > 0:
            self._slot.hold(True)
            self._grace = self._node.create_timer(left, self._let_go, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _let_go(self) -> None:
        if self._grace is not None:
            self._node.destroy_timer(self._grace)
            self._grace = None
            self._slot.hold(False)

    def _make_camera(self, info: CameraInfo | None, width: int, height: int, fov_deg: float) -> Camera:
        topic = self._camera_info.topic_name
        why = f"no camera_info on {topic}"
        if info is not None:
            try:
                camera, note = camera_from_info(info, width, height, rectified=_is_rectified(self.topic))
            except CameraError as error:
                self._node.get_logger().error(f"{topic}: {error}; until then a field of view is assumed")
                return Camera.from_fov(width, height, fov_deg)
            if note:
                self._say_once(note)
            if camera is not None:
                return camera
            why = f"camera_info on {topic} is uncalibrated (k is zero)"
        self._say_once(
            f"{why}: a field of view of {fov_deg:g} deg is assumed, so distances are rough; "
            "calibrate the camera or set camera.assumed_fov_deg"
        )
        return Camera.from_fov(width, height, fov_deg)


def _is_rectified(topic: str) -> bool:
    """Whether a name in the topic says so, as image_rect does and a camera called direct does not."""
    return any(name.startswith("rect") or "_rect" in name for name in topic.split("/"))


def _same(a: CameraInfo, b: CameraInfo) -> bool:
    fields = ("width", "height", "distortion_model", "binning_x", "binning_y", "roi")
    arrays = ("k", "d", "p")
    return all(getattr(a, f) == getattr(b, f) for f in fields) and all(
        np.array_equal(getattr(a, f), getattr(b, f), equal_nan=True) for f in arrays
    )
