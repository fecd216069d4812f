"""face_node: images in, 3D faces out. Loads in configure, runs while active, frees in cleanup."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter as RosParameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import Image
from std_srvs.srv import SetBool
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import MarkerArray

from facegpt_ros.config import Config
from facegpt_ros.diagnostics import FrameStats
from facegpt_ros.errors import ConfigError, FaceGPTError, ImageError
from facegpt_ros.face import Face
from facegpt_ros.frames import Taken
from facegpt_ros.msg import Face3DMMArray, MorphableModelInfo
from facegpt_ros.nodes import messages
from facegpt_ros.nodes.image_input import ImageInput
from facegpt_ros.nodes.lifetime import ros
from facegpt_ros.nodes.ros_parameters import changed, declare
from facegpt_ros.nodes.worker import FrameWorker
from facegpt_ros.srv import GetMesh
from facegpt_ros.viz.markers import face_markers

_LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
# Stamps of a recording or another clock say nothing about latency; beyond this it is counted from reception.
_PLAUSIBLE_LATENCY_S = 10.0
# A camera that stays away is named this often.
_WARN_AGAIN_S = 30.0
_TELL_PROGRESS_S = 10.0


def _build_pipeline(config: Config) -> Any:
    from facegpt_ros.perception.pipeline import build_pipeline

    return build_pipeline(config, wait=False)


class FaceNode(LifecycleNode):
    """Publishes a Face3DMMArray for every processed image, with the image's own header.

    Args:
        pipeline_factory: makes what processes images (perception.pipeline.FacePipeline); tests give a small one.
        options: of rclpy's node (namespace, context, parameter_overrides, ...).
    """

    def __init__(self, *, pipeline_factory: Callable[[Config], Any] = _build_pipeline, **options: Any) -> None:
        super().__init__("face_node", **options)
        self._config = declare(self, Config)
        self.add_on_set_parameters_callback(self._on_set_parameters)
        self._pipeline_factory = pipeline_factory
        self._pipeline: Any = None
        self._input: ImageInput | None = None
        self._worker: FrameWorker | None = None
        self._entities: list[tuple[Callable[[Any], Any], Any]] = []
        self._stats = FrameStats()
        self._seen: tuple[Any, list[Face]] = (None, [])
        self._seen_lock = threading.Lock()
        self._left_out = 0
        self._active = False
        self._enabled = True
        self._warned_at = float("-inf")
        self._said: set[str] = set()
        self._announced = ""

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Loads everything; FAILURE (back to unconfigured) when weights or parameters are bad."""
        try:
            started = time.monotonic()
            self._pipeline = self._pipeline_factory(self._config)
            if self._config.output.overlay:
                from facegpt_ros.viz.overlay import warm_up

                warm_up(self._pipeline.model)
        except FaceGPTError as error:
            self.get_logger().error(f"cannot configure: {error}")
            return TransitionCallbackReturn.FAILURE
        except Exception as error:  # an unforeseen failure must not end the process either
            self.get_logger().error(f"cannot configure: {error}\n{traceback.format_exc()}")
            return TransitionCallbackReturn.FAILURE
        self.get_logger().info(f"loaded {self._pipeline.model_id} in {time.monotonic() - started:.1f} s")
        self._publish_params = self._publisher(Face3DMMArray, "face/params_3dmm", 10)
        self._publish_info = self._publisher(MorphableModelInfo, "face/model_info", _LATCHED)
        self._publish_markers = self._publisher(MarkerArray, "face/markers", 1)
        self._publish_overlay = self._publisher(Image, "face/overlay", 1)
        self._publish_tf = self._publisher(TFMessage, "/tf", 100)
        self._publish_diagnostics = self._publisher(DiagnosticArray, "/diagnostics", 10)
        for entity in (
            self.create_service(SetBool, "~/enable", self._on_enable),
            self.create_service(GetMesh, "face/get_mesh", self._on_get_mesh),
        ):
            self._entities.append((self.destroy_service, entity))
        self._entities.append((self.destroy_timer, self.create_timer(1.0, self._on_second)))
        self._announce()
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._active = True
        self._start_or_stop()
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._active = False
        self._start_or_stop()
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.release()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.release()
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.release()
        return TransitionCallbackReturn.SUCCESS

    def release(self) -> None:
        """Stops and frees everything that configure made; harmless when there is nothing."""
        self._active = False
        self._start_or_stop()
        for destroy, entity in self._entities:
            destroy(entity)
        self._entities.clear()
        if self._pipeline is not None:
            self._pipeline.close()
            self._pipeline = None
        self._seen = (None, [])

    def _publisher(self, kind: type, topic: str, qos: QoSProfile | int) -> Any:
        publisher = self.create_publisher(kind, topic, qos)
        self._entities.append((self.destroy_publisher, publisher))
        return publisher

    def _start_or_stop(self) -> None:
        run = self._active and self._enabled
        if run and self._worker is None:
            self._pipeline.reset()
            self._worker = FrameWorker(self._process, self._on_failed_frame)
            self._input = ImageInput(self, self._config.image.transport, self._worker.slot.put, self._say_once)
            self._worker.start()
            self.get_logger().info(f"waiting for images on {self._input.topic}")
        elif not run and self._worker is not None:
            self._worker.stop()
            if self._input is not None:
                self._input.close()
            self._worker = self._input = None

    def _process(self, taken: Taken[Any]) -> None:
        """One image, in the worker's thread."""
        begun = time.monotonic()
        config, source = self._config, taken.frame.header
        self._left_out += taken.dropped
        age = self._age_s(source.stamp)
        if config.image.max_age_s and age > config.image.max_age_s:
            self._left_out += 1
            self._stats.failed(dropped=taken.dropped + 1)
            why = f"images are {age:.1f} s old when their turn comes, image.max_age_s is {config.image.max_age_s:g}"
            self.get_logger().warning(f"{why}; check the clocks of the machines", throttle_duration_sec=5)
            return
        assert self._input is not None
        image = self._input.decode(taken.frame)
        camera = self._input.camera(image.shape[1], image.shape[0], config.camera.assumed_fov_deg)
        self._pipeline.config = config.perception
        faces = self._pipeline.process(image, camera, messages.seconds(source.stamp))
        spent = time.monotonic() - begun
        array = messages.faces_message(source, faces, self._pipeline.model_id, spent, self._left_out)
        self._publish_params.publish(array)
        with self._seen_lock:
            self._seen = (source, faces)
        self._left_out = 0
        latency = self._age_s(source.stamp)
        if not 0 <= latency <= _PLAUSIBLE_LATENCY_S:
            latency = taken.waited_s + spent
        self._stats.processed(latency_s=latency, processing_s=spent, faces=len(faces), dropped=taken.dropped)
        self._publish_views(source, faces, image)

    def _publish_views(self, source: Any, faces: list[Face], image: Any) -> None:
        output, model = self._config.output, self._pipeline.model
        if output.tf and faces:
            self._publish_tf.publish(messages.transforms_message(source, faces, model.expression_names))
        if output.markers and self._publish_markers.get_subscription_count():
            marks = [mark for face in faces for mark in face_markers(face, model, mesh=output.mesh)]
            self._publish_markers.publish(messages.markers_message(source, marks))
        if output.overlay and self._publish_overlay.get_subscription_count():
            from facegpt_ros.viz.overlay import draw_overlay

            self._publish_overlay.publish(messages.image_message(source, draw_overlay(image, faces, model)))

    def _on_failed_frame(self, error: Exception, taken: Taken[Any]) -> None:
        if not self.context.ok():
            return
        self._left_out += 1
        self._stats.failed(dropped=taken.dropped)
        expected = isinstance(error, (FaceGPTError, ImageError))
        text = str(error) if expected else f"{error!r}\n{''.join(traceback.format_exception(error))}"
        self.get_logger().error(f"an image was left out: {text}", throttle_duration_sec=5)

    def _on_set_parameters(self, parameters: Sequence[RosParameter]) -> SetParametersResult:
        try:
            self._config = changed(self._config, parameters, live_only=self._pipeline is not None)
        except ConfigError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        self._enabled = request.data
        self._start_or_stop()
        response.success = True
        response.message = "enabled" if self._enabled else "disabled: no image is processed"
        return response

    def _on_get_mesh(self, request: GetMesh.Request, response: GetMesh.Response) -> GetMesh.Response:
        with self._seen_lock:
            header, faces = self._seen
        wanted = [face for face in faces if request.face_id in ("", face.face_id)]
        if not wanted:
            known = ", ".join(face.face_id for face in faces) or "none"
            response.message = f"face '{request.face_id}' is not in view; in view: {known}"
            return response
        face = max(wanted, key=lambda face: face.confidence)
        model, model_id = self._pipeline.model, self._pipeline.model_id
        return messages.fill_mesh(response, header, face, model, model_id, neutral=request.neutral)

    def _announce(self) -> None:
        """What the faces are of, for those who come later too."""
        self._announced = self._pipeline.model_id
        stamp = self.get_clock().now().to_msg()
        self._publish_info.publish(messages.model_info_message(self._pipeline.model, self._announced, stamp))

    def _on_second(self) -> None:
        problem = "" if self._worker else "disabled" if self._active else "inactive"
        timeout = self._config.image.timeout_s
        if self._input is not None and timeout and self._input.silent_s > timeout:
            problem = self._input.why_silent()
            if time.monotonic() - self._warned_at > max(timeout, _WARN_AGAIN_S):
                self._warned_at = time.monotonic()
                self.get_logger().warning(problem)
        if self._pipeline.model_id != self._announced:
            self._announce()
            self.get_logger().info(f"{self._announced} has taken over")
        facts = {"estimator": self._announced, "provider": getattr(self._pipeline, "provider", "") or self._announced}
        if note := getattr(self._pipeline, "provider_note", ""):
            facts["no better provider"] = note
        if failed := getattr(self._pipeline, "problem", ""):
            self._say_once(failed)
            problem = "; ".join(filter(None, (problem, failed)))
        if preparation := self._pipeline.preparation:
            facts["preparation"] = preparation.progress
            if preparation.progress:
                self.get_logger().info(preparation.progress, throttle_duration_sec=_TELL_PROGRESS_S)
            if preparation.problem:
                self._say_once(preparation.problem)
                problem = "; ".join(filter(None, (problem, preparation.problem)))
        stamp, name = self.get_clock().now().to_msg(), self.get_fully_qualified_name()
        self._publish_diagnostics.publish(
            messages.diagnostics_message(stamp, name, self._stats.figures(), problem, bool(failed), **facts)
        )

    def _age_s(self, stamp: Any) -> float:
        return self.get_clock().now().nanoseconds * 1e-9 - messages.seconds(stamp)

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self.get_logger().warning(text)


def main(arguments: Sequence[str] | None = None, node_class: type[FaceNode] = FaceNode) -> int:
    """The executable; --activate configures and activates at once, without a lifecycle manager."""
    arguments = sys.argv if arguments is None else arguments
    with ros(arguments):
        node = node_class()
        try:
            if "--activate" in arguments:
                for step in (node.trigger_configure, node.trigger_activate):
                    if step() != TransitionCallbackReturn.SUCCESS:
                        return 1
            rclpy.spin(node)
        except ExternalShutdownException:
            pass
        finally:
            node.release()
            node.destroy_node()
    return 0


if __name__ == "__main__":
    sys.exit(main())
