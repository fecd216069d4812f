"""The package's plain data as ROS messages."""

from __future__ import annotations

import array
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration, Time
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from geometry_msgs.msg import Point, Point32, Pose, Quaternion, TransformStamped
from sensor_msgs.msg import CameraInfo, Image, RegionOfInterest
from std_msgs.msg import ColorRGBA, Header
from tf2_msgs.msg import TFMessage
from visualization_msgs.msg import Marker as RosMarker
from visualization_msgs.msg import MarkerArray

from facegpt_ros.camera_info import Calibration
from facegpt_ros.convert import image_data
from facegpt_ros.diagnostics import Figures
from facegpt_ros.face import Face
from facegpt_ros.morphable.gaze import gaze_rotation
from facegpt_ros.morphable.model import MorphableModel
from facegpt_ros.morphable.pose import FACE_FROM_MODEL, face_pose, quaternion_from_matrix
from facegpt_ros.msg import Face3DMM, Face3DMMArray, MorphableModelInfo
from facegpt_ros.srv import GetMesh
from facegpt_ros.viz.markers import LIFETIME_S, Marker

_MARKER_TYPES = {"lines": RosMarker.LINE_LIST, "triangles": RosMarker.TRIANGLE_LIST, "text": RosMarker.TEXT_VIEW_FACING}


def duration(seconds: float) -> Duration:
    whole = math.floor(seconds)
    return Duration(sec=whole, nanosec=min(int((seconds - whole) * 1e9), 999_999_999))


def nanoseconds(stamp: Time) -> int:
    return stamp.sec * 10**9 + stamp.nanosec


def seconds(stamp: Time) -> float:
    return stamp.sec + stamp.nanosec * 1e-9


def _floats(values: np.ndarray) -> array.array[float]:
    # rclpy checks every element of a list or ndarray in Python, and none of an array.array.
    return array.array("f", np.ascontiguousarray(values, np.float32).tobytes())


def _pose(face: Face) -> Pose:
    (x, y, z), quaternion = face_pose(face)
    position = Point(x=float(x), y=float(y), z=float(z))
    return Pose(position=position, orientation=_quaternion(quaternion))


def _quaternion(xyzw: Sequence[float]) -> Quaternion:
    x, y, z, w = xyzw
    return Quaternion(x=x, y=y, z=z, w=w)


def face_message(face: Face) -> Face3DMM:
    left, top, width, height = (max(0, round(v)) for v in face.roi)
    message = Face3DMM(
        face_id=face.face_id,
        confidence=float(face.confidence),
        roi=RegionOfInterest(x_offset=left, y_offset=top, width=width, height=height),
        pose=_pose(face),
        fx=float(face.camera.fx),
        fy=float(face.camera.fy),
        cx=float(face.camera.cx),
        cy=float(face.camera.cy),
        landmarks=np.ascontiguousarray(face.landmarks, np.float32).reshape(136),
    )
    message.identity = _floats(face.identity)
    message.expression = _floats(face.expression)
    message.albedo = _floats(face.albedo)
    message.illumination = _floats(face.illumination)
    if face.spread is not None:
        message.expression_stddev = _floats(face.spread.expression)
    return message


def faces_message(
    header: Header, faces: Sequence[Face], model_id: str, processing_s: float, dropped: int
) -> Face3DMMArray:
    return Face3DMMArray(
        header=header,
        model_id=model_id,
        faces=[face_message(face) for face in sorted(faces, key=lambda face: face.face_id)],
        processing_time=duration(processing_s),
        dropped=dropped,
    )


def model_info_message(model: MorphableModel, model_id: str, stamp: Time) -> MorphableModelInfo:
    return MorphableModelInfo(
        header=Header(stamp=stamp),
        model_id=model_id,
        name=model.name,
        version=model.version,
        sha256=model.sha256,
        licence=model.licence,
        vertex_count=model.n_vertices,
        triangle_count=len(model.triangles),
        identity_count=len(model.identity_names),
        expression_count=len(model.expression_names),
        albedo_count=len(model.albedo_names),
        illumination_count=27,
        identity_names=list(model.identity_names),
        expression_names=list(model.expression_names),
        albedo_names=list(model.albedo_names),
    )


def transforms_message(header: Header, faces: Sequence[Face], expression_names: Sequence[str]) -> TFMessage:
    """face_<id> and gaze_<id> of every face, in the image's frame."""
    transforms = []
    for face in faces:
        gaze = quaternion_from_matrix(gaze_rotation(face.rotation, face.expression, expression_names))
        for child, quaternion in ((f"face_{face.face_id}", face_pose(face)[1]), (f"gaze_{face.face_id}", gaze)):
            transform = TransformStamped(header=header, child_frame_id=child)
            x, y, z = (float(v) for v in face.translation)
            transform.transform.translation.x = x
            transform.transform.translation.y = y
            transform.transform.translation.z = z
            transform.transform.rotation = _quaternion(quaternion)
            transforms.append(transform)
    return TFMessage(transforms=transforms)


def markers_message(header: Header, markers: Sequence[Marker]) -> MarkerArray:
    counts: dict[str, int] = {}
    messages = []
    for marker in markers:
        number = counts[marker.namespace] = counts.get(marker.namespace, -1) + 1
        message = RosMarker(
            header=header,
            ns=marker.namespace,
            id=number,
            type=_MARKER_TYPES[marker.kind],
            action=RosMarker.ADD,
            lifetime=duration(LIFETIME_S),
            color=ColorRGBA(**dict(zip("rgba", marker.colour, strict=True))),
            text=marker.text,
        )
        message.pose.orientation.w = 1.0
        message.scale.x = message.scale.y = message.scale.z = 1.0
        points = [Point(x=x, y=y, z=z) for x, y, z in marker.points.tolist()]
        if marker.kind == "text":
            message.scale.z = marker.size
            message.pose.position = points[0]
        else:
            message.scale.x = marker.size or 1.0
            message.points = _in_order(points, marker.order)
        if marker.colours is not None:
            message.colors = _in_order(_colours(marker.colours), marker.order)
        messages.append(message)
    return MarkerArray(markers=messages)


def _in_order(items: list[Any], order: np.ndarray | None) -> list[Any]:
    # One object for all the corners that meet in a vertex: making one for each costs six times as much.
    return items if order is None else list(map(items.__getitem__, order.tolist()))


def fill_mesh(
    response: GetMesh.Response, header: Header, face: Face, model: MorphableModel, model_id: str, *, neutral: bool
) -> GetMesh.Response:
    expression = np.zeros_like(face.expression) if neutral else face.expression
    vertices = model.vertices(face.identity, expression) @ FACE_FROM_MODEL.T.astype(np.float32)  # (V, 3)
    response.success = True
    response.header = header
    response.face_id = face.face_id
    response.model_id = model_id
    response.pose = _pose(face)
    response.vertices = [Point32(x=x, y=y, z=z) for x, y, z in vertices.tolist()]
    response.triangles = array.array("I", np.ascontiguousarray(model.triangles, np.uint32).tobytes())
    response.colours = _colours(model.colours(face.albedo))
    return response


def _colours(rgb: np.ndarray) -> list[ColorRGBA]:
    return [ColorRGBA(r=r, g=g, b=b, a=1.0) for r, g, b in rgb.tolist()]


def image_message(header: Header, image: np.ndarray) -> Image:
    """A bgr8 image; image (H, W, 3) uint8 BGR."""
    height, width = image.shape[:2]
    message = Image(header=header, height=height, width=width, encoding="bgr8", is_bigendian=0, step=width * 3)
    message.data = image_data(image)
    return message


def camera_info_message(header: Header, calibration: Calibration) -> CameraInfo:
    return CameraInfo(
        header=header,
        width=calibration.width,
        height=calibration.height,
        distortion_model=calibration.distortion_model,
        d=calibration.d,
        k=calibration.k,
        r=calibration.r,
        p=calibration.p,
    )


def camera_status(name: str, figures: Figures, problem: str, error: bool = False, **facts: Any) -> DiagnosticStatus:
    """OK, or WARN with the problem in words; ERROR where something has failed that should run."""
    values = {
        "fps": f"{figures.fps:.1f}",
        "latency p50 (ms)": f"{figures.latency_ms[0]:.1f}",
        "latency p95 (ms)": f"{figures.latency_ms[1]:.1f}",
        "processing p50 (ms)": f"{figures.processing_ms[0]:.1f}",
        "processing p95 (ms)": f"{figures.processing_ms[1]:.1f}",
        "faces": figures.faces,
        "processed": figures.processed,
        "dropped": figures.dropped,
        "failed": figures.failed,
        **facts,
    }
    return DiagnosticStatus(
        level=DiagnosticStatus.ERROR if error else DiagnosticStatus.WARN if problem else DiagnosticStatus.OK,
        name=name,
        message=problem or "ok",
        hardware_id="",
        values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
    )
