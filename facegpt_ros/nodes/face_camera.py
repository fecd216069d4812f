"""One camera of face_node: its images in, its faces out, and what became of each image."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from visualization_msgs.msg import MarkerArray

from facegpt_ros.config import Config, OutputConfig
from facegpt_ros.diagnostics import FrameStats
from facegpt_ros.errors import FaceGPTError, ImageError
from facegpt_ros.face import Face
from facegpt_ros.frames import NewestFrame, Taken
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.msg import Face3DMMArray
from facegpt_ros.nodes import messages
from facegpt_ros.nodes.image_input import ImageInput
from facegpt_ros.perception.stream import View
from facegpt_ros.viz.markers import face_markers

# Stamps of a recording or another clock say nothing about latency; beyond this it is counted from reception.
_PLAUSIBLE_LATENCY_S = 10.0
# A camera that stays away is named this often.
_WARN_AGAIN_S = 30.0
# Images that cannot be used are named this often.
_COMPLAIN_AGAIN_S = 5.0


class FaceCamera:
    """Publishers from construction to destroy, subscriptions from open to close.

    Args:
        name: its topics are NAME/image, NAME/face/params_3dmm and so on; without a name, image and so on.
        publish_tf: of /tf, which all cameras share.
        say_once: logs a text the first time it is given.

    Attributes:
        input: its subscriptions while it is open.
        stats: of its images.
        seen: header and faces of its last processed image; set as one, for readers in other threads.
    """

    def __init__(self, node: Node, name: str, publish_tf: Any, say_once: Callable[[str], None]) -> None:
        self.name = name
        self.input: ImageInput | None = None
        self.stats = FrameStats()
        self.seen: tuple[Header | None, list[Face]] = (None, [])
        self._node = node
        self._prefix = f"{name}/" if name else ""
        self._say_once = say_once
        self._left_out = 0
        self._warned_at = self._complained_at = float("-inf")
        self._publish_tf = publish_tf
        self.publish_params = node.create_publisher(Face3DMMArray, f"{self._prefix}face/params_3dmm", 10)
        self.publish_markers = node.create_publisher(MarkerArray, f"{self._prefix}face/markers", 1)
        self.publish_overlay = node.create_publisher(Image, f"{self._prefix}face/overlay", 1)

    def open(self, slot: NewestFrame[Any], transport: str) -> None:
        """Images go to slot from now on."""
        self.input = ImageInput(self._node, transport, slot, self._say_once, self._prefix)

    def close(self) -> None:
        if self.input is not None:
            self.input.close()
            self.input = None
        self.seen = (None, [])  # nobody is tracked any more

    def destroy(self) -> None:
        """Its publishers too; it is of no use afterwards."""
        self.close()
        for publisher in (self.publish_params, self.publish_markers, self.publish_overlay):
            self._node.destroy_publisher(publisher)

    def read(self, taken: Taken[Any], config: Config) -> View | None:
        """The image whose turn has come; None where it is too old.

        Raises:
            ImageError: see facegpt_ros.convert.
        """
        assert self.input is not None
        self._left_out += taken.dropped
        stamp, limit = taken.frame.header.stamp, config.image.max_age_s
        age = self._age_s(stamp)
        if limit and age > limit:
            self._left_out += 1
            self.stats.failed(dropped=taken.dropped + 1)
            why = f"images{self._whose()} are {age:.1f} s old when their turn comes, image.max_age_s is {limit:g}"
            self._complain(f"{why}; check the clocks of the machines", error=False)
            return None
        image = self.input.decode(taken.frame)
        camera = self.input.camera(image.shape[1], image.shape[0], config.camera.assumed_fov_deg)
        return View(image, camera, messages.seconds(stamp), self.name)

    def publish(self, taken: Taken[Any], faces: list[Face], model_id: str, begun: float) -> None:
        """The faces of an image, with its own header; begun: when it was taken, of time.monotonic."""
        source = taken.frame.header
        spent = time.monotonic() - begun
        self.publish_params.publish(messages.faces_message(source, faces, model_id, spent, self._left_out))
        self.seen = (source, faces)
        self._left_out = 0
        latency = self._age_s(source.stamp)
        if not 0 <= latency <= _PLAUSIBLE_LATENCY_S:
            latency = taken.waited_s + spent
        self.stats.processed(latency_s=latency, processing_s=spent, faces=len(faces), dropped=taken.dropped)

    def publish_views(
        self, source: Header, faces: list[Face], image: np.ndarray, model: MorphableModel, output: OutputConfig
    ) -> None:
        """What else is asked for; markers and overlay only where someone listens."""
        if output.tf and faces:
            self._publish_tf.publish(messages.transforms_message(source, faces, model.expression_names))
        if output.markers and self.publish_markers.get_subscription_count():
            marks = [mark for face in faces for mark in face_markers(face, model, mesh=output.mesh)]
            self.publish_markers.publish(messages.markers_message(source, marks))
        if output.overlay and self.publish_overlay.get_subscription_count():
            from facegpt_ros.viz.overlay import draw_overlay

            self.publish_overlay.publish(messages.image_message(source, draw_overlay(image, faces, model)))

    def failed(self, error: Exception, taken: Taken[Any]) -> None:
        """An image could not be used."""
        self._left_out += 1
        self.stats.failed(dropped=taken.dropped)
        expected = isinstance(error, (FaceGPTError, ImageError))
        text = str(error) if expected else f"{error!r}\n{''.join(traceback.format_exception(error))}"
        self._complain(f"an image{self._whose()} was left out: {text}")

    def silence(self, timeout_s: float) -> str:
        """Why no image came for timeout_s, said in the log too now and then; empty where one did, or timeout_s is 0."""
        if self.input is None or not timeout_s or self.input.silent_s <= timeout_s:
            return ""
        problem = self.input.why_silent()
        if time.monotonic() - self._warned_at > max(timeout_s, _WARN_AGAIN_S):
            self._warned_at = time.monotonic()
            self._node.get_logger().warning(problem)
        return problem

    def _whose(self) -> str:
        return f" of {self.name}" if self.name else ""

    def _complain(self, text: str, *, error: bool = True) -> None:
        # Not the logger's throttle: it counts by line of code, and one camera would silence the others.
        now = time.monotonic()
        if now - self._complained_at > _COMPLAIN_AGAIN_S:
            self._complained_at = now
            logger = self._node.get_logger()
            (logger.error if error else logger.warning)(text)

    def _age_s(self, stamp: Any) -> float:
        return self._node.get_clock().now().nanoseconds * 1e-9 - messages.seconds(stamp)
