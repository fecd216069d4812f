"""camera_node: a webcam, video file or folder of images as image and camera_info."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import rclpy
from rcl_interfaces.msg import SetParametersResult
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from facegpt_ros.camera_info import Calibration
from facegpt_ros.config import CameraNodeConfig
from facegpt_ros.errors import ConfigError, FaceGPTError
from facegpt_ros.msg import Face3DMMArray
from facegpt_ros.nodes.image_input import NEWEST_IMAGE
from facegpt_ros.nodes.lifetime import ros
from facegpt_ros.nodes.messages import camera_info_message, image_message, nanoseconds
from facegpt_ros.nodes.ros_parameters import changed, declare
from facegpt_ros.sources import open_source, resized

_POLL_S = 0.02
_LOOK_AGAIN_S, _SAY_AGAIN_S = 1.0, 30.0  # of a source that is gone


class CameraNode(Node):
    """Publishes from its own thread once played; files wait for the first subscriber.

    Args:
        options: of rclpy's node.

    Raises:
        ConfigError, CameraError: the source or the calibration cannot be opened.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__("camera_node", **options)
        config = declare(self, CameraNodeConfig)
        self.add_on_set_parameters_callback(lambda parameters: _refuse(config, parameters))
        self._config = config.source
        self._source = open_source(self._config)
        self._calibration = Calibration.load(self._config.calibration) if self._config.calibration else None
        self._images = self.create_publisher(Image, "image", NEWEST_IMAGE)
        self._infos = self.create_publisher(CameraInfo, "camera_info", NEWEST_IMAGE)
        self._result = threading.Condition()
        self._result_stamp = 0
        self._results: Any = None
        if self._config.pace == "consumed":
            self._results = self.create_subscription(Face3DMMArray, "face/params_3dmm", self._on_result, 10)
        self._stop = threading.Event()
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)

    def play(self) -> None:
        self._thread.start()

    def release(self) -> None:
        """Stops publishing and frees the device."""
        self._stop.set()
        with self._result:
            self._result.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        self._source.close()

    def _run(self) -> None:
        try:
            self._play()
        except Exception as error:
            if self.context.ok():  # else a publish met the shutdown, which is no failure
                self.get_logger().fatal(f"stopped publishing: {error!r}")
        finally:
            self.ended.set()

    def _play(self) -> None:
        config, source = self._config, self._source
        fps = config.fps if config.pace == "fixed" else source.fps
        if not source.live:
            self._wait_for_subscribers()
        self.get_logger().info(f"publishing {config.uri} on {self._images.topic_name}, pace {config.pace}")
        published = this_time = 0
        due = time.monotonic()
        while not self._stop.is_set():
            image = source.read()
            if image is None:
                if config.loop and published and not source.live:
                    if not this_time:
                        said = f"{config.uri} cannot be read any more; is it still there? It is tried again by itself"
                        self.get_logger().error(said, throttle_duration_sec=_SAY_AGAIN_S)
                        self._stop.wait(_LOOK_AGAIN_S)
                    source.rewind()
                    this_time = 0
                    continue
                break
            stamp = self._publish(resized(image, config.width, config.height))
            published, this_time = published + 1, this_time + 1
            if config.pace == "consumed":
                self._wait_for_result(stamp)
            elif not source.live or config.pace == "fixed":
                due = max(due + 1 / fps, time.monotonic() - 1 / fps)
                self._stop.wait(max(0.0, due - time.monotonic()))
        if not self._stop.is_set():
            self._say_ended(published)

    def _say_ended(self, published: int) -> None:
        config, what = self._config, f"{self._config.uri} ended after {published} images"
        if self._source.live:
            self.get_logger().error(f"webcam {what}; is it still plugged in?")
        elif published == 0:
            self.get_logger().error(f"{config.uri} holds no image that OpenCV can read")
        else:
            then = "exiting" if config.exit_at_end else "no more will come (source.loop starts again)"
            self.get_logger().info(f"{what}; {then}")
        if config.exit_at_end:
            self.context.try_shutdown()

    def _publish(self, image: Any) -> int:
        now = self.get_clock().now()
        header = Header(stamp=now.to_msg(), frame_id=self._config.frame_id)
        height, width = image.shape[:2]
        calibration = self._calibration or Calibration.uncalibrated(width, height)
        self._infos.publish(camera_info_message(header, calibration))
        self._images.publish(image_message(header, image))
        return now.nanoseconds

    def _wait_for_subscribers(self) -> None:
        def ready() -> bool:
            heard = self._images.get_subscription_count() > 0
            return heard and (self._results is None or self.count_publishers(self._results.topic_name) > 0)

        while not ready() and not self._stop.wait(_POLL_S):
            pass

    def _wait_for_result(self, stamp: int) -> None:
        with self._result:
            self._result.wait_for(lambda: self._result_stamp >= stamp or self._stop.is_set(), self._config.max_wait_s)

    def _on_result(self, message: Face3DMMArray) -> None:
        with self._result:
            self._result_stamp = nanoseconds(message.header.stamp)
            self._result.notify_all()


def _refuse(config: CameraNodeConfig, parameters: Sequence[RosParameter]) -> SetParametersResult:
    try:
        changed(config, parameters, live_only=True)
    except ConfigError as error:
        reason = str(error).split("; reconfigure")[0]
        return SetParametersResult(successful=False, reason=f"{reason}; start camera_node anew")
    return SetParametersResult(successful=True)


def main(arguments: Sequence[str] | None = None, node_class: type[CameraNode] = CameraNode) -> int:
    """The executable. Status 1: the source cannot be opened, which was logged."""
    with ros(sys.argv if arguments is None else arguments):
        node = None
        try:
            node = node_class()
            node.play()
            rclpy.spin(node)
        except FaceGPTError as error:
            rclpy.logging.get_logger("camera_node").error(str(error))
            return 1
        except ExternalShutdownException:
            pass
        finally:
            if node is not None:
                node.release()
                node.destroy_node()
    return 0


if __name__ == "__main__":
    sys.exit(main())
