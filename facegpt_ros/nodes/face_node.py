"""face_node: images of cameras in, 3D faces out. Loads in configure, runs while active, frees in cleanup."""

from __future__ import annotations

import contextlib
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter as RosParameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Header
from std_srvs.srv import SetBool
from tf2_msgs.msg import TFMessage

from facegpt_ros.config import Config
from facegpt_ros.errors import ConfigError, FaceGPTError
from facegpt_ros.frames import Taken
from facegpt_ros.msg import MorphableModelInfo
from facegpt_ros.nodes import messages
from facegpt_ros.nodes.face_camera import FaceCamera
from facegpt_ros.nodes.lifetime import ros
from facegpt_ros.nodes.ros_parameters import changed, declare
from facegpt_ros.nodes.worker import FrameWorker, Round
from facegpt_ros.srv import GetMesh

_LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
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
        self._cameras: dict[str, FaceCamera] = {}
        self._worker: FrameWorker | None = None
        self._entities: list[tuple[Callable[[Any], Any], Any]] = []
        self._active = False
        self._enabled = True
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
            return self._cannot_configure(str(error))
        except Exception as error:  # an unforeseen failure must not end the process either
            return self._cannot_configure(f"{error}\n{traceback.format_exc()}")
        self.get_logger().info(f"loaded {self._pipeline.model_id} in {time.monotonic() - started:.1f} s")
        self._publish_info = self._publisher(MorphableModelInfo, "face/model_info", _LATCHED)
        self._publish_diagnostics = self._publisher(DiagnosticArray, "/diagnostics", 10)
        publish_tf = self._publisher(TFMessage, "/tf", 100)
        for name in self._config.image.cameras:
            self._cameras[name] = FaceCamera(self, name, publish_tf, self._say_once)
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
        for camera in self._cameras.values():
            camera.destroy()
        self._cameras.clear()
        for destroy, entity in self._entities:
            destroy(entity)
        self._entities.clear()
        if self._pipeline is not None:
            self._pipeline.close()
            self._pipeline = None

    def _cannot_configure(self, why: str) -> TransitionCallbackReturn:
        self.get_logger().error(f"cannot configure: {why}")
        self.release()  # the pipeline where what came after it failed: parameters may change, and it is loaded anew
        return TransitionCallbackReturn.FAILURE

    def _publisher(self, kind: type, topic: str, qos: QoSProfile | int) -> Any:
        publisher = self.create_publisher(kind, topic, qos)
        self._entities.append((self.destroy_publisher, publisher))
        return publisher

    def _start_or_stop(self) -> None:
        run = self._active and self._enabled
        if run and self._worker is None:
            self._pipeline.reset()
            self._worker = FrameWorker(tuple(self._cameras), self._process, self._on_failed_round)
            for name, camera in self._cameras.items():
                camera.open(self._worker.slots[name], self._config.image.transport)
            self._worker.start()
            topics = ", ".join(camera.input.topic for camera in self._cameras.values() if camera.input)
            self.get_logger().info(f"waiting for images on {topics}")
        elif not run and self._worker is not None:
            self._worker.stop()
            for camera in self._cameras.values():
                camera.close()
            self._worker = None

    def _process(self, taken: Round) -> None:
        """The newest image of each camera that has one, in the worker's thread."""
        begun = time.monotonic()
        config, cameras, views = self._config, self._cameras, {}
        for name, one in taken.items():
            with self._alone(name, one):
                if (view := cameras[name].read(one, config)) is not None:
                    views[name] = view
        if not views:
            return
        self._pipeline.config = config.perception
        results = dict(zip(views, self._pipeline.process_all(list(views.values())), strict=True))
        for name, faces in results.items():
            with self._alone(name, taken[name]):
                if isinstance(faces, Exception):
                    raise faces
                cameras[name].publish(taken[name], faces, self._pipeline.model_id, begun)
        for name, faces in results.items():
            if not isinstance(faces, Exception):
                with self._alone(name, taken[name]):
                    source, image = taken[name].frame.header, views[name].image
                    cameras[name].publish_views(source, faces, image, self._pipeline.model, config.output)

    @contextlib.contextmanager
    def _alone(self, name: str, one: Taken[Any]) -> Iterator[None]:
        """What goes wrong with the image of one camera must not cost the others theirs."""
        try:
            yield
        except Exception as error:
            self._on_failed_round(error, {name: one})

    def _on_failed_round(self, error: Exception, taken: Round) -> None:
        if self.context.ok():
            for name, one in taken.items():
                self._cameras[name].failed(error, one)

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
        seen = [(header, face) for header, faces in (c.seen for c in self._cameras.values()) for face in faces]
        wanted = [(header, face) for header, face in seen if request.face_id in ("", face.face_id)]
        if not wanted:
            known = ", ".join(face.face_id for _, face in seen) or "none"
            response.message = f"face '{request.face_id}' is not in view; in view: {known}"
            return response
        header, face = max(wanted, key=lambda one: one[1].confidence)
        model, model_id = self._pipeline.model, self._pipeline.model_id
        return messages.fill_mesh(response, header, face, model, model_id, neutral=request.neutral)

    def _announce(self) -> None:
        """What the faces are of, for those who come later too."""
        self._announced = self._pipeline.model_id
        stamp = self.get_clock().now().to_msg()
        self._publish_info.publish(messages.model_info_message(self._pipeline.model, self._announced, stamp))

    def _on_second(self) -> None:
        state = "" if self._worker else "disabled" if self._active else "inactive"
        if self._pipeline.model_id != self._announced:
            self._announce()
            self.get_logger().info(f"{self._announced} has taken over")
        facts = {"estimator": self._announced, "provider": getattr(self._pipeline, "provider", "") or self._announced}
        if note := getattr(self._pipeline, "provider_note", ""):
            facts["no better provider"] = note
        if failed := getattr(self._pipeline, "problem", ""):
            self._say_once(failed)
            state = "; ".join(filter(None, (state, failed)))
        if preparation := self._pipeline.preparation:
            facts["preparation"] = preparation.progress
            if preparation.progress:
                self.get_logger().info(preparation.progress, throttle_duration_sec=_TELL_PROGRESS_S)
            if preparation.problem:
                self._say_once(preparation.problem)
                state = "; ".join(filter(None, (state, preparation.problem)))
        node, statuses = self.get_fully_qualified_name(), []
        for name, camera in self._cameras.items():
            title = f"{node}: faces of {name}" if name else f"{node}: faces"
            problem = "; ".join(filter(None, (camera.silence(self._config.image.timeout_s), state)))
            statuses.append(messages.camera_status(title, camera.stats.figures(), problem, bool(failed), **facts))
        stamp = self.get_clock().now().to_msg()
        self._publish_diagnostics.publish(DiagnosticArray(header=Header(stamp=stamp), status=statuses))

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
